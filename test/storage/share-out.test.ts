/** O1 to O7 of src/storage/share-out.ts: random calls of several hosts beside a plain model of the same rules. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SlotDemand, WaitingClaims } from "#ports/shared-slots.ts";
import { type HostShare, type ShareAnswer, shareOut } from "#storage/share-out.ts";

const AGEING_MS = 1_000;

/** A gate as a store keeps it, and calls of its hosts one after the other. */
class GateModel {
  readonly shares = new Map<number, HostShare>();
  readonly lapsed = new Set<number>();
  ofRuns = 0;
  drivers: readonly number[] = [];
  nowMs = 1_000_000;

  call(host: number, of: Partial<SlotDemand>): ShareAnswer {
    const demand: SlotDemand = {
      ...{ gate: "g", isOfRuns: false, limit: 1, inUse: 0, spare: 0, waiting: [], runs: [] },
      ...of,
    };
    const { lapsed, ofRuns, drivers, nowMs } = this;
    const shares = [...this.shares.values()];
    const answer = shareOut({
      ...{ host, demand, shares, lapsed, ofRuns, drivers, nowMs, ageingMs: AGEING_MS },
    });
    for (const one of answer.dropped) this.shares.delete(one);
    for (const share of answer.changed) this.shares.set(share.host, share);
    return answer;
  }

  heldBy(host: number): number {
    return this.shares.get(host)?.held ?? 0;
  }

  get total(): number {
    return this.ofRuns + [...this.shares.values()].reduce((sum, { held }) => sum + held, 0);
  }
}

function claims(of: Partial<WaitingClaims> = {}): WaitingClaims {
  return { limit: 1, priority: 5, sinceMs: 1_000_000, count: 1, ...of };
}

const waitingClaims = fc.record({
  limit: fc.integer({ min: 1, max: 4 }),
  priority: fc.integer({ min: 0, max: 2 }),
  sinceMs: fc.integer({ min: 996_000, max: 1_000_500 }),
  count: fc.integer({ min: 1, max: 3 }),
});

const call = fc.record({
  host: fc.integer({ min: 1, max: 4 }),
  /** Of what it was given; now and then it has found more than that. */
  used: fc.double({ min: 0, max: 1, noNaN: true }),
  found: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 2 })),
  spare: fc.integer({ min: 0, max: 3 }),
  limit: fc.integer({ min: 1, max: 4 }),
  waiting: fc.array(waitingClaims, { maxLength: 3 }),
  ofRuns: fc.integer({ min: 0, max: 2 }),
  lapsed: fc.subarray([1, 2, 3, 4]),
  isOfRuns: fc.boolean(),
  passMs: fc.integer({ min: 0, max: 700 }),
});

/** One claim, as the model sees it. */
interface OneClaim {
  readonly host: number;
  readonly limit: number;
  readonly priority: number;
  readonly sinceMs: number | null;
}

/** The same rules, claim by claim: what each host holds in the end. */
function expected(gate: GateModel, host: number, demand: SlotDemand): Map<number, number> {
  const held = new Map([...gate.shares].map(([one, share]) => [one, share.held]));
  const turns = new Map([...gate.shares].map(([one, { turn }]) => [one, turn]));
  held.set(host, demand.inUse);
  const isNew = demand.waiting.length > 0 && gate.shares.get(host)?.waiting.length === 0;
  if (!turns.has(host) || isNew) turns.set(host, Math.max(0, ...turns.values()) + 1);
  const waiting = [...gate.shares.values()].filter((share) => share.host !== host);
  const all: { host: number; of: readonly (readonly OneClaim[])[] }[] = [
    ...waiting.map((share) => ({ host: share.host, of: share.waiting.map(each(share.host)) })),
    { host, of: demand.waiting.map(each(host)) },
  ];
  const lines = all
    .filter((one) => !gate.lapsed.has(one.host))
    .flatMap(({ of }) => of.map((line) => [...line]));
  const total = () => gate.ofRuns + [...held.values()].reduce((sum, one) => sum + one, 0);
  const effective = ({ priority, sinceMs }: OneClaim) =>
    priority + (sinceMs === null ? 0 : Math.max(0, Math.floor((gate.nowMs - sinceMs) / AGEING_MS)));
  const byTurn = ([a]: readonly OneClaim[], [b]: readonly OneClaim[]) =>
    a === undefined || b === undefined
      ? 0
      : (turns.get(a.host) ?? 0) - (turns.get(b.host) ?? 0) ||
        (a.sinceMs ?? 9e15) - (b.sinceMs ?? 9e15);
  const isAged = ({ sinceMs }: OneClaim) =>
    !demand.isOfRuns && sinceMs !== null && gate.nowMs - sinceMs >= AGEING_MS;
  /** The line whose first claim goes next; undefined: none does. */
  const nextOf = (among: readonly OneClaim[][], taken = total()) => {
    const stops = among.filter(
      ([head]) => head !== undefined && (taken < head.limit || isAged(head)),
    );
    const levels = Map.groupBy(stops, ([head]) => head?.priority);
    const [line] = [...levels.values()]
      .flatMap((level) => level.toSorted(byTurn).slice(0, 1))
      .toSorted((a, b) => {
        const [left, right] = [a[0], b[0]];
        if (left === undefined || right === undefined) return 0;
        return effective(right) - effective(left) || byTurn(a, b);
      });
    const head = line?.[0];
    return head === undefined || taken >= head.limit ? undefined : line;
  };
  const before = gate.shares.get(host);
  const own = lines.filter(([claim]) => claim?.host === host);
  while (before?.isGiven === true && (held.get(host) ?? 0) < before.held) {
    const line = nextOf(own, -1);
    if (line === undefined) break;
    line.shift();
    held.set(host, (held.get(host) ?? 0) + 1);
  }
  for (;;) {
    const line = nextOf(lines);
    const head = line?.shift();
    if (head === undefined) break;
    held.set(head.host, (held.get(head.host) ?? 0) + 1);
    turns.set(head.host, Math.max(...turns.values()) + 1);
  }
  const isWanted = lines.some((line) => line.some((one) => one.host !== host));
  if (!isWanted && !gate.lapsed.has(host))
    for (let left = demand.spare; left > 0 && total() < demand.limit; left--)
      held.set(host, (held.get(host) ?? 0) + 1);
  return held;
}

function each(host: number) {
  return ({ count, ...of }: { count: number } & Omit<OneClaim, "host">): OneClaim[] =>
    Array.from({ length: count }, (_, at) => ({
      ...of,
      host,
      sinceMs: at === 0 ? of.sinceMs : null,
    }));
}

describe("slots of a gate between hosts", () => {
  test("O1, O2, O4, O5, O6 any order of calls gives what the model gives, and never more than a limit", () => {
    const met = { given: 0, heldBack: 0, over: 0, lapsed: 0 };
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 30 }), (calls) => {
        const gate = new GateModel();
        for (const { host, used, found, lapsed, ofRuns, passMs, ...of } of calls) {
          gate.nowMs += passMs;
          gate.ofRuns = ofRuns;
          gate.lapsed.clear();
          for (const one of lapsed) gate.lapsed.add(one);
          const before = gate.total;
          const inUse = Math.floor(used * gate.heldBy(host)) + found;
          const demand = { gate: "g", runs: [], inUse, ...of };
          const model = expected(gate, host, demand);
          const held = new Map([...gate.shares].map(([one, share]) => [one, share.held]));
          const answer = gate.call(host, demand);
          const after = new Map([...gate.shares].map(([one, share]) => [one, share.held]));
          for (const [one, count] of model)
            expect([one, after.get(one) ?? 0]).toEqual([one, count]);
          expect(answer.held).toBe(model.get(host));
          expect(answer.held).toBeGreaterThanOrEqual(inUse);
          expect(answer.held + answer.elsewhere).toBe(gate.total);
          expect(answer.besides).toBeLessThanOrEqual(answer.elsewhere);
          const given = gate.total - (before - (held.get(host) ?? 0) + inUse);
          expect(given).toBeGreaterThanOrEqual(0);
          // What it was given before and takes now counted all the while.
          const counted = Math.max(before, before - (held.get(host) ?? 0) + inUse);
          if (gate.total > counted) expect(gate.total).toBeLessThanOrEqual(4);
          if (given > 0) met.given++;
          if (gate.total > 4) met.over++;
          if (gate.lapsed.has(host)) met.lapsed++;
          if (answer.short > 0 && gate.total < 4) met.heldBack++;
        }
      }),
      { numRuns: 300 },
    );
    for (const [what, count] of Object.entries(met))
      expect([what, count > 0]).toEqual([what, true]);
  });

  test("O7 a slot that others gave goes to who was given it, however many wait", () => {
    const gate = new GateModel();
    gate.call(9, { inUse: 1 });
    for (const host of [1, 2, 3]) gate.call(host, { waiting: [claims()] });
    gate.call(9, {});
    const given = [1, 2, 3].filter((host) => gate.heldBy(host) === 1);
    expect(given.length).toBe(1);
    for (const host of given)
      expect(gate.call(host, { waiting: [claims()] })).toMatchObject({ held: 1, short: 0 });
  });

  test("O8 a claim with a low limit starts, although others are given more after it", () => {
    const gate = new GateModel();
    gate.call(9, { inUse: 3, limit: 3 });
    const old = gate.nowMs - 5 * AGEING_MS;
    gate.call(1, { waiting: [claims({ limit: 1, sinceMs: old })] });
    gate.call(2, { limit: 3, waiting: [claims({ limit: 3, count: 9 })] });
    // Held back until nobody has any; then each of them is given by its own limit.
    gate.call(9, { inUse: 1, limit: 3 });
    expect([gate.heldBy(1), gate.heldBy(2)]).toEqual([0, 0]);
    gate.call(9, { limit: 3 });
    expect([gate.heldBy(1), gate.heldBy(2)]).toEqual([1, 2]);
    const low = { waiting: [claims({ limit: 1, sinceMs: old })] };
    expect(gate.call(1, low)).toMatchObject({ held: 1, elsewhere: 2, besides: 0 });
    expect(gate.call(1, { inUse: 1 })).toMatchObject({ held: 1, elsewhere: 2, besides: 2 });
    // The same where its own call gives it.
    const own = new GateModel();
    own.call(2, { limit: 3, inUse: 1, waiting: [] });
    own.call(1, low);
    own.call(2, { limit: 3, inUse: 1, waiting: [claims({ limit: 3, count: 9 })] });
    own.lapsed.add(2);
    own.shares.delete(2);
    expect(own.call(1, low)).toMatchObject({ held: 1, elsewhere: 0, besides: 0 });
  });

  test("O3 who wants a slot has it after as many turns as there are hosts, however others come and go", () => {
    let worst = 0;
    const turn = fc.record({ host: fc.integer({ min: 2, max: 4 }), leaves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 12, maxLength: 40 }), (adversary) => {
        const gate = new GateModel();
        gate.call(2, { waiting: [claims()] });
        let turns = 0;
        gate.call(1, { waiting: [claims()] });
        for (const { host, leaves } of adversary) {
          if (gate.heldBy(1) > 0) break;
          // Whoever has the slot gives it up and comes again, at once or as somebody new.
          for (const other of [2, 3, 4]) {
            if (gate.heldBy(other) === 0) continue;
            turns++;
            if (leaves) gate.call(other, {});
            gate.call(other, { waiting: [claims()] });
          }
          if (gate.heldBy(1) > 0) break;
          if (leaves && gate.heldBy(host) === 0) gate.call(host, {});
          if (gate.heldBy(host) === 0) gate.call(host, { waiting: [claims()] });
        }
        expect(gate.heldBy(1)).toBe(1);
        worst = Math.max(worst, turns);
      }),
      { numRuns: 500 },
    );
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(4);
  });

  test("O2 a low priority goes first once it has aged beyond the others", () => {
    const gate = new GateModel();
    gate.call(1, { waiting: [claims({ priority: 9 })] });
    gate.call(2, { waiting: [claims({ priority: 0 })] });
    for (let turn = 0; turn < 20 && gate.heldBy(2) === 0; turn++) {
      gate.nowMs += AGEING_MS;
      gate.call(1, { waiting: [claims({ priority: 9, sinceMs: gate.nowMs })] });
      expect(gate.heldBy(2)).toBe(turn < 8 ? 0 : 1);
    }
    expect(gate.heldBy(2)).toBe(1);
  });

  test("O2 a flood that has waited long takes turns with who comes with the same priority", () => {
    const gate = new GateModel();
    gate.call(1, { inUse: 1, waiting: [claims({ count: 1_000 })] });
    gate.nowMs += 100 * AGEING_MS;
    gate.call(2, { waiting: [claims({ sinceMs: gate.nowMs })] });
    gate.call(1, { inUse: 0, waiting: [claims({ count: 999 })] });
    gate.call(1, { inUse: 0, waiting: [claims({ count: 998 })] });
    expect(gate.heldBy(2)).toBe(1);
  });

  test("O5 a low limit waits for room, then holds back who came later; claims of runs do not", () => {
    for (const isOfRuns of [false, true]) {
      const gate = new GateModel();
      gate.call(1, { isOfRuns, waiting: [claims({ limit: 3, count: 2 })] });
      gate.call(2, { isOfRuns, waiting: [claims({ limit: 1 })] });
      const later = { isOfRuns, waiting: [claims({ limit: 3, sinceMs: gate.nowMs })] };
      expect(gate.call(3, later)).toMatchObject({ held: 1 });
      gate.nowMs += AGEING_MS;
      const again = { isOfRuns, waiting: [claims({ limit: 3, sinceMs: gate.nowMs })] };
      gate.call(1, { isOfRuns, inUse: 0 });
      expect(gate.call(4, again)).toMatchObject({ held: isOfRuns ? 1 : 0 });
      gate.call(4, {});
      gate.call(3, { isOfRuns });
      expect(gate.heldBy(2)).toBe(1);
    }
  });

  test("hosts are told once that others wait, and when another's call gives them slots", () => {
    const gate = new GateModel();
    gate.drivers = [7];
    gate.ofRuns = 1;
    expect(gate.call(1, { limit: 2, waiting: [claims({ limit: 2 })] })).toMatchObject({
      held: 1,
      tell: [],
    });
    const wanting = { limit: 2, waiting: [claims({ limit: 2 })] };
    expect(gate.call(2, wanting)).toMatchObject({ held: 0, short: 1, tell: [1, 7] });
    expect(gate.call(2, wanting)).toMatchObject({ held: 0, tell: [] });
    expect(gate.call(1, { limit: 2 })).toMatchObject({ held: 0, dropped: [7, 1], tell: [2] });
    expect(gate.shares.get(2)).toMatchObject({ held: 1, isGiven: true, waiting: [] });
    expect(gate.call(2, { limit: 2, inUse: 1 }).changed).toMatchObject([{ isGiven: false }]);
    // Nobody waits any more: who drives the run is forgotten, and told anew next time.
    expect(gate.shares.has(7)).toBe(false);
    expect(gate.call(1, wanting)).toMatchObject({ held: 0, tell: [2, 7] });
  });
});
