/** The clock of hosts that go by their store's (A1, A2), and what they make of the store's answers. */
import { expect, test } from "vitest";
import { storeClockAheadMs } from "#engine/hosts/store-clock.ts";
import { aheadClock } from "../../src/system/ahead-clock.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";

test("A1 nobody has adjusted it: it is the machine's, jumps and all", () => {
  const machine = new SimulatedClock(1_000_000);
  const clock = aheadClock(machine);
  machine.jumpWallClock(60_000);
  expect(clock.nowMs()).toBe(1_060_000);
});

test("A2 once adjusted it goes on evenly, whatever becomes of the machine's clock", async () => {
  const machine = new SimulatedClock(1_000_000);
  const clock = aheadClock({
    nowMs: () => machine.nowMs(),
    monotonicMs: () => machine.monotonicMs(),
    after: (delayMs, wake) => machine.after(delayMs, wake),
  });
  clock.adjust(5_000.4);
  expect(clock.nowMs()).toBe(1_005_000);
  machine.jumpWallClock(600_000);
  expect(clock.nowMs()).toBe(1_005_000);
  await machine.advanceBy(250);
  expect(clock.nowMs()).toBe(1_005_250);
  clock.adjust(-5_250);
  clock.adjust(100);
  expect(clock.nowMs()).toBe(1_000_100);
  machine.jumpWallClock(-700_000);
  expect(clock.nowMs()).toBe(1_000_100);
});

test("a quick answer is halved; of a slow one only the bounds count", () => {
  // The host is a minute ahead, and asked 100 ms ago.
  expect(storeClockAheadMs({ storeMs: 40_000, tookMs: 100, ownMs: 100_000 })).toBe(-59_950);
  // Between 40 and 60 s, for all that is known: what is within stays.
  const slow = { storeMs: 40_000, tookMs: 20_000 };
  expect(storeClockAheadMs({ ...slow, ownMs: 45_000 })).toBe(0);
  expect(storeClockAheadMs({ ...slow, ownMs: 39_000 })).toBe(1_000);
  expect(storeClockAheadMs({ ...slow, ownMs: 63_000 })).toBe(-3_000);
});
