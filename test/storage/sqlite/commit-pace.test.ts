/** When the calling thread may wait for the disk itself. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { CommitPace } from "#storage/sqlite/commit-pace.ts";

/** How many of `count` lone commits on a disk that takes so long were the calling thread's. */
function here(pace: CommitPace, count: number, tookMs: () => number): number {
  let answer = 0;
  for (let index = 0; index < count; index++) {
    if (pace.judge(true)) answer++;
    pace.note(tookMs());
  }
  return answer;
}

test("a fast disk is waited for once it has shown itself, a slow one never", () => {
  expect(here(new CommitPace(), 100, () => 0.2)).toBe(100 - 32);
  expect(here(new CommitPace(), 1_000, () => 3)).toBe(0);
  expect(here(new CommitPace(), 1_000, () => 20)).toBe(0);
});

test("a disk that turns slow holds the event loop up twice, and is trusted again when it is fast", () => {
  const pace = new CommitPace();
  here(pace, 100, () => 0.2);
  expect(here(pace, 1_000, () => 20)).toBe(2);
  expect(here(pace, 100, () => 0.2)).toBeGreaterThan(50);
});

test("whatever the disk does, few of the stalls of any hundred commits are the calling thread's", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0.2, 0.2, 0.2, 1, 20), { maxLength: 400 }), (took) => {
      const pace = new CommitPace();
      const stalls = took.map((tookMs) => {
        const isHere = pace.judge(true);
        pace.note(tookMs);
        return isHere && tookMs === 20 ? 1 : 0;
      });
      for (let from = 0; from + 32 <= stalls.length; from++)
        expect(stalls.slice(from, from + 32).reduce<number>((a, b) => a + b, 0)).toBeLessThan(3);
    }),
  );
});

test("groups of several turns are the worker's, and so are the next few lone ones", () => {
  const pace = new CommitPace();
  here(pace, 100, () => 0.2);
  expect(pace.judge(true)).toBe(true);
  expect(pace.judge(false)).toBe(false);
  expect(Array.from({ length: 6 }, () => pace.judge(true))).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});
