/**
 * Every function and method says which of its arguments is not what it needs, and what it needs. A
 * name in this list is one parameter: text, number, list, object, function, instant (`?`: may be
 * missing), `any`, or a value that fits where the usual one of its kind does not.
 */
import { expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { FUNCTIONS, METHODS } from "#workflow/expression/functions.ts";

const FITTING: Readonly<Record<string, string>> = {
  text: "'a'",
  number: "1",
  list: "[1]",
  object: "{ a: 1 }",
  function: "(x) => x",
  instant: "0",
  any: "null",
  unit: "'day'",
  zone: "'UTC'",
  form: "'hex'",
  order: "'asc'",
  flags: "'g'",
};

const NEEDED: Readonly<Record<string, string>> = {
  text: "a text",
  number: "a number",
  list: "a list",
  object: "an object",
  function: "a function",
  unit: "a text",
  zone: "a text",
  form: "a text",
  order: "a text",
  flags: "a text",
};

const SIGNATURES = `
  capitalize text | escapeHtml text | lines text | slug text | words text
  formatNumber number number? text? text? | pattern text flags? | truncate text number text?
  chunk list number | compact list | countBy list function | difference list list
  groupBy list function | intersection list list | keyBy list function | max list function?
  mean list function? | median list function? | min list function? | partition list function
  range number number? number? | sortBy list function? order? | sum list function? | union list list
  unique list function? | zip list list
  clamp number number number | get any text | mapValues object function | merge object object
  omit object list | pick object list | roundTo number number?
  addTime instant number unit zone? | dateParts instant zone | durationMs text | endOf instant unit zone
  formatDate instant text zone | isoDate instant zone? | parseDate text zone?
  startOf instant unit zone | timeBetween instant instant unit
  base64Decode text | base64Encode text | base64UrlEncode text | hmacSha256 text text form?
  md5 text form? | sha1 text form? | sha256 text form? | sha512 text form? | jsonpath any text
  JSON.parse text | Array.from list function? | Object.fromEntries list | Object.groupBy list function
  'a'.at number? | 'a'.charAt number? | 'a'.charCodeAt number? | 'a'.codePointAt number?
  'a'.endsWith text number? | 'a'.includes text number? | 'a'.indexOf text number?
  'a'.lastIndexOf text number? | 'a'.normalize text? | 'a'.padEnd number text?
  'a'.padStart number text? | 'a'.repeat number | 'a'.replace text text | 'a'.replaceAll text text
  'a'.slice number? number? | 'a'.split text number? | 'a'.startsWith text number?
  'a'.substring number number?
  [1].at number? | [1].every function | [1].filter function | [1].find function
  [1].findIndex function | [1].findLast function | [1].findLastIndex function | [1].flat number?
  [1].flatMap function | [1].includes any number? | [1].indexOf any number? | [1].join text?
  [1].lastIndexOf any number? | [1].map function | [1].reduce function | [1].reduceRight function
  [1].slice number? number? | [1].some function | [1].toSorted function? | [1].toSpliced number number?
  [1].with number
  (1).toExponential number? | (1).toFixed number? | (1).toPrecision number? | (1).toString number?
  ({ a: 1 }).hasOwnProperty text | /a/.test text
`
  .trim()
  .split(/\s*[|\n]\s*/)
  .map((line) => line.split(" ").reduce<string[]>((parts, part) => joined(parts, part), []));

/** `({ a: 1 }).hasOwnProperty` has spaces of its own. */
function joined(parts: readonly string[], part: string): string[] {
  const last = parts.at(-1) ?? "";
  const isOpen = parts.length === 1 && last.startsWith("({") && !last.includes(")");
  return isOpen ? [`${last} ${part}`] : [...parts, part];
}

/** These take whatever they are given, or say themselves what they need. */
const TAKES_ANYTHING = `Boolean Number String decodeURIComponent decodeURI encodeURIComponent
  encodeURI isFinite isNaN parseFloat parseInt compare equal isEmpty uuid concat isWellFormed match
  matchAll search toLowerCase toUpperCase toWellFormed trim trimEnd trimStart toString toReversed
`.split(/\s+/);

const ORDINALS = ["first", "second", "third", "fourth"];

function message(source: string): string {
  try {
    return `gives ${JSON.stringify(compileExpression(source).evaluate({}))}`;
  } catch (error) {
    expect(error).toMatchObject({ name: "ExpressionError", kind: "type" });
    return (error as Error).message;
  }
}

const WRONG = SIGNATURES.flatMap(([callee = "", ...kinds]) =>
  kinds.flatMap((kind, at) => {
    const needed = NEEDED[kind.replace("?", "")];
    const name = callee.replace(/^(?:'a'|\[1\]|\(1\)|\(\{ a: 1 \}\)|\/a\/)\./, "");
    const before = kinds.slice(0, at).map((one) => FITTING[one.replace("?", "")] ?? "");
    const fault = (given: string) =>
      kind === "instant"
        ? `${name}() needs an instant (epoch milliseconds or an ISO text), not ${given}`
        : `${name}() needs ${needed} as its ${ORDINALS[at]} argument, not ${given}`;
    if (kind === "any" || callee === "Array.from") return [];
    const after = kinds.slice(at + 1).map((one) => FITTING[one.replace("?", "")] ?? "");
    const call = (given: string) => `${callee}(${[...before, given, ...after].join(", ")})`;
    const wrong = [[call("true"), fault("true")]];
    if (kind.endsWith("?") || callee === "'a'.split") return wrong;
    return [...wrong, [call("undefined"), fault("undefined")]];
  }),
) as [string, string][];

test.each(WRONG)("%s", (source, expected) => {
  expect(message(source)).toBe(expected);
});

test("that is all there is to call", () => {
  const known = new Set([
    ...SIGNATURES.map(([callee = ""]) => callee.slice(callee.lastIndexOf(".") + 1)),
    ...TAKES_ANYTHING,
  ]);
  const names = [
    ...FUNCTIONS.keys(),
    ...Object.values(METHODS).flatMap((methods) => [...methods.keys()]),
  ];
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  expect(WRONG.length).toBeGreaterThan(190);
});
