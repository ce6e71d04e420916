/** How long a host may act: counted on its own clock, from the instant of sending. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Lease } from "#engine/hosts/lease.ts";
import type { Clock } from "#ports/clock.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";

const LEASE_MS = 10_000;

const bound = (clock: SimulatedClock): Clock => ({
  nowMs: () => clock.nowMs(),
  monotonicMs: () => clock.monotonicMs(),
  after: (delayMs, wake) => clock.after(delayMs, wake),
});

function openLease() {
  const clock = new SimulatedClock();
  const lapses: number[] = [];
  const lease = new Lease({
    clock,
    leaseMs: LEASE_MS,
    onLapse: () => void lapses.push(clock.monotonicMs()),
  });
  return { clock, lease, lapses };
}

test("a lease lapses before the store could give its runs away, and not before four fifths of it", async () => {
  const { clock, lease, lapses } = openLease();
  const sentMs = clock.monotonicMs();
  lease.renewed(sentMs);
  await clock.advanceBy(7_999);
  expect([lapses, lease.hasLapsed]).toEqual([[], false]);
  await clock.advanceBy(1);
  expect([lapses, lease.hasLapsed]).toEqual([[sentMs + 8_000], true]);
});

test("an answer that took long counts from its question, one that took too long for nothing", async () => {
  const { clock, lease, lapses } = openLease();
  const sentMs = clock.monotonicMs();
  await clock.advanceBy(5_000);
  lease.renewed(sentMs);
  await clock.advanceBy(2_999);
  expect(lapses).toEqual([]);
  await clock.advanceBy(1);
  expect(lapses.length).toBe(1);
  lease.renewed(clock.monotonicMs() - 8_000);
  expect([lapses.length, lease.hasLapsed]).toEqual([2, true]);
  lease.renewed(clock.monotonicMs());
  expect(lease.hasLapsed).toBe(false);
});

test("an answer that comes after that of a later question takes nothing away", async () => {
  const { clock, lease, lapses } = openLease();
  const firstMs = clock.monotonicMs();
  await clock.advanceBy(3_000);
  lease.renewed(clock.monotonicMs());
  lease.renewed(firstMs);
  expect(lease.leftMs).toBe(8_000);
  await clock.advanceBy(7_999);
  expect([lapses, lease.holds()]).toEqual([[], true]);
  await clock.advanceBy(1);
  expect(lapses).toEqual([firstMs + 11_000]);
});

test("whoever slept through the end of the lease finds out late, and is told so", async () => {
  const clock = new SimulatedClock();
  const late: boolean[] = [];
  const asleep = { ...bound(clock), after: () => () => {} };
  const lease = new Lease({
    clock: asleep,
    leaseMs: LEASE_MS,
    onLapse: (isLate) => void late.push(isLate),
  });
  lease.renewed(clock.monotonicMs());
  await clock.advanceBy(9_000);
  expect([lease.holds(), late]).toEqual([false, [false]]);
  lease.renewed(clock.monotonicMs());
  await clock.advanceBy(9_001);
  expect([lease.holds(), late]).toEqual([false, [false, true]]);
});

test("whatever the order of renewals and silences, it never acts past four fifths of the last lease", async () => {
  const step = fc.record({ waitMs: fc.nat(12_000), tookMs: fc.nat(9_000), isLost: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const { clock, lease } = openLease();
      let endsMs = clock.monotonicMs() + LEASE_MS;
      lease.renewed(clock.monotonicMs());
      for (const { waitMs, tookMs, isLost } of steps) {
        await clock.advanceBy(waitMs);
        const sentMs = clock.monotonicMs();
        await clock.advanceBy(tookMs);
        if (!isLost) {
          lease.renewed(sentMs);
          // The store took it after it was sent: there it lasts at least as long.
          endsMs = Math.max(endsMs, sentMs + LEASE_MS);
        }
        const isActing = !lease.hasLapsed;
        if (isActing) expect(clock.monotonicMs()).toBeLessThan(endsMs - LEASE_MS * 0.2);
        else expect(clock.monotonicMs()).toBeGreaterThanOrEqual(endsMs - LEASE_MS * 0.2);
      }
      lease.close();
    }),
  );
});
