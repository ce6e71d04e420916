/** What a mutation report comes to, and which mutants a sample has. */
import { describe, expect, test } from "vitest";
import { isInSample } from "../../scripts/mutation/sample.ts";
import {
  interval,
  type MutationReport,
  percent,
  sampled,
  scores,
  sum,
  survivors,
} from "../../scripts/mutation/score.ts";

const at = (line: number, from: number, to: number) => ({
  start: { line, column: from },
  end: { line, column: to },
});

const REPORT: MutationReport = {
  files: {
    "src/b.ts": {
      source: "one\nconst x = a < b;\nlast",
      mutants: [
        {
          mutatorName: "Equality",
          replacement: "a > b",
          status: "Survived",
          location: at(2, 11, 16),
        },
        { mutatorName: "Name", replacement: "", status: "NoCoverage", location: at(1, 1, 4) },
        { mutatorName: "Name", status: "Killed", location: at(3, 1, 5) },
        { mutatorName: "Loop", status: "Timeout", location: at(3, 1, 5) },
        { mutatorName: "Name", status: "RuntimeError", location: at(3, 1, 5) },
      ],
    },
    "src/a.ts": { source: "", mutants: [] },
  },
};

test("what is killed or hangs is noticed; what no test meets lives; what cannot run does not count", () => {
  const found = scores(REPORT);
  expect([...found.keys()]).toEqual(["src/a.ts", "src/b.ts"]);
  const score = { tested: 4, killed: 2, survived: 1, unmet: 1 };
  expect(found.get("src/b.ts")).toEqual(score);
  expect(percent(score)).toBe(50);
  expect(percent({ tested: 0, killed: 0, survived: 0, unmet: 0 })).toBe(100);
  expect(sum([score, score])).toEqual({ tested: 8, killed: 4, survived: 2, unmet: 2 });
});

test("mutants that lived are printed in the order of their lines, with what they say instead", () => {
  expect(survivors(REPORT)).toEqual([
    "src/b.ts:1:1 Name (no test comes here)\n    - one\n    + ",
    "src/b.ts:2:11 Equality\n    - a < b\n    + a > b",
  ]);
});

test("the interval is Wilson's", () => {
  const of = (killed: number, tested: number) =>
    interval({ killed, tested, survived: 0, unmet: 0 }).map((one) => Number(one.toFixed(2)));
  expect(of(0, 0)).toEqual([0, 100]);
  // Newcombe 1998, table I: 81 of 263, and 15 of 148.
  expect(of(81, 263)).toEqual([25.53, 36.62]);
  expect(of(15, 148)).toEqual([6.24, 16.05]);
});

describe("a sample", () => {
  const mutants = Array.from({ length: 4_000 }, (_, index) => ({
    mutatorName: "Name",
    replacement: String(index % 7),
    status: "Killed",
    location: at(1 + (index >> 3), 1 + (index % 80), 90),
  }));

  test("has one mutant in so many, the same ones every time", () => {
    const report = { files: { "src/a.ts": { source: "", mutants } } };
    const chosen = sampled(report, 10).files["src/a.ts"]?.mutants ?? [];
    expect(chosen.length).toBeGreaterThan(300);
    expect(chosen.length).toBeLessThan(500);
    expect(sampled(report, 10).files["src/a.ts"]?.mutants).toEqual(chosen);
    expect(sampled(report, 1).files["src/a.ts"]?.mutants).toEqual(mutants);
  });

  test("counts lines of a report from 1 and of a runner from 0", () => {
    for (const mutant of mutants.slice(0, 300)) {
      const report = { files: { "src/a.ts": { source: "", mutants: [mutant] } } };
      const { start, end } = mutant.location;
      const back = (place: typeof start) => ({ line: place.line - 1, column: place.column - 1 });
      const seen = { ...mutant, location: { start: back(start), end: back(end) } };
      expect(sampled(report, 4).files["src/a.ts"]?.mutants.length === 1).toBe(
        isInSample("src/a.ts", seen, 4),
      );
    }
  });
});
