import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "#workflow/canonical-json.ts";
import { checkDefinition } from "#workflow/check.ts";
import { hashJson } from "#workflow/hash.ts";
import { readJson } from "#workflow/source-json.ts";
import { compileSchema, schemaFault } from "#workflow/validate-json.ts";
import { threadMs } from "../support/thread-time.ts";
import { fakeNodes } from "./fake-nodes.ts";

describe("canonicalJson", () => {
  it("gives the text of RFC 8785, section 3.2.3", () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const keys = {
      "\u20ac": 1,
      "\r": 2,
      "\ufb33": 3,
      "1": 4,
      "\ud83d\ude00": 5,
      "\u0080": 6,
      "\u00f6": 7,
    };
    expect(Object.values(JSON.parse(canonicalJson(keys)) as object).length).toBe(7);
    expect([...canonicalJson(keys).matchAll(/:(\d)/g)].map(([, n]) => n).join("")).toBe("2467153");
  });

  it("does not depend on the order of keys, and reads back", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(hashJson(value)).toBe(createHash("sha256").update(text).digest("hex"));
        // JSON has no -0.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("refuses what is not JSON", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1])
      expect(() => canonicalJson(value)).toThrow(RangeError);
  });
});

describe("readJson", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(
        fc.json({ noUnicodeString: false }),
        fc.constantFrom(0, 1, "\t"),
        (text, space) => {
          const value = JSON.parse(text) as unknown;
          const written = JSON.stringify(value, null, space);
          const read = readJson(written, { positions: true });
          if (!written.includes('"__proto__"')) expect(read.value).toEqual(value);
          expect(read.node).toMatchObject({ start: 0, end: written.length });
          const { node, ...plain } = readJson(written, { positions: false });
          expect([node, plain]).toEqual([null, { value: read.value, faults: read.faults }]);
        },
      ),
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const refused = (text: string): boolean => {
      try {
        JSON.parse(text);
        return false;
      } catch {
        return true;
      }
    };
    const pieces = fc.array(
      fc.constantFrom(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"a"',
        '"',
        "1",
        "-",
        "01",
        "1.",
        "true",
        " ",
        "\n",
        "\\",
      ),
      { maxLength: 12 },
    );
    let count = 0;
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join("");
        const isRefused = refused(text);
        if (!isRefused) count += 1;
        expect(readJson(text, { positions: true }).node === null, text).toBe(isRefused);
      }),
      { numRuns: 5000 },
    );
    expect(count).toBeGreaterThan(20);
  });
});

describe("compileSchema", () => {
  it("applies defaults to a copy and names what does not fit", () => {
    const validate = compileSchema({
      type: "object",
      required: ["id"],
      properties: {
        id: { type: "string", format: "email" },
        n: { default: 3 },
        in: { properties: { x: { default: 1 } } },
      },
      additionalProperties: false,
    });
    const value = { id: "a@b.example", in: {} };
    expect(validate(value)).toEqual({
      value: { id: "a@b.example", n: 3, in: { x: 1 } },
      errors: [],
    });
    expect(value).toEqual({ id: "a@b.example", in: {} });
    const { errors } = validate({ id: "nobody", m: 1 });
    expect(errors).toEqual([
      { pointer: "", message: "has a property `m` that the schema does not know" },
      { pointer: "/id", message: 'must match format "email"' },
    ]);
  });

  it("runs patterns in linear time", () => {
    const validate = compileSchema({ type: "string", pattern: "^(a+)+$" });
    const started = threadMs();
    expect(validate(`${"a".repeat(50_000)}!`).errors).toHaveLength(1);
    expect(threadMs() - started).toBeLessThan(2_000);
    expect(validate("aaa").errors).toEqual([]);
    expect(schemaFault({ pattern: "(?=a)" })).not.toBeNull();
  });

  it("keeps patterns apart", () => {
    const schema = { properties: { a: { pattern: "^a$" }, b: { pattern: "^b$" } } };
    const validate = compileSchema(schema);
    expect(validate({ a: "a", b: "b" }).errors).toEqual([]);
    expect(validate({ a: "b", b: "a" }).errors.map(({ pointer }) => pointer)).toEqual(["/a", "/b"]);
  });

  it("finds duplicate items in linear time", () => {
    const validate = compileSchema({ type: "array", uniqueItems: true });
    const items = Array.from({ length: 200_000 }, (_, index) => ({ index, even: index % 2 === 0 }));
    const started = threadMs();
    expect(validate(items).errors).toEqual([]);
    expect(threadMs() - started).toBeLessThan(5_000);
    expect(validate([1, { a: 1, b: 2 }, "1", { b: 2, a: 1 }]).errors).toEqual([
      { pointer: "", message: "must NOT have duplicate items (items 1 and 3 are identical)" },
    ]);
    expect(validate([1, "1", [1], ["1"], null, "null", true]).errors).toEqual([]);
    expect(compileSchema({ uniqueItems: false })([1, 1]).errors).toEqual([]);
  });

  it("follows a schema that refers to itself", () => {
    const tree = { type: "object", required: ["n"], properties: { inner: { $ref: "#" } } };
    for (const schema of [tree, { $id: "https://x.example/tree", ...tree }])
      expect(compileSchema(schema)({ n: 1, inner: { n: 2, inner: {} } }).errors).toEqual([
        { pointer: "/inner/inner", message: "must have required property 'n'" },
      ]);
  });

  it("lets no schema take the place of the meta-schema", () => {
    for (const id of ["schema", "meta/core", "meta/validation"])
      schemaFault({ $id: `https://json-schema.org/draft/2020-12/${id}` });
    expect(compileSchema({ type: "string" })(1).errors).toHaveLength(1);
    expect(schemaFault({ type: "text" })).toContain("type");
  });

  it("refuses schemas whose answer would be a promise", () => {
    expect(schemaFault({ $async: true, type: "string" })).toContain("$async");
    const copied = { $defs: { a: { $async: true, type: "string" } }, $ref: "#/$defs/a" };
    expect(schemaFault(copied)).toContain("async");
    const called = { $async: true, properties: { inner: { $ref: "#/$defs/a" } } };
    expect(schemaFault({ $defs: { a: called }, $ref: "#/$defs/a" })).toContain("async");
    expect(schemaFault({ properties: { $async: { type: "string" } } })).toBeNull();
  });

  it("keeps schemas with the same $id apart", () => {
    const first = compileSchema({ $id: "https://x.example/s", type: "string" });
    const second = compileSchema({ $id: "https://x.example/s", type: "number" });
    expect([first(1).errors.length, second(1).errors.length]).toEqual([1, 0]);
    expect(schemaFault({ type: "text" })).toContain("type");
    expect(schemaFault(3)).toContain("object or a boolean");
  });
});

describe("a value without a text", () => {
  it.each([300, 10_000, 100_000])("nested %i deep is refused, wherever the depth is", (depth) => {
    let deep: unknown = 1;
    for (let level = 0; level < depth; level += 1) deep = level % 2 === 0 ? [deep] : { not: deep };
    const step = { id: "a", uses: "noop" };
    const base = { language: 1, name: "w", steps: [step] };
    for (const value of [
      deep,
      { ...base, input: deep },
      { ...base, output: deep },
      { ...base, steps: [{ ...step, with: deep }] },
    ]) {
      const { problems } = checkDefinition(value, { nodes: fakeNodes });
      expect(problems.map(({ code }) => code)).toEqual(["limit_exceeded"]);
    }
  });

  it("that holds itself is refused", () => {
    const value: Record<string, unknown> = { language: 1, name: "w" };
    value["steps"] = [value];
    const { problems } = checkDefinition(value, { nodes: fakeNodes });
    expect(problems.map(({ code }) => code)).toEqual(["limit_exceeded"]);
  });
});
