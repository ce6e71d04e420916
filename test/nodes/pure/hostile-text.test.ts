/** Text that would keep the turn busy for minutes, and text that must come back as it went in. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { runPure } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { dataSet } from "#nodes/pure/data-set.ts";
import { dataTransform } from "#nodes/pure/data-transform.ts";
import { format } from "#nodes/pure/format.ts";
import { parse } from "#nodes/pure/parse.ts";
import { template } from "#nodes/pure/template.ts";
import { validate } from "#nodes/pure/validate.ts";
import { threadMs } from "../../support/thread-time.ts";

function run(node: NodeDefinition, config: unknown): unknown {
  const result = runPure(node, config);
  return result.ok ? result.output : result.error;
}

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");
const DEEP = "a.".repeat(50_000);

it.each<[string, NodeDefinition, Record<string, unknown>, unknown]>([
  [
    "YAML with many keys",
    parse,
    { text: lines(60_000, (index) => `k${index}: 1`), format: "yaml" },
    { k59999: 1 },
  ],
  [
    "YAML with many aliases",
    parse,
    {
      text: `${lines(20_000, (index) => `- &a${index} 1`)}\n${lines(20_000, (index) => `- *a${index}`)}`,
      format: "yaml",
    },
    { code: "parse_failed" },
  ],
  [
    "a slot full of spaces",
    template,
    { text: `{{a${" ".repeat(200_000)}b}}` },
    { code: "config_invalid" },
  ],
  [
    "an open slot full of spaces",
    template,
    { text: `{{{a }} ${" ".repeat(200_000)}` },
    { code: "config_invalid" },
  ],
  ["a path of many names", dataSet, { fields: { [`${DEEP}b`]: 1 } }, { code: "limit_exceeded" }],
  [
    "a path of many names to leave out",
    dataTransform,
    { value: { a: { a: 1 } }, operation: "omit", fields: [`${DEEP}b`] },
    { code: "limit_exceeded" },
  ],
])("%s is no work for minutes", (_, node, config, expected) => {
  const startedAtMs = threadMs();
  expect(run(node, config)).toMatchObject(expected as object);
  expect(threadMs() - startedAtMs).toBeLessThan(8_000);
});

it("a template keeps long white space outside of its slots", () => {
  const gap = " ".repeat(50_000);
  expect(run(template, { text: `a${gap}{{ b }}${gap}`, values: { b: 1 } })).toBe(`a${gap}1${gap}`);
});

it.each([
  ["a: 1\nb: 2\na: 3\n", { line: 3, column: 1 }],
  ["x:\n  - {a: 1, b: 2, a: 3}\n", { line: 2, column: 18 }],
])("YAML with a key twice: %j", (text, details) => {
  expect(run(parse, { text, format: "yaml" })).toMatchObject({
    code: "parse_failed",
    message: 'YAML: the key "a" occurs twice.',
    details,
  });
});

it("aliases of YAML are resolved up to their bound", () => {
  const text = "a: &a {x: 1}\nb: *a\nc: [*a, *a]\n";
  const x = { x: 1 };
  expect(run(parse, { text, format: "yaml" })).toEqual({ a: x, b: x, c: [x, x] });
});

it.each([
  ["<a>caf&#233; &#xE9; &amp;#65;</a>", { a: "café é &#65;" }],
  ['<a t="&#x41;&quot;"/>', { a: { "@t": 'A"' } }],
  ["<a><![CDATA[<!DOCTYPE html><p>&amp;</p>]]></a>", { a: "<!DOCTYPE html><p>&amp;</p>" }],
  ["<!-- <!DOCTYPE x> --><a>1</a>", { a: "1" }],
])("XML %j", (text, output) => {
  expect(run(parse, { text, format: "xml" })).toEqual(output);
});

const BOMB = '<!DOCTYPE a [<!ENTITY e "boom">]>';

it.each([
  `${BOMB}<a>&e;</a>`,
  `<!-- x -->${BOMB}<a>&e;</a>`,
  `<?x <!-- ?>${BOMB}<a>&e;</a><!-- -->`,
  `<?x <![CDATA[ ?>${BOMB}<a>&e;</a>`,
  `<a b="<!--">${BOMB}&e;</a><!-- -->`,
  `<a b='<![CDATA['>${BOMB}&e;</a>`,
  `<a b=">" c="<!--">${BOMB}&e;</a><!-- -->`,
  `<a><![cdata[${BOMB}&e;</a>`,
  `<a>'</a>${BOMB}<!-- ' -->`,
  `<!doctype a [<!ENTITY e "boom">]><a>&e;</a>`,
  `<!DOC><a/>`,
])("XML that hides a DOCTYPE is refused: %j", (text) => {
  expect(run(parse, { text, format: "xml" })).toMatchObject({ code: "parse_failed" });
});

it("an attribute that is true has a value", () => {
  const value = { order: { "@paid": true, "@note": "true", "#text": "x" } };
  const text = run(format, { format: "xml", value });
  expect(text).toBe('<order paid="true" note="true">x</order>\n');
  expect(run(parse, { text, format: "xml" })).toEqual({
    order: { "@paid": "true", "@note": "true", "#text": "x" },
  });
});

it("rows of one column come back from CSV, the empty ones too", () => {
  const cell = fc.oneof(fc.constant(""), fc.string({ unit: "grapheme-ascii" }));
  fc.assert(
    fc.property(
      fc.array(cell, { minLength: 1 }),
      fc.constantFrom("lf", "crlf"),
      fc.constantFrom("needed", "all"),
      (cells, lineEnd, quotes) => {
        const value = cells.map((a) => ({ a }));
        const how = { format: "csv", formulas: "keep", lineEnd, quotes };
        expect(run(parse, { text: run(format, { ...how, value }), format: "csv" })).toEqual(value);
      },
    ),
  );
});

it("rows of different lengths are written one by one", () => {
  const value = [[""], [1, ""], ["", ""], [""], ["x"]];
  expect(run(format, { format: "csv", value })).toBe('""\n1,\n,\n""\nx\n');
});

it.each([
  [{ l: [1] }, "l.5"],
  [{ l: [1, 2] }, "l.-1"],
  [{ l: [1] }, "l.name"],
  [[1, 2], "01x"],
])("a list is not lost to a field that it has no place for: %j at %s", (value, path) => {
  expect(run(dataSet, { value, fields: { [path]: 3 } })).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining("is no place in a list of"),
  });
});

it.each([
  [19.99, 0.01, true],
  [0.3, 0.1, true],
  [-4.35, 0.05, true],
  [1e300, 1e-7, true],
  [1.5e-7, 5e-8, true],
  [0, 0.1, true],
  [7, 2, false],
  [0.35, 0.1, false],
  [1e-7, 1, false],
])("%d is a multiple of %d: %s", (value, multipleOf, valid) => {
  const config = { value, schema: { multipleOf }, onInvalid: "report" };
  expect(run(validate, config)).toMatchObject({
    valid,
    errors: valid ? [] : [{ pointer: "", message: `must be multiple of ${multipleOf}` }],
  });
});

it("a schema that only leads back to itself fits nothing", () => {
  for (const schema of [{ $ref: "#" }, { allOf: [{ $ref: "#" }] }])
    expect(run(validate, { value: 1, schema })).toMatchObject({ code: "validation_failed" });
});
