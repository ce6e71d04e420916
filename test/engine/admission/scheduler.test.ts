/**
 * scheduler.ts against what it promises, with random gates, claims, releases and time: limits are
 * exact (A1), nothing that could start waits (A3, A4), everything is granted in the end.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BreakerGate, Gate, RateGate, SlotClaim, SlotsGate } from "#engine/admission/claim.ts";
import { AGEING_MS, type Grant, Scheduler } from "#engine/admission/scheduler.ts";
import { SimulatedClock } from "../../simulation/simulated-clock.ts";

function claim(slot: string, more: Partial<SlotClaim> = {}): SlotClaim {
  return {
    ...{ slot, tenant: "t", runId: "run", path: slot, priority: 5, rank: 0, sinceMs: 0 },
    ...{ deadlineAtMs: null, gates: null, ...more },
  };
}

function key(name: string, limit: number): SlotsGate {
  return { kind: "concurrency", name: `concurrency:${name}`, key: name, limit };
}
function rate(name: string, limit: number, perMs: number): RateGate {
  return { kind: "rate_limit", name: `rate_limit:${name}`, key: name, limit, perMs };
}
function breaker(name: string, failureThreshold = 2, resetAfterMs = 1_000): BreakerGate {
  const gate = `circuit_breaker:${name}`;
  return { kind: "circuit_breaker", name: gate, key: name, failureThreshold, resetAfterMs };
}

function withGrants(bound: number) {
  const granted: string[] = [];
  const grants: Grant[] = [];
  const clock = new SimulatedClock(0);
  const scheduler = new Scheduler({
    ...{ clock, bound },
    onGrant: (grant) => {
      granted.push(grant.claim.slot);
      grants.push(grant);
    },
  });
  return { scheduler, granted, grants, clock };
}

test("higher priority first, then tenants in turn, then runs in turn, then who came first", () => {
  const { scheduler, granted } = withGrants(1);
  scheduler.request(claim("holder"));
  const ask = (slot: string, tenant: string, runId: string, priority = 5) =>
    scheduler.request(claim(slot, { tenant, runId, priority }));
  for (const at of [1, 2, 3]) ask(`a-x${at}`, "a", "x");
  ask("a-y1", "a", "y");
  ask("b-z1", "b", "z");
  ask("b-z2", "b", "z");
  ask("urgent", "c", "u", 9);
  for (let at = 0; at < 7; at++) scheduler.release(granted.at(-1) ?? "");
  expect(granted).toEqual([
    ...["holder", "urgent", "a-x1", "b-z1", "a-y1", "b-z2", "a-x2", "a-x3"],
  ]);
});

test("a claim gains a level for each ageing period; at equal the higher own priority goes", async () => {
  const { scheduler, granted, clock } = withGrants(1);
  scheduler.request(claim("holder"));
  scheduler.request(claim("old", { priority: 3, sinceMs: 0 }));
  await clock.advanceBy(60_000);
  scheduler.request(claim("young", { priority: 4, sinceMs: 60_000 }));
  scheduler.release("holder");
  expect(granted.at(-1)).toBe("young");
  await clock.advanceBy(60_000);
  scheduler.request(claim("younger", { priority: 4, sinceMs: 120_000 }));
  scheduler.release("young");
  expect(granted.at(-1)).toBe("old");
});

test("a deadline that is near goes before priority, the nearest first; a far one does not", () => {
  const { scheduler, granted } = withGrants(1);
  scheduler.request(claim("holder"));
  scheduler.request(claim("high", { priority: 10 }));
  scheduler.request(claim("far", { priority: 1, deadlineAtMs: 3_600_000 }));
  scheduler.request(claim("soon", { priority: 1, deadlineAtMs: 50_000 }));
  scheduler.request(claim("sooner", { priority: 0, deadlineAtMs: 40_000 }));
  for (let at = 0; at < 4; at++) scheduler.release(granted.at(-1) ?? "");
  expect(granted).toEqual(["holder", "sooner", "soon", "high", "far"]);
});

test("tenants with 10,000 claims and one with 1: the one waits for one other", () => {
  const { scheduler, granted } = withGrants(1);
  for (let at = 0; at < 10_000; at++)
    scheduler.request(claim(`many-${at}`, { tenant: "many", runId: `r${at % 100}` }));
  scheduler.request(claim("one", { tenant: "one" }));
  scheduler.release("many-0");
  scheduler.release(granted.at(-1) ?? "");
  expect(granted.slice(0, 3)).toContain("one");
});

test("claims that keep coming at high priority do not starve a low one", async () => {
  const { scheduler, granted, clock } = withGrants(1);
  scheduler.request(claim("holder"));
  scheduler.request(claim("low", { priority: 0, sinceMs: 0 }));
  let count = 0;
  while (!granted.includes("low") && count < 2_000) {
    scheduler.request(claim(`high-${count}`, { priority: 10, sinceMs: clock.nowMs() }));
    await clock.advanceBy(1_000);
    scheduler.release(granted.at(-1) ?? "");
    count++;
  }
  // Ten levels of ageing, one minute each, and what came before it.
  expect(count).toBeLessThanOrEqual(2 * 660);
  expect(granted).toContain("low");
});

test("claims that keep coming with near deadlines do not starve one without", async () => {
  const { scheduler, granted, clock } = withGrants(1);
  scheduler.request(claim("holder"));
  scheduler.request(claim("plain", { sinceMs: clock.nowMs() }));
  let count = 0;
  while (!granted.includes("plain") && count < 2_000) {
    const sinceMs = clock.nowMs();
    scheduler.request(claim(`u${count}`, { sinceMs, deadlineAtMs: sinceMs + 30_000 }));
    await clock.advanceBy(1_000);
    scheduler.release(granted.at(-1) ?? "");
    count++;
  }
  expect(granted).toContain("plain");
  // Seven levels of ageing bring 5 beyond what a near deadline counts.
  expect(count).toBeLessThanOrEqual(7 * 60 + 2);
  expect(count).toBeGreaterThan(6 * 60);
});

test("a claim with a lower limit of its own is not starved by those with a higher one", async () => {
  const { scheduler, granted, clock } = withGrants(10);
  const ask = (slot: string, limit: number) =>
    scheduler.request(claim(slot, { gates: [key("k", limit)], sinceMs: clock.nowMs() }));
  ask("wide-a", 2);
  ask("wide-b", 2);
  ask("strict", 1);
  let count = 0;
  for (let ended = 0; !granted.includes("strict") && count < 500; ended++) {
    ask(`wide-${count++}`, 2);
    ask(`wide-${count++}`, 2);
    await clock.advanceBy(1_000);
    scheduler.release(granted[ended] ?? "");
  }
  expect(granted).toContain("strict");
  // After one ageing period nobody who came later goes before it.
  expect(count).toBeLessThanOrEqual(2 * 64);
  // The others go on behind it.
  scheduler.release("strict");
  for (let at = 0; at < granted.length; at++) scheduler.release(granted[at] ?? "");
  expect(granted).toHaveLength(count + 3);
});

test("a lower rate of its own is not starved by a higher one with the same key", async () => {
  const { scheduler, granted, clock } = withGrants(100);
  const begun = new Set<string>();
  const ask = (slot: string, limit: number) =>
    scheduler.request(claim(slot, { gates: [rate("r", limit, 10_000)], sinceMs: clock.nowMs() }));
  ask("wide-first", 10);
  ask("wide-second", 10);
  ask("strict", 1);
  for (let count = 0; count < 300 && !granted.includes("strict"); count++) {
    ask(`wide-${count}`, 10);
    for (const slot of granted.filter((one) => !begun.has(one))) {
      begun.add(slot);
      scheduler.started(slot);
      scheduler.release(slot);
    }
    await clock.advanceBy(1_000);
  }
  expect(granted).toContain("strict");
  scheduler.started("strict");
  scheduler.release("strict");
  await clock.advanceBy(300_000);
  expect(granted.length).toBeGreaterThan(begun.size + 5);
});

test("one that a stricter one held up goes on when that one leaves", async () => {
  const { scheduler, granted, clock } = withGrants(10);
  scheduler.request(claim("a", { gates: [key("k", 2)] }));
  scheduler.request(claim("strict", { gates: [key("k", 1)] }));
  await clock.advanceBy(120_000);
  scheduler.request(claim("b", { gates: [key("k", 2)], sinceMs: clock.nowMs() }));
  expect(granted).toEqual(["a"]);
  scheduler.release("strict");
  expect(granted).toEqual(["a", "b"]);
});

test("who waits for a full key holds up nobody else, whatever its priority", () => {
  const { scheduler, granted } = withGrants(10);
  const gates = [key("k", 1)];
  scheduler.request(claim("a", { gates }));
  scheduler.request(claim("b", { gates, priority: 10 }));
  scheduler.request(claim("free", { priority: 0 }));
  expect(granted).toEqual(["a", "free"]);
  scheduler.release("a");
  expect(granted).toEqual(["a", "free", "b"]);
});

test("two claims of one key with different limits: each is held to its own", () => {
  const { scheduler, granted } = withGrants(10);
  scheduler.request(claim("a", { gates: [key("k", 2)] }));
  scheduler.request(claim("strict", { gates: [key("k", 1)] }));
  scheduler.request(claim("b", { gates: [key("k", 2)] }));
  expect(granted).toEqual(["a", "b"]);
  scheduler.release("a");
  expect(granted).toEqual(["a", "b"]);
  scheduler.release("b");
  expect(granted).toEqual(["a", "b", "strict"]);
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
  scheduler.request(claim("b", { gates: [key("k", 1)] }));
  scheduler.hold(claim("a", { gates: [key("k", 1)] }));
  expect(scheduler.tryAdmit(claim("c"))).toBe(false);
  scheduler.resume();
  expect(granted).toEqual([]);
  scheduler.release("a");
  expect(granted).toEqual(["b"]);
});

describe("rate limits", () => {
  test("count from the start of the attempt; time alone wakes who waits", async () => {
    const { scheduler, granted, clock } = withGrants(100);
    const gates = [rate("r", 2, 1_000)];
    for (const slot of ["a", "b", "c", "d"]) scheduler.request(claim(slot, { gates }));
    expect(granted).toEqual(["a", "b"]);
    await clock.advanceBy(100);
    scheduler.started("a");
    scheduler.started("b");
    scheduler.release("a");
    await clock.advanceBy(999);
    expect(granted).toEqual(["a", "b"]);
    await clock.advanceBy(1);
    expect(granted).toEqual(["a", "b", "c", "d"]);
  });

  test("what was granted and never started gives its room back", () => {
    const { scheduler, granted } = withGrants(100);
    const gates = [rate("r", 1, 1_000)];
    scheduler.request(claim("a", { gates }));
    scheduler.request(claim("b", { gates }));
    scheduler.release("a");
    expect(granted).toEqual(["a", "b"]);
  });

  test("a wall clock that jumps far ahead and back holds nobody up", async () => {
    const { scheduler, granted, clock } = withGrants(100);
    const gates = [rate("r", 1, 1_000)];
    scheduler.request(claim("a", { gates }));
    scheduler.started("a");
    clock.jumpWallClock(1e10);
    scheduler.request(claim("b", { gates }));
    clock.jumpWallClock(-2e10);
    await clock.advanceBy(1_000);
    expect(granted).toEqual(["a", "b"]);
  });
});

describe("circuit breakers", () => {
  test("what nobody asks about again is forgotten after a quiet time", async () => {
    const { scheduler, clock } = withGrants(100);
    const fail = (name: string, threshold = 2) =>
      scheduler.outcome(breaker(name, threshold), { isProbe: false, hasFailed: true });
    const known = (name: string) => scheduler.meter(breaker(name).name) !== undefined;
    for (let order = 0; order < 999; order++) fail(`closed-${order}`, 1 + (order % 2));
    scheduler.request(claim("held", { gates: [breaker("held")] }));
    fail("held");
    await clock.advanceBy(3_599_999);
    fail("closed-1");
    fail("young");
    expect(known("closed-3")).toBe(true);
    await clock.advanceBy(1);
    // Failures in a row, and no more: the last one was an hour ago.
    fail("closed-3");
    for (let more = 0; more < 1_010; more++) fail(`more-${more}`);
    expect([known("closed-0"), known("closed-5")]).toEqual([false, false]);
    expect([known("closed-1"), known("young"), known("held")]).toEqual([true, true, true]);
    const stats = () => scheduler.meter(breaker("closed-3").name) as { failures?: number };
    expect(stats().failures).toBe(1);
  });

  test("open, half-open with one probe at a time, closed", async () => {
    const { scheduler, granted, clock } = withGrants(100);
    const gate = breaker("b");
    const gates = [gate];
    const end = (slot: string, hasFailed: boolean | null, isProbe = false) => {
      if (hasFailed !== null) scheduler.outcome(gate, { isProbe, hasFailed });
      scheduler.release(slot);
    };
    for (const slot of ["a", "b"]) scheduler.request(claim(slot, { gates }));
    end("a", true);
    end("b", true);
    for (const slot of ["p1", "p2", "p3", "p4"]) scheduler.request(claim(slot, { gates }));
    expect(granted).toEqual(["a", "b"]);
    await clock.advanceBy(999);
    expect(granted).toEqual(["a", "b"]);
    await clock.advanceBy(1);
    expect(granted).toEqual(["a", "b", "p1"]);
    // The probe was lost: the next one goes.
    end("p1", null);
    expect(granted).toEqual(["a", "b", "p1", "p2"]);
    end("p2", true, true);
    await clock.advanceBy(999);
    expect(granted).toHaveLength(4);
    await clock.advanceBy(1);
    expect(granted.at(-1)).toBe("p3");
    end("p3", false, true);
    expect(granted.at(-1)).toBe("p4");
    scheduler.request(claim("free", { gates }));
    expect(granted.at(-1)).toBe("free");
  });

  test("a success in between begins the count anew", () => {
    const { scheduler, granted } = withGrants(100);
    const gate = breaker("b");
    for (const hasFailed of [true, false, true])
      scheduler.outcome(gate, { isProbe: false, hasFailed });
    scheduler.request(claim("a", { gates: [gate] }));
    expect(granted).toEqual(["a"]);
  });
});

/** A world of claims that checks the promises after every move. */
class Model {
  readonly clock = new SimulatedClock(0);
  readonly bound = 4;
  readonly held = new Map<string, SlotClaim>();
  readonly waiting = new Map<string, SlotClaim>();
  readonly starts = new Map<string, number[]>();
  readonly scheduler: Scheduler;
  grants = 0;
  readonly waitedFor = new Set<string>();

  readonly ageingMs: number;

  constructor(ageingMs: number) {
    this.ageingMs = ageingMs;
    this.scheduler = new Scheduler({
      ...{ clock: this.clock, bound: this.bound, ageingMs },
      onGrant: ({ claim }) => this.take(claim),
    });
  }

  take(claim: SlotClaim): void {
    this.grants++;
    this.waiting.delete(claim.slot);
    this.held.set(claim.slot, claim);
    if (this.held.size > this.bound) throw new Error(`${this.held.size} held`);
    // Each claim is held to its own limits, when it starts.
    for (const gate of claim.gates ?? [])
      if (this.room(gate) < 0) throw new Error(`${claim.slot}: over the limit of ${gate.name}`);
  }

  start(slot: string): void {
    const gates = this.held.get(slot)?.gates ?? [];
    if (this.#begun.has(slot)) return;
    this.#begun.add(slot);
    for (const gate of gates)
      if (gate.kind === "rate_limit") {
        const starts = this.starts.get(gate.name) ?? [];
        starts.push(this.clock.monotonicMs());
        this.starts.set(gate.name, starts);
      }
    this.scheduler.started(slot);
  }
  readonly #begun = new Set<string>();

  release(slot: string): void {
    this.held.delete(slot);
    this.waiting.delete(slot);
    this.#begun.delete(slot);
    this.scheduler.release(slot);
  }

  room(gate: Gate): number {
    if (gate.kind === "circuit_breaker" || gate.kind === "usage") return 1;
    const users = [...this.held.values()].filter((claim) =>
      claim.gates?.some(({ name }) => name === gate.name),
    );
    if (gate.kind !== "rate_limit") return gate.limit - users.length;
    const underWay = users.filter(({ slot }) => !this.#begun.has(slot)).length;
    const from = this.clock.monotonicMs() - gate.perMs;
    const recent = (this.starts.get(gate.name) ?? []).filter((start) => start > from).length;
    return gate.limit - underWay - recent;
  }

  /** A3: whatever waits is blocked by something. */
  checkIdle(after: string): void {
    expect([this.scheduler.held, this.scheduler.waiting], after).toEqual([
      this.held.size,
      this.waiting.size,
    ]);
    // Where claims age within the test, some stand back for others.
    if (this.held.size >= this.bound || this.ageingMs < AGEING_MS) return;
    for (const claim of this.waiting.values())
      if ((claim.gates ?? []).every((gate) => this.room(gate) > 0))
        throw new Error(`${after}: ${claim.slot} could start and waits`);
  }
}

const GATES: readonly Gate[] = [
  ...[key("x", 1), key("y", 2), key("y", 3), key("z", 3)],
  ...[rate("r", 2, 100), rate("s", 1, 30), rate("s", 3, 200)],
];

test.for([AGEING_MS, 40])(
  "property: limits are exact, and nothing that could start waits (ageing %d ms)",
  async (ageingMs) => {
    let grants = 0;
    let waits = 0;
    const move = fc.record({
      act: fc.constantFrom("request", "request", "try", "release", "release", "start", "time"),
      slot: fc.integer({ min: 0, max: 25 }),
      gates: fc.uniqueArray(fc.constantFrom(...GATES), {
        maxLength: 3,
        selector: ({ name }) => name,
      }),
      priority: fc.integer({ min: 0, max: 10 }),
      run: fc.integer({ min: 0, max: 3 }),
      deadline: fc.constantFrom(null, null, 100, 1e6),
      ms: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { minLength: 100, maxLength: 200, size: "max" }),
        async (moves) => {
          const model = new Model(ageingMs);
          const { scheduler, clock, held, waiting } = model;
          for (const { act, slot: number, gates, priority, run, deadline, ms } of moves) {
            const slot = `s${number}`;
            if (act === "time") await clock.advanceBy(ms);
            else if (act === "start") {
              if (held.has(slot)) model.start(slot);
            } else if (act === "release") model.release(slot);
            else if (!held.has(slot) && !waiting.has(slot)) {
              const asked = claim(slot, {
                ...{ priority, runId: `r${run}`, tenant: `t${run % 2}`, sinceMs: clock.nowMs() },
                deadlineAtMs: deadline === null ? null : clock.nowMs() + deadline,
                gates: gates.length === 0 ? null : gates,
              });
              if (act === "try") {
                if (scheduler.tryAdmit(asked)) model.take(asked);
              } else {
                waiting.set(slot, asked);
                scheduler.request(asked);
                if (waiting.has(slot)) waits++;
              }
            }
            model.checkIdle(act);
          }
          // In the end everybody is served.
          for (let round = 0; waiting.size > 0; round++) {
            if (round > 2_000) throw new Error(`${[...waiting.keys()]} are never served`);
            for (const slot of [...held.keys()]) {
              model.start(slot);
              model.release(slot);
            }
            await clock.advanceBy(20);
            model.checkIdle("end");
          }
          grants += model.grants;
        },
      ),
      { numRuns: 100 },
    );
    expect(grants).toBeGreaterThan(1_000);
    expect(waits).toBeGreaterThan(1_000);
  },
);
