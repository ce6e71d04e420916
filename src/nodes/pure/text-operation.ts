/**
 * `text.operation` changes or examines text. Places and lengths count code points; patterns run in
 * linear time (RE2); nothing depends on a locale. The longest result is that of the expression
 * language, whose functions are used.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { checkOptions, type Options } from "./operation-options.ts";
import { TEXT_OPERATIONS, type TextOperation, type TextOptions } from "./text-operations.ts";

/** Longest text that is worked on, in characters. */
const TEXT_MAX = 10 * 1024 * 1024;

const LIMITED = z.string().max(TEXT_MAX, `must be at most ${TEXT_MAX} characters`);

const SEARCHES = { needs: ["search"] } as const;

const OPTIONS = {
  upper: {},
  lower: {},
  title: {},
  capitalize: {},
  camel: {},
  pascal: {},
  snake: {},
  kebab: {},
  constant: {},
  inverse: {},
  slug: {},
  trim: { takes: ["characters"] },
  trim_start: { takes: ["characters"] },
  trim_end: { takes: ["characters"] },
  collapse: {},
  concat: { needs: ["texts"], takes: ["separator"] },
  repeat: { needs: ["times"], takes: ["separator"] },
  split: { takes: ["separator", "pattern", "flags", "limit"] },
  lines: {},
  words: {},
  replace: { needs: ["with"], takes: ["search", "pattern", "flags", "first"] },
  slice: { takes: ["start", "end"] },
  truncate: { needs: ["length"], takes: ["ending"] },
  pad_start: { needs: ["length"], takes: ["fill"] },
  pad_end: { needs: ["length"], takes: ["fill"] },
  reverse: {},
  normalize: { takes: ["form"] },
  length: {},
  count: SEARCHES,
  index_of: SEARCHES,
  contains: SEARCHES,
  starts_with: SEARCHES,
  ends_with: SEARCHES,
  matches: { needs: ["pattern"], takes: ["flags"] },
  extract: { needs: ["pattern"], takes: ["flags", "group", "limit"] },
} as const satisfies Record<TextOperation, Options<keyof TextOptions>>;

const COUNT = z.int().min(0).max(TEXT_MAX);

export const textOperation = defineNode({
  type: "text.operation",
  title: "Text operation",
  description:
    "Changes text (upper, title, camel, trim, replace, repeat, concat, pad ...), takes it apart (split, lines, words, extract) or examines it (length, contains, matches ...).",
  category: "text",
  icon: "type",
  pure: true,
  config: z
    .strictObject({
      operation: z
        .enum(Object.keys(OPTIONS) as [TextOperation, ...TextOperation[]])
        .describe(
          "Cases: upper, lower, title, capitalize (first letter), camel, pascal, snake, kebab, constant, inverse, slug. " +
            "Shape: trim, trim_start, trim_end, collapse (runs of white space become one space), concat, repeat, replace, slice, truncate, pad_start, pad_end, reverse, normalize. " +
            "Lists: split, lines, words, extract. Questions: length, count, index_of (-1 for none), contains, starts_with, ends_with, matches",
        ),
      text: LIMITED.default("").describe("The text; of `concat` the first one"),
      texts: z.array(LIMITED).max(100_000).optional().describe("concat: the texts that follow"),
      separator: LIMITED.optional().describe(
        "concat, repeat: between the texts. split: where to cut; default single characters",
      ),
      times: COUNT.optional().describe("repeat: how often"),
      search: LIMITED.optional().describe("The text to look for"),
      pattern: z
        .string()
        .min(1)
        .max(1000)
        .optional()
        .describe("A regular expression (RE2) instead of `search` or `separator`"),
      flags: z
        .string()
        .regex(/^[ims]*$/, "knows i, m and s")
        .optional()
        .describe("Of the pattern: i any case, m lines, s dot takes line ends"),
      with: LIMITED.optional().describe("replace: what comes instead; `$1` a group of the pattern"),
      first: z.boolean().optional().describe("replace: only the first place instead of all"),
      limit: COUNT.optional().describe("split, extract: at most so many"),
      group: z
        .union([z.int().min(0).max(100), z.string().min(1)], {
          error: "must be a number or a name",
        })
        .optional()
        .describe("extract: the group to take, by number or name; default all of the match"),
      start: z
        .int()
        .optional()
        .describe("slice: first character, negative from the end; default 0"),
      end: z.int().optional().describe("slice: behind the last character; default the end"),
      length: COUNT.optional().describe("truncate: at most, pad: at least so many characters"),
      ending: z
        .string()
        .max(100)
        .optional()
        .describe("truncate: shows that there was more; default …"),
      fill: z.string().min(1).max(100).optional().describe("pad: what fills up; default a space"),
      characters: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .describe("trim: the characters that go; default white space"),
      form: z
        .enum(["NFC", "NFD", "NFKC", "NFKD"])
        .optional()
        .describe("normalize: the Unicode form; default NFC"),
    })
    .superRefine(checkOptions(OPTIONS, ["operation", "text"]))
    .refine(
      ({ operation, search, pattern }) =>
        operation !== "replace" || (search === undefined) !== (pattern === undefined),
      { error: "replace takes exactly one of search and pattern", path: ["search"] },
    )
    .refine(({ separator, pattern }) => separator === undefined || pattern === undefined, {
      error: "takes one of separator and pattern",
      path: ["separator"],
    })
    .refine(({ flags, pattern }) => flags === undefined || pattern !== undefined, {
      error: "belongs to a pattern",
      path: ["flags"],
    }),
  output: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
  examples: [
    { title: "Upper case", with: { operation: "upper", text: "straße" }, output: "STRASSE" },
    {
      title: "Camel case",
      with: { operation: "camel", text: "hello world from_Lockstitch" },
      output: "helloWorldFromLockstitch",
    },
    {
      title: "Texts in one",
      with: { operation: "concat", text: "a", texts: ["b", "c"], separator: "-" },
      output: "a-b-c",
    },
    {
      title: "A pattern replaced",
      with: {
        operation: "replace",
        text: "2026-11-21",
        pattern: "(\\d+)-(\\d+)-(\\d+)",
        with: "$3.$2.$1",
      },
      output: "21.11.2026",
    },
    {
      title: "All numbers in a text",
      with: { operation: "extract", text: "a1 b22 c333", pattern: "\\d+" },
      output: ["1", "22", "333"],
    },
    {
      title: "Is it in there?",
      with: { operation: "contains", text: "lockstitch", search: "stitch" },
      output: true,
    },
  ],
  run({ operation, text, ...options }) {
    const apply: (text: string, options: TextOptions) => string | number | boolean | string[] =
      TEXT_OPERATIONS[operation];
    return apply(text, options);
  },
});
