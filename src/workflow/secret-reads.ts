/**
 * Which secrets an expression reads, and whether it does with them only what is possible without
 * their values: put them into text, hand them to a few functions, place them in lists and objects.
 * The value is known only when the step runs, so nothing can be decided or measured by it.
 */
import type { Node } from "acorn";
import type { Reads } from "./expression/expression.ts";
import { parseWhole, parseWrapped } from "./expression/parse.ts";
import { DEFERRED_FUNCTIONS } from "./expression/secret-text.ts";
import type { ExpressionSource } from "./expression-places.ts";
import type { Plan } from "./plan.ts";
import type { Pointer, Report } from "./problem.ts";

/** What a secret may be called: it is read as code, and is the name of a variable or a file. */
const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

type Tree = Node & Readonly<Record<string, unknown>>;

interface Visit {
  readonly pointer: Pointer;
  readonly base: number;
  readonly names: Set<string>;
  readonly report: Report;
}

/** Names of the secrets that the template of `value` reads; each once, sorted. */
export function secretNamesOf(value: unknown, reads: Reads): readonly string[] {
  if (!reads.roots.includes("secrets")) return NO_SECRETS;
  const names = new Set<string>();
  eachExpression({ kind: "template", value, pointer: [] }, (node, base, pointer) =>
    walk(node, [], { pointer, base, names, report: () => {} }),
  );
  return [...names].sort();
}

/** What most steps read. */
export const NO_SECRETS: readonly string[] = Object.freeze([]);

/** Names of all secrets that a workflow needs, sorted; those of its children are theirs. */
export function secretsOfPlan({ scopes }: Plan): readonly string[] {
  const names = scopes.flatMap(({ steps }) => steps.flatMap(({ secrets }) => secrets));
  return [...new Set(names)].sort();
}

/** Reports every read of `secrets` in `source` that would need the value before the step runs. */
export function checkSecretReads(source: ExpressionSource, report: Report): void {
  const names = new Set<string>();
  eachExpression(source, (node, base, pointer) => walk(node, [], { pointer, base, names, report }));
}

function eachExpression(
  { kind, value, pointer }: ExpressionSource,
  visit: (node: Tree, base: number, pointer: Pointer) => void,
): void {
  if (kind === "bare") {
    const { node, base } = parseWhole(String(value));
    return visit(node as unknown as Tree, base, pointer);
  }
  if (typeof value === "string")
    return eachEmbedded(value, (node, base) => visit(node, base, pointer));
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    const at = [...pointer, Array.isArray(value) ? Number(key) : key];
    eachExpression({ kind, value: child, pointer: at }, visit);
  }
}

function eachEmbedded(text: string, visit: (node: Tree, base: number) => void): void {
  let at = text.indexOf("${{");
  while (at !== -1) {
    let next = at + 3;
    if (text[at - 1] !== "$") {
      const { node, base, end } = parseWrapped(text, at);
      visit(node as unknown as Tree, base);
      next = end;
    }
    at = text.indexOf("${{", next);
  }
}

/** `around`: the nodes that `node` stands in, outermost first. */
function walk(node: Tree, around: readonly Tree[], visit: Visit): void {
  if (node.type === "Identifier" && node["name"] === "secrets") checkRead(node, around, visit);
  for (const [key, child] of Object.entries(node)) {
    if (key === "type" || isName(node, key)) continue;
    for (const part of Array.isArray(child) ? child : [child])
      if (isTree(part)) walk(part, [...around, node], visit);
  }
}

/** A key that is written as a name is none that is read: `input.secrets`, `{ secrets: 1 }`. */
function isName(node: Tree, key: string): boolean {
  if (node["computed"] === true) return false;
  return (
    (node.type === "MemberExpression" && key === "property") ||
    (node.type === "Property" && key === "key")
  );
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && "type" in value;
}

function checkRead(identifier: Tree, around: readonly Tree[], visit: Visit): void {
  if (around.some((outer) => bindsSecrets(outer))) return;
  const member = around.at(-1);
  const name = member === undefined ? null : secretName(member, identifier);
  const fault = (message: string, suggestion: string) =>
    visit.report({
      code: "secrets_unavailable",
      message,
      pointer: visit.pointer,
      offset: visit.base + identifier.start,
      suggestion,
    });
  if (member === undefined || name === null)
    return fault(
      "A secret is read by its name, as in `secrets.API_TOKEN`.",
      "Write the name out: letters, digits and `_`, at most 64, no `?.` and no computed key.",
    );
  visit.names.add(name);
  const reason = refusal(member, around.slice(0, -1));
  if (reason !== null)
    fault(
      `\`secrets.${name}\` ${reason}: its value is known only when the step runs.`,
      `A secret can be put into text ("Bearer \${{ secrets.${name} }}") and handed to ${[...DEFERRED_FUNCTIONS].join("(), ")}().`,
    );
}

function bindsSecrets(node: Tree): boolean {
  if (node.type !== "ArrowFunctionExpression") return false;
  return JSON.stringify(node["params"]).includes('"name":"secrets"');
}

function secretName(member: Tree, identifier: Tree): string | null {
  if (member.type !== "MemberExpression" || member["object"] !== identifier) return null;
  if (member["optional"] === true) return null;
  const property = member["property"] as Tree;
  const name = member["computed"] === true ? property["value"] : property["name"];
  return typeof name === "string" && SECRET_NAME.test(name) ? name : null;
}

/** Why what flows out of `from` cannot go where it goes; null: it can. */
function refusal(from: Tree, around: readonly Tree[]): string | null {
  let child = from;
  for (const parent of [...around].reverse()) {
    const next = stepOut(child, parent);
    if (next !== "on") return next === "fine" ? null : next.reason;
    child = parent;
  }
  return null;
}

function stepOut(child: Tree, parent: Tree): "on" | "fine" | { readonly reason: string } {
  switch (parent.type) {
    case "ParenthesizedExpression":
    case "TemplateLiteral":
    case "ChainExpression":
      return "on";
    case "BinaryExpression":
      return parent["operator"] === "+"
        ? "on"
        : { reason: `cannot be an operand of \`${String(parent["operator"])}\`` };
    case "ConditionalExpression":
      return parent["test"] === child ? { reason: "cannot be tested" } : "on";
    case "LogicalExpression":
      return parent["right"] === child ? "on" : { reason: "cannot be tested" };
    case "Property":
      return parent["computed"] === true && parent["key"] === child
        ? { reason: "cannot be a key" }
        : "fine";
    case "ArrayExpression":
    case "ArrowFunctionExpression":
      return "fine";
    case "CallExpression": {
      const callee = parent["callee"] as Tree;
      const name = callee.type === "Identifier" ? String(callee["name"]) : null;
      if (name !== null && DEFERRED_FUNCTIONS.has(name)) return "on";
      return { reason: `cannot be an argument of ${name ?? "this method"}()` };
    }
    case "MemberExpression":
      return { reason: "has no fields and no methods" };
    default:
      return { reason: "cannot be used like this" };
  }
}
