/** fair-queue.ts against a plain model of its rules, and with a million who wait. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SlotClaim } from "#engine/admission/claim.ts";
import { type Entry, FairQueue } from "#engine/admission/fair-queue.ts";
import { Scheduler } from "#engine/admission/scheduler.ts";
import { Look, slotWait } from "#engine/admission/slot-wait.ts";
import { SimulatedClock } from "../../simulation/simulated-clock.ts";

const TIMES = { ageingMs: 100, urgencyMs: 100 };

function entryOf(order: number, more: Partial<SlotClaim>): Entry {
  const claim: SlotClaim = {
    ...{ slot: `s${order}`, tenant: "t", runId: "r", path: "p", priority: 5, rank: 0, sinceMs: 0 },
    ...{ deadlineAtMs: null, gates: null, ...more },
  };
  return { claim, order, isGone: false };
}

/** Q3: each rank is worth so many places in the line of its run. */
const RANK_PLACES = 10_000;
const placeOf = ({ order, claim }: Entry) => order - claim.rank * RANK_PLACES;

/** The rules as they are written, with lists and scans. */
class Model {
  entries: Entry[] = [];
  /** Per level: tenants in their turn, per tenant: runs in theirs. */
  readonly #tenants: string[][] = Array.from({ length: 11 }, () => []);
  readonly #runs = new Map<string, string[]>();

  push(entry: Entry): void {
    const { priority, tenant, runId } = entry.claim;
    const tenants = this.#tenants[priority] ?? [];
    this.#tidy();
    if (!tenants.includes(tenant)) tenants.push(tenant);
    const key = `${priority} ${tenant}`;
    const runs = this.#runs.get(key) ?? [];
    this.#runs.set(key, runs);
    if (!runs.includes(runId)) runs.push(runId);
    this.entries.push(entry);
  }

  shift(nowMs: number): Entry | undefined {
    const urgent = this.entries
      .filter(({ claim }) => (claim.deadlineAtMs ?? 1e15) - nowMs <= TIMES.urgencyMs)
      .sort(
        (a, b) => (a.claim.deadlineAtMs ?? 0) - (b.claim.deadlineAtMs ?? 0) || a.order - b.order,
      );
    if (urgent[0] !== undefined) return this.#take(urgent[0]);
    this.#tidy();
    let best: Entry | undefined;
    let bestPriority = -1;
    for (let priority = 10; priority >= 0; priority--) {
      const tenant = this.#tenants[priority]?.[0];
      const runId = this.#runs.get(`${priority} ${tenant}`)?.[0];
      const next = this.entries
        .filter(
          ({ claim }) =>
            claim.priority === priority && claim.tenant === tenant && claim.runId === runId,
        )
        .sort((a, b) => placeOf(a) - placeOf(b) || a.order - b.order)[0];
      if (next === undefined) continue;
      const aged = Math.max(0, Math.floor((nowMs - next.claim.sinceMs) / TIMES.ageingMs));
      if (priority + aged <= bestPriority) continue;
      best = next;
      bestPriority = priority + aged;
    }
    if (best === undefined) return undefined;
    const { priority, tenant, runId } = best.claim;
    const runs = this.#runs.get(`${priority} ${tenant}`) ?? [];
    runs.push(...runs.splice(runs.indexOf(runId), 1));
    const tenants = this.#tenants[priority] ?? [];
    tenants.push(...tenants.splice(tenants.indexOf(tenant), 1));
    return this.#take(best);
  }

  #take(entry: Entry): Entry {
    this.entries = this.entries.filter((other) => other !== entry);
    return entry;
  }

  /** Who has nothing to ask loses the turn. */
  #tidy(): void {
    for (const [priority, tenants] of this.#tenants.entries()) {
      const has = (tenant: string, runId?: string) =>
        this.entries.some(
          ({ claim }) =>
            claim.priority === priority &&
            claim.tenant === tenant &&
            (runId === undefined || claim.runId === runId),
        );
      this.#tenants[priority]?.splice(0, tenants.length, ...tenants.filter((name) => has(name)));
      for (const [key, runs] of this.#runs) {
        const [level, tenant = ""] = key.split(" ");
        if (Number(level) === priority)
          runs.splice(0, runs.length, ...runs.filter((runId) => has(tenant, runId)));
      }
    }
  }
}

/**
 * A line that was emptied by a deadline or by those who left keeps its turn until that comes, so
 * the model is compared without deadlines; with them, what inOrder() foretells must come true.
 */
test.each([
  { name: "without deadlines", deadlines: [null] },
  { name: "with deadlines", deadlines: [null, null, 50, 400] },
])("property, $name: goes in the order of a plain model, and as foretold", ({ deadlines }) => {
  const act = fc.record({
    push: fc.boolean(),
    tenant: fc.constantFrom("a", "b", "c"),
    run: fc.integer({ min: 0, max: 2 }),
    priority: fc.constantFrom(3, 5, 5, 9),
    rank: fc.constantFrom(0, 0, 1, 4),
    deadline: fc.constantFrom<number | null>(...deadlines),
    ms: fc.constantFrom(0, 0, 7, 120),
  });
  let shifts = 0;
  fc.assert(
    fc.property(fc.array(act, { minLength: 60, maxLength: 150, size: "max" }), (acts) => {
      const queue = new FairQueue(TIMES);
      const model = new Model();
      let nowMs = 0;
      for (const [order, { push, tenant, run, priority, rank, deadline, ms }] of acts.entries()) {
        nowMs += ms;
        if (push || order % 3 === 0) {
          const deadlineAtMs = deadline === null ? null : nowMs + deadline;
          const claim = { tenant, runId: `${run}`, priority, rank, sinceMs: nowMs, deadlineAtMs };
          const entry = entryOf(order, claim);
          queue.push(entry);
          model.push(entry);
          continue;
        }
        const [foretold] = queue.inOrder(nowMs);
        const modelled = deadlines.length === 1 ? model.shift(nowMs)?.claim.slot : null;
        const expected = modelled === null ? foretold?.claim.slot : modelled;
        expect(foretold?.claim.slot).toBe(expected);
        expect(queue.peek(nowMs)?.claim.slot).toBe(expected);
        expect(queue.shift(nowMs)?.claim.slot).toBe(expected);
        shifts++;
      }
      const rest = [...queue.inOrder(nowMs)].map(({ claim }) => claim.slot);
      for (const expected of rest) expect(queue.shift(nowMs)?.claim.slot).toBe(expected);
      expect(queue.size).toBe(0);
    }),
    { numRuns: 200 },
  );
  expect(shifts).toBeGreaterThan(1_000);
});

test("a rank passes so many that asked earlier, and no more: nobody is passed for ever", () => {
  const queue = new FairQueue(TIMES);
  queue.push(entryOf(0, { rank: 0 }));
  const newcomers = [1, RANK_PLACES - 1, RANK_PLACES + 1, 2 * RANK_PLACES + 1];
  for (const [at, order] of newcomers.entries())
    queue.push(entryOf(order, { rank: at === 3 ? 2 : 1 }));
  const slots = newcomers.map((order) => `s${order}`);
  expect([...queue.inOrder(0)].map(({ claim }) => claim.slot)).toEqual([
    ...slots.slice(0, 2),
    "s0",
    ...slots.slice(2),
  ]);
});

test("those who leave are swept out, and the others keep their order", () => {
  const queue = new FairQueue(TIMES);
  const entries = Array.from({ length: 5_000 }, (_, at) =>
    entryOf(at, { runId: `r${at % 7}`, deadlineAtMs: at % 2 === 0 ? 1e9 : null }),
  );
  for (const entry of entries) queue.push(entry);
  for (const entry of entries) if (entry.order % 10 !== 0) queue.remove(entry);
  expect(queue.size).toBe(500);
  const order = [...queue.inOrder(0)].map(({ order }) => order);
  for (const expected of order) expect(queue.shift(0)?.order).toBe(expected);
  expect(queue.shift(0)).toBeUndefined();
});

/** LOCKSTITCH_WAITING=1000000 for figures: what one costs then is what it costs here. */
const WAITING = Number(process.env["LOCKSTITCH_WAITING"] ?? 200_000);

/** How long explain looks for the place of one who waits at the bound, and of one at the key. */
function explainLook(scheduler: Scheduler, count: number): number {
  const beganMs = performance.now();
  const look = new Look(new SimulatedClock(0));
  for (const at of [count - 1, 3 * Math.floor(count / 6)])
    expect(slotWait(scheduler, `s${at}`, look)?.ahead).toBeGreaterThan(0);
  const tookMs = performance.now() - beganMs;
  // What a call of SharedSlots.settle() says of a line does not grow with it.
  const line = scheduler.waitOf("s0")?.line;
  const levels = line?.queue.byPriority() ?? [];
  expect(levels.reduce((sum, level) => sum + level.count, 0)).toBe(line?.queue.size);
  return tookMs;
}

test(`${WAITING} wait: what one costs to ask and to be granted`, () => {
  const count = WAITING;
  const running: string[] = [];
  let granted = 0;
  const scheduler = new Scheduler({
    clock: new SimulatedClock(0),
    bound: 100,
    onGrant: ({ claim }) => {
      granted++;
      running.push(claim.slot);
    },
  });
  const key = { kind: "concurrency", name: "concurrency:k", key: "k", limit: 50 } as const;
  scheduler.stop();
  const heapBefore = process.memoryUsage().heapUsed;
  const askedMs = performance.now();
  for (let at = 0; at < count; at++)
    scheduler.request({
      ...{ slot: `s${at}`, tenant: `t${at % 10}`, runId: `r${at % 1_000}`, path: "p" },
      ...{
        priority: at % 11,
        rank: 0,
        sinceMs: 0,
        deadlineAtMs: null,
        gates: at % 3 === 0 ? [key] : null,
      },
    });
  const drainMs = performance.now();
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  expect(scheduler.waiting).toBe(count);
  const lookMs = explainLook(scheduler, count);
  const resumedMs = performance.now();
  scheduler.resume();
  while (running.length > 0) {
    const batch = running.splice(0);
    for (const slot of batch) scheduler.release(slot);
  }
  const endMs = performance.now();
  expect(granted).toBe(count);
  expect([scheduler.held, scheduler.waiting]).toEqual([0, 0]);
  const each = (ms: number) => ((ms * 1_000) / count).toFixed(2);
  process.stdout.write(
    `${count} waiting: ${each(drainMs - askedMs)} us to ask, ${each(endMs - resumedMs)} us to grant and release, ${Math.round(heapBytes / count)} bytes each, ${lookMs.toFixed(0)} ms for explain to look at a place\n`,
  );
});
