/** template, parse, format, validate at their edges: hostile text, limits, places of errors, round trips. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { runPure } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { format } from "#nodes/pure/format.ts";
import { unescapeHtml } from "#nodes/pure/html-text.ts";
import { parse } from "#nodes/pure/parse.ts";
import { template } from "#nodes/pure/template.ts";
import { validate } from "#nodes/pure/validate.ts";

function run(node: NodeDefinition, config: unknown): unknown {
  const result = runPure(node, config);
  return result.ok ? result.output : result.error;
}

it.each([
  ["{{a}} {{{a}}} {{&a}}", { a: "<&>\"'`" }, "&lt;&amp;&gt;&quot;&#39;&#96; <&>\"'` <&>\"'`"],
  ["{{n}}{{t}}{{z}}", { n: 0, t: false, z: null }, "0false"],
  ["{{o}}", { o: { a: '"<' } }, "{&quot;a&quot;:&quot;\\&quot;&lt;&quot;}"],
  ["{{#a}}{{.}},{{/a}}{{^b}}none{{/b}}", { a: [1, 2], b: [] }, "1,2,none"],
  ["{{#a}}{{x}}{{y}}{{/a}}", { a: [{ x: 1 }, { x: 2 }], y: "!" }, "1!2!"],
  ["{{a.b.c}}", { a: { b: { c: "deep" } } }, "deep"],
  ["{{! comment }}x", {}, "x"],
  ["{{=<% %>=}}<% a %>{{a}}", { a: 1 }, "1{{a}}"],
  ["{{__proto__.x}}", JSON.parse('{"__proto__":{"x":"own"}}'), "own"],
])("template %j", (text, values, output) => {
  expect(run(template, { text, values })).toBe(output);
});

it.each([
  [
    "{{missing}}",
    { code: "config_invalid", message: expect.stringMatching(/\{\{ missing \}\} has no value/) },
  ],
  ["{{constructor}}", { code: "config_invalid" }],
  ["{{a.length}}", { code: "config_invalid" }],
  ["{{toString}}", { code: "config_invalid" }],
  ["{{#open}}", { code: "config_invalid", message: expect.stringMatching(/Unclosed section/) }],
  ["{{> file}}", { code: "config_invalid", message: expect.stringMatching(/no partials/) }],
])("template %j fails", (text, error) => {
  expect(run(template, { text, values: { a: "abc" } })).toMatchObject(error);
});

it("a template's values come out as the text that they are, and never as HTML of their own", () => {
  const signs = fc.constantFrom(
    ...`<>"'&\`;#x/={}ä `,
    "&lt;",
    "&#60;",
    "<script>",
    "-->",
    "]]>",
    "{{b}}",
  );
  const value = fc
    .array(fc.oneof(signs, fc.string({ unit: "grapheme" })))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(value, (a) => {
      const html = String(
        run(template, { text: "{{#o}}{{a}}{{/o}}", values: { o: { a }, b: "!" } }),
      );
      expect(html).not.toMatch(/[<>"'`]/);
      expect(unescapeHtml(html)).toBe(a);
    }),
    { numRuns: 300 },
  );
});

it("a template that multiplies stops", () => {
  const rows = Array.from({ length: 300 }, () => "x".repeat(100));
  const text = "{{#rows}}{{#rows}}{{#rows}}{{.}}{{/rows}}{{/rows}}{{/rows}}";
  expect(run(template, { text, values: { rows } })).toMatchObject({ code: "limit_exceeded" });
});

it.each([
  ["json", '\ufeff{"a":1}', {}, { a: 1 }],
  ["json", '{"__proto__":{"x":1}}', {}, JSON.parse('{"__proto__":{"x":1}}')],
  [
    "csv",
    '\ufeffa,b\r\n"x ""y"", z",\r\n\r\n"1\n2",3\r\n',
    {},
    [
      { a: 'x "y", z', b: "" },
      { a: "1\n2", b: "3" },
    ],
  ],
  [
    "csv",
    "1,2\n3,4\n",
    { headers: false, types: "number" },
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ["csv", "1;2\n", { headers: ["a", "b"], delimiter: ";" }, [{ a: "1", b: "2" }]],
  [
    "csv",
    "a,b,c,d,e,f,g\n007,1.50,-3,true,,9007199254740993,1e5\n",
    { types: "auto" },
    [{ a: "007", b: 1.5, c: -3, d: true, e: null, f: "9007199254740993", g: 100000 }],
  ],
  ["csv", "a,b\nyes,\n", { types: { a: "boolean", b: "number" } }, [{ a: true, b: null }]],
  ["csv", "__proto__,b\n1,2\n", {}, [JSON.parse('{"__proto__":"1","b":"2"}')]],
  ["csv", "a\n", {}, []],
  [
    "csv",
    "a,b\n 1 , x\nNA,NA\n",
    { trim: true, nulls: ["NA"], types: { a: "number" } },
    [
      { a: 1, b: "x" },
      { a: null, b: null },
    ],
  ],
  [
    "csv",
    "a,b\n1\n1,2,3\n",
    { ragged: "fill" },
    [
      { a: "1", b: "" },
      { a: "1", b: "2" },
    ],
  ],
  ["csv", "1\n1,2\n", { ragged: "fill", headers: false }, [["1"], ["1", "2"]]],
  [
    "csv",
    "name,value\nAlice,null\nBob,42",
    { types: "auto", nulls: ["null"] },
    [
      { name: "Alice", value: null },
      { name: "Bob", value: 42 },
    ],
  ],
  ["csv", "a|b\n1|2\n", { delimiter: "|" }, [{ a: "1", b: "2" }]],
  ["tsv", "a;b\n1;2\n", { delimiter: ";" }, [{ a: "1", b: "2" }]],
  ["csv", "", {}, []],
  ["tsv", "a\tb\n1,5\t2\n", {}, [{ a: "1,5", b: "2" }]],
  [
    "yaml",
    "a: yes\nb: 2024-01-01\nc: 0o17\nd: ~\n<<: {x: 1}\n",
    {},
    { a: "yes", b: "2024-01-01", c: 15, d: null, "<<": { x: 1 } },
  ],
  ["yaml", "a: &x [1]\nb: *x\n", {}, { a: [1], b: [1] }],
  ["xml", "<?xml version='1.0'?><!-- c --><a>1</a>", {}, { a: "1" }],
  [
    "xml",
    "<a><b>1</b><c d='2'>t</c><e/></a>",
    { types: "auto" },
    { a: { b: 1, c: { "#text": "t", "@d": 2 }, e: "" } },
  ],
  ["xml", "<a><b>1</b></a>", { lists: ["b"] }, { a: { b: ["1"] } }],
  ["xml", "<a>&lt;<![CDATA[<&]]></a>", {}, { a: "<<&" }],
  ["auto", " [1]", {}, [1]],
  ["auto", "<a/>", {}, { a: "" }],
  ["auto", "a\tb\n1\t2\n", {}, [{ a: "1", b: "2" }]],
  ["auto", "a,b\n1,2\n", {}, [{ a: "1", b: "2" }]],
  ["auto", "a: 1\nb: [x, y]\n", {}, { a: 1, b: ["x", "y"] }],
  ["auto", "[a, b]", {}, ["a", "b"]],
  ["auto", "just words", {}, "just words"],
])("parse %s %j", (kind, text, options, output) => {
  expect(run(parse, { text, format: kind, ...options })).toStrictEqual(output);
});

const laughs = `<!DOCTYPE x [<!ENTITY a "ha">${"<!ENTITY b '&a;&a;'>"}]><x>&b;</x>`;
const aliases = `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefg"]
  .map((name, index) => `${name}: &${name} [${`*${"abcdef"[index]},`.repeat(9).slice(0, -1)}]`)
  .join("\n")}\n`;

it.each([
  ["json", "{,}", { line: 1, column: 2 }],
  ["json", '{\n"a": 1,}', { line: 2 }],
  ["json", "", {}],
  ["csv", 'a,b\n1,"2\n', { line: 2 }],
  ["csv", "a,b\n1\n", { line: 2 }],
  ["csv", "a,a\n1,2\n", { line: 1 }],
  ["yaml", "a: [1\nb: 2", { line: 2 }],
  ["yaml", "a: 1\na: 2", { line: 2, column: 1 }],
  ["yaml", "? [a]\n: 1", { line: 1 }],
  ["yaml", "--- 1\n--- 2", {}],
  ["yaml", "a: *none", {}],
  ["yaml", "a: !!js/function 'x'", {}],
  ["yaml", aliases, {}],
  ["xml", "<a>\n<b></a>", { line: 2 }],
  ["xml", "words", {}],
  ["xml", laughs, {}],
  ["xml", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', {}],
  ["xml", "<a>".repeat(500) + "</a>".repeat(500), {}],
  ["xml", "<__proto__>1</__proto__>", {}],
])("parse %s refuses %j", (kind, text, details) => {
  const error = run(parse, { text, format: kind });
  expect(error).toMatchObject({
    code: "parse_failed",
    retryable: false,
    ...(Object.keys(details).length > 0 ? { details } : {}),
  });
});

it("parse refuses numbers that are none where the column must hold some", () => {
  const config = { text: "a\n12x\n", format: "csv", types: { a: "number" } };
  expect(run(parse, config)).toMatchObject({
    code: "parse_failed",
    message: expect.stringMatching(/"12x" in column a/),
  });
});

it.each([
  [{ text: 42 }, "text: must be text; with onOther: keep"],
  [{ text: null }, "text: must be text"],
  [{ text: "x".repeat(10 * 1024 * 1024 + 1) }, "at most"],
  [{}, "text"],
  [{ text: "a", format: "toml" }, "format"],
  [
    { text: "a", types: { a: "date" } },
    "types: must be text, number, boolean or auto, or an object",
  ],
])("parse refuses %#", (config, message) => {
  expect(run(parse, config)).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining(message),
  });
});

it.each([42, true, null, { a: 1 }, [1]])("parse passes %j on when asked to", (text) => {
  expect(run(parse, { text, format: "json", onOther: "keep" })).toEqual(text);
});

it("parse refuses text nested too deeply", () => {
  const text = "[".repeat(5000) + "]".repeat(5000);
  expect(run(parse, { text, format: "json" })).toMatchObject({ code: "output_invalid" });
  expect(run(parse, { text, format: "yaml" })).toMatchObject({
    code: expect.stringMatching(/parse_failed|output_invalid/),
  });
});

it.each([
  [{ value: { a: 1 }, pretty: true }, '{\n  "a": 1\n}'],
  [{ value: null }, "null"],
  [{ format: "csv", value: [] }, ""],
  [{ value: { b: [{ d: 1, c: 2 }], a: 1 }, sortKeys: true }, '{"a":1,"b":[{"c":2,"d":1}]}'],
  [{ value: JSON.parse('{"b":1,"__proto__":2}'), sortKeys: true }, '{"__proto__":2,"b":1}'],
  [{ format: "yaml", value: { b: 1, a: 2 }, sortKeys: true }, "a: 2\nb: 1\n"],
  [{ format: "csv", value: [{ a: 1, b: null }], quotes: "all" }, '"a","b"\n"1",""\n'],
  [{ format: "csv", value: [{ a: "x\ry" }], lineEnd: "crlf" }, 'a\r\n"x\ry"\r\n'],
  [{ format: "csv", value: [{ a: "ä" }], bom: true }, "\ufeffa\nä\n"],
  [{ format: "tsv", value: [{ a: 1 }], bom: true, headers: false }, "\ufeff1\n"],
  [{ format: "csv", value: [{ a: 1 }], delimiter: "|", headers: ["a", "b"] }, "a|b\n1|\n"],
  [{ format: "xml", value: { a: { b: 1 } }, pretty: true }, "<a>\n  <b>1</b>\n</a>\n"],
  [{ format: "csv", value: [{ a: 1 }, { b: "x" }] }, "a,b\n1,\n,x\n"],
  [{ format: "csv", value: [{ a: 1, b: 2 }], headers: ["b", "c"] }, "b,c\n2,\n"],
  [{ format: "csv", value: [[1, 2]], headers: false }, "1,2\n"],
  [{ format: "csv", value: { a: 1 } }, "a\n1\n"],
  [{ format: "csv", value: [{ a: { x: [1] }, b: true }] }, 'a,b\n"{""x"":[1]}",true\n'],
  [
    { format: "csv", value: [["=1+1", "+1", "-5", -5, "-x", "@x", "\tx", "\rx", "＝1", "a=b"]] },
    "'=1+1,'+1,-5,-5,'-x,'@x,'\tx,\"'\rx\",'＝1,a=b\n",
  ],
  [
    { format: "csv", value: [["\n=1", "-1e5", "-1 ", "+0", "%=1", "＋1", "－1", "＠a", " =1"]] },
    `"'\n=1",-1e5,'-1 ,'+0,%=1,'＋1,'－1,'＠a, =1\n`,
  ],
  [{ format: "csv", value: [["=1+1"]], formulas: "keep" }, "=1+1\n"],
  [{ format: "csv", value: [{ "=x": 1 }] }, "'=x\n1\n"],
  [{ format: "tsv", value: [{ a: "x\ty" }] }, 'a\n"x\ty"\n'],
  [{ format: "yaml", value: { a: "no", b: "1", c: null } }, 'a: no\nb: "1"\nc: null\n'],
  [{ format: "xml", value: [1, "<"] }, "<root><item>1</item><item>&lt;</item></root>\n"],
  [{ format: "xml", value: { a: 1, b: 2 }, root: "r" }, "<r><a>1</a><b>2</b></r>\n"],
  [
    { format: "xml", value: { a: { "@b": '"<&', "#text": "t" } } },
    '<a b="&quot;&lt;&amp;">t</a>\n',
  ],
])("format %j", (config, output) => {
  expect(run(format, config)).toBe(output);
});

it.each([
  [{ format: "csv", value: [1] }, "value"],
  [{ format: "csv", value: "x" }, "value"],
  [{ format: "xml", value: { "a><b": 1 } }, "element name"],
  [{ format: "xml", value: { a: "\u0000" } }, "control character"],
  [{ format: "xml", value: 1, root: "a b" }, "root"],
])("format refuses %j", (config, message) => {
  expect(run(format, config)).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining(message),
  });
});

it("what format writes, parse reads back", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const cell = fc.string({ unit: "grapheme-ascii" }).filter((text) => text.trim() !== "");
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
      fc.array(fc.array(cell, { minLength: 4, maxLength: 4 }), { minLength: 1 }),
      (names, cells) => {
        const value = cells.map((row) =>
          Object.fromEntries(names.map((key, index) => [key, row[index]])),
        );
        for (const kind of ["json", "csv", "tsv", "yaml"]) {
          const text = run(format, { value, format: kind, formulas: "keep" });
          expect(run(parse, { text, format: kind })).toEqual(value);
        }
      },
    ),
    { numRuns: 100 },
  );
});

it("no cell that a spreadsheet could run gets through", () => {
  fc.assert(
    fc.property(fc.constantFrom("=", "+", "-", "@", "\t", "\r"), fc.string(), (first, rest) => {
      const text = run(format, { value: [[first + rest]], format: "csv" }) as string;
      expect(/^"?['\d.-]/.test(text)).toBe(true);
      if (text.startsWith("-")) expect(Number.isFinite(Number(text))).toBe(true);
    }),
  );
});

it("validate fails with pointers, reports when asked, and says what is wrong with a schema", () => {
  const schema = { type: "object", properties: { a: { type: "number" } }, required: ["b"] };
  expect(run(validate, { value: { a: "x" }, schema })).toMatchObject({
    code: "validation_failed",
    retryable: false,
    message: expect.stringContaining("/a"),
    details: { errors: expect.arrayContaining([expect.objectContaining({ pointer: "/a" })]) },
  });
  expect(run(validate, { value: { a: "x" }, schema, onInvalid: "report" })).toMatchObject({
    valid: false,
  });
  expect(run(validate, { value: 1, schema: { type: "nonsense" } })).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining("schema"),
  });
  const value = { n: {} };
  const filled = { properties: { n: { properties: { d: { default: 1 } } } } };
  expect(run(validate, { value, schema: filled })).toMatchObject({ value: { n: { d: 1 } } });
  expect(value).toEqual({ n: {} });
});
