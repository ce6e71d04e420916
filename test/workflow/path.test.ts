import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attemptPath,
  childPath,
  formatPath,
  itemPath,
  type PathSegment,
  parsePath,
  passPath,
  slotPath,
} from "#workflow/path.ts";

const naturals = fc.nat(Number.MAX_SAFE_INTEGER);
const ids = fc.oneof(
  fc.constantFrom("a", "fetch", "_x9", "catch"),
  fc.string({ minLength: 1 }),
  fc.constantFrom("node-1", 'say "hi"', "a.b", "x]", "é", "\\", "\u2028", "\ud800", "1a"),
);
const segments: fc.Arbitrary<PathSegment> = fc
  .record(
    {
      id: ids,
      attempt: fc.integer({ min: 2, max: 1000 }),
      item: fc.oneof(naturals, fc.string()),
      pass: naturals,
    },
    { requiredKeys: ["id"] },
  )
  .map((segment) => ({ ...segment }));

describe("paths", () => {
  it("have the text forms of the specification", () => {
    expect(formatPath([{ id: "lines", item: 3 }, { id: "price" }])).toBe("lines[3].price");
    expect(formatPath([{ id: "m", item: "eu.west" }, { id: "fetch" }])).toBe('m["eu.west"].fetch');
    expect(formatPath([{ id: "loop", pass: 3 }, { id: "x" }])).toBe("loop@3.x");
    expect(formatPath([{ id: "block", attempt: 2 }, { id: "charge" }])).toBe("block#2.charge");
    expect(formatPath([{ id: "p" }, { id: "left" }, { id: "b" }])).toBe("p.left.b");
    expect(formatPath([{ id: "node-1" }, { id: "x" }])).toBe('["node-1"].x');
    expect(formatPath([{ id: "a", attempt: 2, item: 0 }, { id: "n-1" }])).toBe('a#2[0].["n-1"]');
    expect(formatPath([])).toBe("");
  });

  it("round-trip", () => {
    fc.assert(
      fc.property(fc.array(segments, { maxLength: 6 }), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
      { numRuns: 2000 },
    );
  });

  it("are built from strings as formatPath builds them", () => {
    fc.assert(
      fc.property(
        ids,
        ids,
        naturals,
        fc.integer({ min: 1, max: 9 }),
        (outer, inner, n, attempt) => {
          const block = attemptPath(childPath("", outer), attempt);
          const first = attempt === 1 ? { id: outer } : { id: outer, attempt };
          expect(childPath(itemPath(block, n), inner)).toBe(
            formatPath([{ ...first, item: n }, { id: inner }]),
          );
          expect(childPath(itemPath(block, inner), inner)).toBe(
            formatPath([{ ...first, item: inner }, { id: inner }]),
          );
          expect(childPath(passPath(block, n), inner)).toBe(
            formatPath([{ ...first, pass: n }, { id: inner }]),
          );
          expect(childPath(slotPath(block, inner), outer)).toBe(
            formatPath([first, { id: inner }, { id: outer }]),
          );
          expect(slotPath(block, "")).toBe(block);
        },
      ),
    );
  });

  it("that are malformed give null", () => {
    const malformed = [".", "a.", ".a", "a..b", "a[", "a[]", "a[03]", "a[-1]", "a[1.5]", "a[x]"];
    malformed.push(
      "a#1",
      "a#",
      "a@",
      "a@x",
      "a@1[2]",
      "[1]",
      '["a]',
      '["\\x"]',
      "a b",
      "1a",
      "a-b",
    );
    malformed.push("a[99999999999999999]", "a[1][2]", "é", 'a["b"');
    for (const text of malformed) expect([text, parsePath(text)]).toEqual([text, null]);
  });
});
