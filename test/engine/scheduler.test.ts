/** scheduler.ts, A1 to A4: exact, in order, never waiting for nothing, and cheap with many waiting. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Scheduler, type SlotClaim } from "#engine/embedded/scheduler.ts";

function claim(slot: string, more: Partial<SlotClaim> = {}): SlotClaim {
  return { slot, runId: "run", path: slot, priority: 5, sinceMs: 0, concurrency: null, ...more };
}

function withGrants(bound: number) {
  const granted: string[] = [];
  const scheduler = new Scheduler(bound, ({ slot }) => granted.push(slot));
  return { scheduler, granted };
}

test("higher priority first, then who waits longer, then who came first", () => {
  const { scheduler, granted } = withGrants(1);
  scheduler.request(claim("holder"));
  const other = (slot: string, more: Partial<SlotClaim>) => claim(slot, { runId: slot, ...more });
  scheduler.request(other("late", { sinceMs: 2 }));
  scheduler.request(other("early", { sinceMs: 1 }));
  scheduler.request(other("early too", { sinceMs: 1 }));
  scheduler.request(other("urgent", { priority: 9, sinceMs: 3 }));
  for (const slot of ["holder", "urgent", "early", "early too"]) scheduler.release(slot);
  expect(granted).toEqual(["holder", "urgent", "early", "early too", "late"]);
});

test("a run with 10,000 attempts delays the single one of another by one", () => {
  const { scheduler, granted } = withGrants(1);
  for (let at = 0; at < 10_000; at++) scheduler.request(claim(`many-${at}`, { runId: "many" }));
  for (const runId of ["one", "two"]) scheduler.request(claim(runId, { runId, sinceMs: 9 }));
  for (let at = 0; at < 5; at++) scheduler.release(granted.at(-1) ?? "");
  expect(granted.slice(0, 6)).toEqual(["many-0", "many-1", "one", "two", "many-2", "many-3"]);
});

test("runs that keep coming do not starve the later attempts of one that waits", () => {
  const { scheduler, granted } = withGrants(1);
  for (let at = 0; at < 50; at++) scheduler.request(claim(`many-${at}`, { runId: "many" }));
  scheduler.request(claim("new-0", { runId: "new-0" }));
  for (let at = 1; at < 200; at++) {
    scheduler.request(claim(`new-${at}`, { runId: `new-${at}` }));
    scheduler.release(granted.at(-1) ?? "");
  }
  // As many come as are served, so the rounds grow by one each: some 20 of them in 200 grants.
  expect(granted.filter((slot) => slot.startsWith("many")).length).toBeGreaterThan(15);
});

test("who waits for a full key holds up nobody else, whatever its priority", () => {
  const { scheduler, granted } = withGrants(10);
  const key = { key: "k", limit: 1 };
  scheduler.request(claim("a", { concurrency: key }));
  scheduler.request(claim("b", { concurrency: key, priority: 10 }));
  scheduler.request(claim("free", { priority: 0 }));
  expect(granted).toEqual(["a", "free"]);
  expect(scheduler.position("b")).toEqual({ ahead: 0, key: "k" });
  scheduler.release("a");
  expect(granted).toEqual(["a", "free", "b"]);
});

test("tryAdmit takes a free slot at once, but never before one that waits", () => {
  const { scheduler } = withGrants(1);
  expect(scheduler.tryAdmit(claim("a"))).toBe(true);
  expect(scheduler.tryAdmit(claim("b"))).toBe(false);
  scheduler.request(claim("b"));
  scheduler.release("a");
  expect(scheduler.holds("b")).toBe(true);
  expect(scheduler.tryAdmit(claim("c"))).toBe(false);
});

test("asking twice and releasing twice change nothing", () => {
  const { scheduler, granted } = withGrants(1);
  scheduler.request(claim("a"));
  scheduler.request(claim("a"));
  scheduler.request(claim("b"));
  scheduler.release("a");
  scheduler.release("a");
  expect(granted).toEqual(["a", "b"]);
  expect([scheduler.held, scheduler.waiting]).toEqual([1, 0]);
});

test("a stopped scheduler grants nothing until it resumes; what is held counts", () => {
  const { scheduler, granted } = withGrants(5);
  scheduler.stop();
  scheduler.request(claim("b", { concurrency: { key: "k", limit: 1 } }));
  scheduler.hold(claim("a", { concurrency: { key: "k", limit: 1 } }));
  expect(scheduler.tryAdmit(claim("c"))).toBe(false);
  scheduler.resume();
  expect(granted).toEqual([]);
  scheduler.release("a");
  expect(granted).toEqual(["b"]);
});

test("property: limits are exact, and nothing that could start waits", () => {
  let grants = 0;
  const step = fc.record({
    act: fc.constantFrom("request", "try", "release"),
    slot: fc.integer({ min: 0, max: 30 }),
    key: fc.constantFrom(null, "x", "y"),
    priority: fc.integer({ min: 0, max: 10 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 200, size: "max" }), (steps) => {
      const limits: Readonly<Record<string, number>> = { x: 1, y: 3 };
      const held = new Map<string, string | null>();
      const waiting = new Map<string, string | null>();
      const take = (slot: string, key: string | null) => {
        grants++;
        held.set(slot, key);
        waiting.delete(slot);
      };
      const scheduler = new Scheduler(6, ({ slot, concurrency }) =>
        take(slot, concurrency?.key ?? null),
      );
      let nowMs = 0;
      for (const { act, slot: number, key, priority } of steps) {
        const slot = `s${number}`;
        if (act === "release") {
          held.delete(slot);
          waiting.delete(slot);
          scheduler.release(slot);
        } else if (!held.has(slot) && !waiting.has(slot)) {
          const concurrency = key === null ? null : { key, limit: limits[key] ?? 1 };
          const asked = claim(slot, { priority, concurrency, sinceMs: nowMs++ });
          if (act === "try") {
            if (scheduler.tryAdmit(asked)) take(slot, key);
          } else {
            waiting.set(slot, key);
            scheduler.request(asked);
          }
        }
        const used = (name: string) => [...held.values()].filter((key) => key === name).length;
        expect(held.size).toBeLessThanOrEqual(6);
        expect(used("x")).toBeLessThanOrEqual(1);
        expect(used("y")).toBeLessThanOrEqual(3);
        expect([scheduler.held, scheduler.waiting]).toEqual([held.size, waiting.size]);
        if (held.size < 6)
          for (const key of waiting.values())
            expect(key !== null && used(key) >= (limits[key] ?? 1)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
  expect(grants).toBeGreaterThan(1_000);
});

test("100,000 waiting, with and without keys, are granted in order within a second or two", () => {
  const order: number[] = [];
  const scheduler = new Scheduler(100, ({ slot, priority }) => {
    order.push(priority);
    running.push(slot);
  });
  const running: string[] = [];
  scheduler.stop();
  for (let i = 0; i < 100_000; i++) {
    const concurrency = i % 3 === 0 ? { key: `k${i % 500}`, limit: 2 } : null;
    scheduler.request(claim(`s${i}`, { priority: i % 11, sinceMs: i, concurrency }));
  }
  expect(scheduler.waiting).toBe(100_000);
  scheduler.resume();
  for (let next = running.shift(); next !== undefined; next = running.shift())
    scheduler.release(next);
  expect(order).toHaveLength(100_000);
  expect(scheduler.held).toBe(0);
  // Keys let some go late; without them the order would be exact.
  expect(order.slice(0, 5_000).every((priority) => priority === 10)).toBe(true);
});
