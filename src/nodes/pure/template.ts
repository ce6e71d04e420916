/**
 * `template` writes text with slots: `{{ name }}`, sections `{{#items}}...{{/items}}` and the rest
 * of Mustache (mustache(5), without partials). Values are data only: no functions, own properties
 * only. Slots are made safe for HTML unless `escape: none`; `{{{ name }}}` puts in text as it is.
 * Workflow expressions (`${{ }}`) in `text` are already evaluated when it gets here, and are not
 * escaped: whatever comes from outside belongs into `values`.
 */
import mustache from "mustache";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "../define-node.ts";
import { AnyObject } from "./collection.ts";
import { escapeHtml } from "./html-text.ts";

/** Bounds nested sections over long lists, which multiply: characters of text that the slots may put in. */
const RENDERED_MAX = 10 * 1024 * 1024;
const LOOKUPS_MAX = 1_000_000;

export const template = defineNode({
  type: "template",
  title: "Template",
  description:
    "Writes text with Mustache slots: `{{ name }}`, `{{#list}}...{{/list}}`. Slots are escaped for HTML unless `escape: none`.",
  category: "convert",
  icon: "file-text",
  pure: true,
  config: z.strictObject({
    text: z.string().max(RENDERED_MAX).describe("The text with its slots"),
    values: AnyObject.default({}).describe("What the slots show, by name"),
    escape: z
      .enum(["html", "none"])
      .default("html")
      .describe("Makes slots safe inside HTML; none for plain text and Markdown"),
  }),
  output: z.string(),
  examples: [
    {
      title: "A safe greeting",
      with: { text: "<p>Hello {{ user.name }}!</p>", values: { user: { name: "<Ada>" } } },
      output: "<p>Hello &lt;Ada&gt;!</p>",
    },
    {
      title: "A Markdown list",
      with: {
        text: "# {{ title }}\n{{#rows}}\n- {{ name }}: {{ total }}\n{{/rows}}\n",
        values: {
          title: "R&D",
          rows: [
            { name: "a", total: 1 },
            { name: "b", total: 2 },
          ],
        },
        escape: "none",
      },
      output: "# R&D\n- a: 1\n- b: 2\n",
    },
  ],
  run({ text, values, escape: escaping }) {
    refuseGaps(text);
    const budget = { lookups: 0, characters: 0 };
    const escapeText = escaping === "html" ? escapeHtml : (value: string) => value;
    try {
      return new SlotWriter(budget, escapeText).render(
        text,
        new DataContext(values, budget),
        noPartials,
      );
    } catch (error) {
      if (error instanceof NodeError) throw error;
      throw textFault(error instanceof Error ? error.message : String(error), error);
    }
  },
});

/** White space in a slot; the library looks for its end from each character of it anew. */
const GAP_MAX = 1_000;

/** Throws for slots with so much white space that reading them would take hours. */
function refuseGaps(text: string): void {
  // Where the text changes its delimiters, slots are anywhere.
  const isPlain = !text.includes("{{=");
  for (let at = text.indexOf("{{"); at >= 0; at = text.indexOf("{{", at)) {
    const close = isPlain ? (text.startsWith("{{{", at) ? "}}}" : "}}") : null;
    const found = close === null ? -1 : text.indexOf(close, at);
    const end = found < 0 ? text.length : found;
    if (LONG_GAP.test(text.slice(at, end)))
      throw textFault(`a slot holds more than ${GAP_MAX} characters of white space in a row.`);
    at = end;
  }
}

const LONG_GAP = new RegExp(`\\s{${GAP_MAX + 1}}`);

interface Budget {
  lookups: number;
  characters: number;
}

/** Mustache's own lookup follows prototypes and calls functions; this one reads data. */
class DataContext extends mustache.Context {
  readonly #budget: Budget;
  readonly #outer: DataContext | null;
  readonly #here: unknown;

  constructor(view: unknown, budget: Budget, outer: DataContext | null = null) {
    super(view, outer ?? undefined);
    this.#here = view;
    this.#budget = budget;
    this.#outer = outer;
  }

  override push(view: unknown): DataContext {
    return new DataContext(view, this.#budget, this);
  }

  /** The nearest own property along the sections; undefined when there is none. */
  override lookup(name: string): unknown {
    this.#budget.lookups += 1;
    if (this.#budget.lookups > LOOKUPS_MAX) throw tooLarge("slots", LOOKUPS_MAX);
    if (name === ".") return this.#here;
    const [first = "", ...rest] = name.split(".");
    for (let context: DataContext | null = this; context !== null; context = context.#outer)
      if (hasOwn(context.#here, first))
        return rest.reduce<unknown>(
          (value, key) => (hasOwn(value, key) ? value[key] : undefined),
          context.#here[first],
        );
    return undefined;
  }
}

class SlotWriter extends mustache.Writer {
  readonly #budget: Budget;
  readonly #escape: (text: string) => string;

  constructor(budget: Budget, escapeText: (text: string) => string) {
    super();
    this.#budget = budget;
    this.#escape = escapeText;
  }

  override escapedValue(token: string[], context: mustache.Context): string {
    return this.#counted(this.#escape(slotText(token, context)));
  }

  override unescapedValue(token: string[], context: mustache.Context): string {
    return this.#counted(slotText(token, context));
  }

  override rawValue(token: string[]): string {
    return this.#counted(token[1] ?? "");
  }

  #counted(text: string): string {
    this.#budget.characters += text.length;
    if (this.#budget.characters > RENDERED_MAX) throw tooLarge("characters", RENDERED_MAX);
    return text;
  }
}

function slotText(token: string[], context: mustache.Context): string {
  const name = token[1] ?? "";
  const value: unknown = context.lookup(name);
  if (value === undefined)
    throw new NodeError("config_invalid", `text: {{ ${name} }} has no value; add it to values.`, {
      details: { field: "text", slot: name },
    });
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function noPartials(name: string): string {
  throw textFault(`{{> ${name} }}: there are no partials.`);
}

function tooLarge(limit: string, max: number): NodeError {
  return new NodeError("limit_exceeded", `The template makes more than ${max} ${limit}.`, {
    details: { limit, max },
  });
}

function hasOwn(value: unknown, key: string): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}

function textFault(message: string, cause?: unknown): NodeError {
  return new NodeError("config_invalid", `text: ${message}`, {
    details: { field: "text" },
    cause,
  });
}
