/** Edges of the function library that the reference page does not show. */
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";

function evaluate(source: string, scope: Record<string, unknown> = {}): unknown {
  return compileExpression(source).evaluate(scope);
}

describe("dates", () => {
  test.each<readonly [string, unknown]>([
    // Clocks in Berlin go from 02:00 to 03:00 on 29 March 2026 and from 03:00 to 02:00 on 25 October 2026.
    [
      "isoDate(parseDate('2026-03-29T02:30', 'Europe/Berlin'), 'Europe/Berlin')",
      "2026-03-29T03:30:00.000+02:00",
    ],
    [
      "isoDate(parseDate('2026-10-25T02:30', 'Europe/Berlin'), 'Europe/Berlin')",
      "2026-10-25T02:30:00.000+02:00",
    ],
    [
      "isoDate(startOf('2026-03-29T12:00:00Z', 'day', 'Europe/Berlin'), 'Europe/Berlin')",
      "2026-03-29T00:00:00.000+01:00",
    ],
    [
      "timeBetween(startOf('2026-03-29T12:00:00Z', 'day', 'Europe/Berlin'), endOf('2026-03-29T12:00:00Z', 'day', 'Europe/Berlin'), 'hours') > 22.99",
      true,
    ],
    [
      "timeBetween(startOf('2026-03-29T12:00:00Z', 'day', 'Europe/Berlin'), endOf('2026-03-29T12:00:00Z', 'day', 'Europe/Berlin'), 'hours') < 23",
      true,
    ],
    ["isoDate(addTime('2024-02-29T00:00:00Z', 1, 'year'))", "2025-02-28T00:00:00.000Z"],
    ["isoDate(addTime('2026-03-31T10:00:00Z', -1, 'month'))", "2026-02-28T10:00:00.000Z"],
    ["isoDate(addTime('2026-01-01T00:00:00Z', 1.5, 'hours'))", "2026-01-01T01:30:00.000Z"],
    ["isoDate(startOf('2026-08-15T00:00:00Z', 'quarter', 'UTC'))", "2026-07-01T00:00:00.000Z"],
    ["isoDate(startOf('2026-01-01T00:00:00Z', 'week', 'UTC'))", "2025-12-29T00:00:00.000Z"],
    ["dateParts('2026-01-01T00:00:00Z', 'UTC').week", 1],
    ["dateParts('2027-01-01T00:00:00Z', 'UTC').week", 53],
    ["dateParts('2026-01-01T00:00:00Z', '+05:30').offset", "+05:30"],
    ["isoDate('1969-12-31T23:59:59.500Z')", "1969-12-31T23:59:59.500Z"],
    ["isoDate('0050-01-01', 'UTC')", null],
    ["isoDate(parseDate('0050-01-01', 'UTC'))", "0050-01-01T00:00:00.000Z"],
    ["isoDate('2026-03-01T12:00:00.123456789+01:00')", "2026-03-01T11:00:00.123Z"],
    ["formatDate(0, \"h:mm a 'o''clock'\", 'UTC')", "12:00 AM o'clock"],
    ["durationMs('2d 3h')", 183_600_000],
  ])("%s", (source, value) => {
    if (value === null) expect(() => evaluate(source)).toThrow("has no offset");
    else expect(evaluate(source)).toBe(value);
  });

  test.each([
    "parseDate('2026-13-01', 'UTC')",
    "parseDate('2025-02-29', 'UTC')",
    "parseDate('2026-01-01T24:00Z')",
    "parseDate('yesterday')",
    "isoDate(9e15)",
    "addTime(0, 1.5, 'day')",
    "addTime(0, 1e300, 'day')",
    "addTime(0, 1, 'moon')",
    "addTime(0, 1, 'constructor')",
    "formatDate(0, 'QQ', 'UTC')",
    "durationMs('5 apples')",
  ])("%s is an error", (source) => {
    expect(() => evaluate(source)).toThrow(expect.objectContaining({ kind: "value" }));
  });

  test("local times of a zone lead back to their instant", () => {
    const zones = [
      "UTC",
      "Europe/Berlin",
      "America/New_York",
      "Asia/Kolkata",
      "Australia/Lord_Howe",
      "Pacific/Apia",
      "-03:30",
    ];
    const back = compileExpression("parseDate(isoDate(instant, zone))");
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_102_444_800_000 }),
        fc.constantFrom(...zones),
        (instant, zone) => {
          expect(back.evaluate({ instant, zone })).toBe(instant);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("encodings and hashes equal Node's", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 60 });
  const run = (source: string, reference: (value: string) => string): void => {
    const expression = compileExpression(source);
    fc.assert(
      fc.property(text, (value) => {
        expect(expression.evaluate({ value })).toBe(reference(value));
      }),
      { numRuns: 200 },
    );
  };

  test.each(["md5", "sha1", "sha256", "sha512"])("%s", (name) => {
    run(`${name}(value)`, (value) => createHash(name).update(value).digest("hex"));
    run(`${name}(value, "base64")`, (value) => createHash(name).update(value).digest("base64"));
  });

  test("hmacSha256", () => {
    run("hmacSha256('key', value)", (value) =>
      createHmac("sha256", "key").update(value).digest("hex"),
    );
  });

  test("base64", () => {
    run("base64Encode(value)", (value) => Buffer.from(value).toString("base64"));
    run("base64UrlEncode(value)", (value) => Buffer.from(value).toString("base64url"));
    run("base64Decode(base64Encode(value))", (value) => value);
    run("base64Decode(base64UrlEncode(value))", (value) => value);
    expect(() => evaluate("base64Decode('a')")).toThrow("not base64");
    expect(() => evaluate("base64Decode('/w==')")).toThrow("not UTF-8");
  });
});

describe("lists and values", () => {
  test.each<readonly [string, unknown]>([
    ["sum([])", 0],
    ["mean([])", null],
    ["max([])", null],
    ["median([1, 2])", 1.5],
    ["sortBy(['b', 2, null, true, 'a', 1, false])", [null, false, true, 1, 2, "a", "b"]],
    [
      "sortBy([{ a: 2, b: 1 }, { a: 1, b: 2 }, { a: 1, b: 1 }], (x) => [x.a, x.b]).map((x) => x.b)",
      [1, 2, 1],
    ],
    ["sortBy([{ a: 1, b: 1 }, { a: 1, b: 2 }], (x) => x.a, 'desc').map((x) => x.b)", [1, 2]],
    ["compare('ä', 'z')", 1],
    ["compare('Z', 'a')", -1],
    ["range(3, 0, -1)", [3, 2, 1]],
    ["range(0)", []],
    ["chunk([], 2)", []],
    ["zip()", []],
    ["roundTo(-1.005, 2)", -1.01],
    ["roundTo(1e21, 2)", 1e21],
    ["roundTo(2.5)", 3],
    ["formatNumber(-0.001, 2)", "0.00"],
    ["formatNumber(999)", "999"],
    ["get({ a: [{ b: 1 }] }, 'a[0].b')", 1],
    ["get({ a: 1 }, 'a.b.c')", null],
    ["isEmpty({ a: undefined })", false],
    ["equal(0, -0)", true],
    ["equal([1, { a: null }], [1, { a: null }])", true],
    ["equal({ a: 1 }, { a: 1, b: 2 })", false],
    ["merge({ a: [1] }, { a: [2] }, { b: 1 })", { a: [2], b: 1 }],
    ["jsonpath({ a: [1, 2, 3, 4] }, '$.a[::-2]')", [4, 2]],
    ["jsonpath({ a: [1, 2, 3, 4] }, '$.a[1:-1]')", [2, 3]],
    ["jsonpath({ 'x y': { b: 1 } }, '$[\"x y\"].*')", [1]],
    ["jsonpath({ a: { b: 1 }, c: [{ b: 2 }] }, '$..b')", [1, 2]],
    ["jsonpath([1], '$')", [[1]]],
    ["jsonpath({ a: 1 }, '$.b.c[0]')", []],
    ["'aXbX'.replace('X', '$$')", "a$bX"],
    ["'abc'.split('', 2)", ["a", "b"]],
    ["''.split(/,/)", [""]],
    ["''.split(/x*/)", []],
    ["'abc'.split(/(b)/)", ["a", "b", "c"]],
    ["truncate('abcdef', 3, '...')", "..."],
    ["truncate('abcdef', 0)", ""],
    ["slug('  ')", ""],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toStrictEqual(value);
  });

  test("toSorted() keeps the order of equals", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.integer({ min: 0, max: 3 }), index: fc.nat() })),
        (rows) => {
          const sorted = evaluate("sortBy(rows, (row) => row.key)", { rows });
          expect(sorted).toEqual(rows.toSorted((a, b) => a.key - b.key));
        },
      ),
    );
  });
});
