import fc from "fast-check";
import { expect, test } from "vitest";
import { systemIds } from "#system/system-ids.ts";

const HALF_LAST = 2 ** 40 - 1;
const CHANCE_LAST = { high: HALF_LAST, low: HALF_LAST };

test("a run id is run_ and a ULID of the clock's time", () => {
  const ids = systemIds({ nowMs: () => 1_469_918_176_385 }, () => ({ high: 0, low: 0 }));
  // The time part is the ULID specification's own example.
  expect(ids.runId()).toBe("run_01ARYZ6S410000000000000000");
  expect(systemIds({ nowMs: Date.now }).runId()).toMatch(/^run_[0-9A-HJKMNP-TV-Z]{26}$/);
});

test("I1: ids of one source grow, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 2, maxLength: 50 }), (timesMs) => {
      let now = 0;
      const ids = systemIds({ nowMs: () => now });
      const made = timesMs.map((timeMs) => {
        now = timeMs;
        return ids.runId();
      });
      expect(made.toSorted()).toEqual(made);
      expect(new Set(made).size).toBe(made.length);
    }),
  );
});

test("I2: the last chance of a millisecond is followed by the next millisecond", () => {
  const ids = systemIds({ nowMs: () => 7 }, () => CHANCE_LAST);
  expect(ids.runId()).toBe("run_0000000007ZZZZZZZZZZZZZZZZ");
  expect(ids.runId()).toBe("run_0000000008ZZZZZZZZZZZZZZZZ");
});

test("within a millisecond the chance part counts up, and the time stays", () => {
  const ids = systemIds({ nowMs: () => 0 }, () => ({ high: 0, low: 41 }));
  expect(ids.runId()).toBe("run_00000000000000000000000019");
  expect(ids.runId()).toBe("run_0000000000000000000000001A");
});

test("the lower half of the chance part carries over into the upper one", () => {
  const ids = systemIds({ nowMs: () => 0 }, () => ({ high: 31, low: HALF_LAST }));
  expect(ids.runId()).toBe("run_00000000000000000ZZZZZZZZZ");
  expect(ids.runId()).toBe("run_00000000000000001000000000");
});

test("two sources do not give the same id in the same millisecond", () => {
  const clock = { nowMs: () => 7 };
  expect(systemIds(clock).runId()).not.toBe(systemIds(clock).runId());
});

test("commit ids differ", () => {
  const ids = systemIds({ nowMs: () => 0 });
  expect(ids.commitId()).not.toBe(ids.commitId());
});
