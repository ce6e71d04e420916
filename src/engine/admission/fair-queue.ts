/**
 * Who waits at one gate, and who goes next.
 *
 *   Q1. A claim whose deadline is nearer than `urgencyMs` counts one level more than the highest;
 *       of several the nearest goes first.
 *   Q2. The level whose next claim has the greatest effective priority goes: its own priority and
 *       one more for each `ageingMs` that it has waited; at equal the urgent, then the higher level.
 *   Q3. Inside a level tenants take turns, inside a tenant its runs, and inside a run the claim with
 *       the greatest rank goes first, then the one that asked first: a tenant or a run with 10,000
 *       claims delays others by one each. A rank is worth a place in the line, no more: it lets a
 *       claim pass at most RANK_PLACES others for each, so nobody is passed for ever.
 *   Q4. The next claim of a level stays the next until it goes, leaves, or is passed by one of its own
 *       run (Q3), so it ages until it wins: nothing starves, and no timer is needed for that.
 *
 * Adding and taking cost O(1) for the rotation and O(log n) within one run. What leaves early is
 * marked and passed over; many such are swept out together.
 */
import { BinaryHeap } from "../binary-heap.ts";
import type { SlotClaim } from "./claim.ts";

const LEVELS = 11;
/** What an urgent claim counts; a plain one goes before it once it has aged beyond. */
const URGENT = LEVELS;
const ANY = Number.NEGATIVE_INFINITY;
/** Marked ones that may stand about before a sweep. */
const STALE_MAX = 1_000;

/** One claim in one queue. Moved to another queue it becomes another entry. */
export interface Entry {
  readonly claim: SlotClaim;
  /** When it asked, among all: the place in line inside a run. */
  readonly order: number;
  isGone: boolean;
}

export interface QueueTimes {
  readonly ageingMs: number;
  readonly urgencyMs: number;
}

/** A ring of those who take turns; a singly linked list whose head is the next. */
interface Ring<Item extends { next: Item | null }> {
  head: Item | null;
  tail: Item | null;
}

interface RunLine {
  readonly runId: string;
  readonly entries: BinaryHeap<Entry>;
  next: RunLine | null;
}

interface TenantLine extends Ring<RunLine> {
  readonly tenant: string;
  readonly runs: Map<string, RunLine>;
  next: TenantLine | null;
}

interface Level extends Ring<TenantLine> {
  readonly priority: number;
  readonly tenants: Map<string, TenantLine>;
  size: number;
}

export class FairQueue {
  readonly #times: QueueTimes;
  readonly #levels: (Level | undefined)[] = new Array(LEVELS);
  readonly #deadlines = new BinaryHeap<Entry>(isDueBefore);
  #size = 0;
  #stale = 0;

  constructor(times: QueueTimes) {
    this.#times = times;
  }

  get size(): number {
    return this.#size;
  }

  push(entry: Entry): void {
    const { claim } = entry;
    const level = this.#level(claim.priority);
    let tenant = level.tenants.get(claim.tenant);
    if (tenant === undefined) {
      tenant = { tenant: claim.tenant, runs: new Map(), head: null, tail: null, next: null };
      level.tenants.set(claim.tenant, tenant);
      append(level, tenant);
    }
    let run = tenant.runs.get(claim.runId);
    if (run === undefined) {
      run = { runId: claim.runId, entries: new BinaryHeap(goesBefore), next: null };
      tenant.runs.set(claim.runId, run);
      append(tenant, run);
    }
    run.entries.push(entry);
    level.size++;
    this.#size++;
    if (claim.deadlineAtMs !== null) this.#deadlines.push(entry);
  }

  /** The claim that goes next, without taking it. */
  peek(nowMs: number): Entry | undefined {
    const urgent = this.#urgent(nowMs);
    const level = this.#nextLevel(nowMs, urgent === undefined ? ANY : URGENT);
    return level === undefined ? urgent : nextOf(level);
  }

  /** Takes the claim that goes next. */
  shift(nowMs: number): Entry | undefined {
    const urgent = this.#urgent(nowMs);
    const level = this.#nextLevel(nowMs, urgent === undefined ? ANY : URGENT);
    if (level === undefined) {
      if (urgent !== undefined) this.remove(urgent);
      return urgent;
    }
    const entry = takeNext(level);
    if (entry === undefined) return undefined;
    entry.isGone = true;
    // It may still stand among the deadlines.
    level.size--;
    this.#size--;
    if (entry.claim.deadlineAtMs !== null) this.#grewStale();
    return entry;
  }

  /** Leaves the queue; the caller knows that the entry stands in this one. */
  remove(entry: Entry): void {
    entry.isGone = true;
    const level = this.#levels[entry.claim.priority];
    if (level !== undefined) level.size--;
    this.#size--;
    this.#grewStale();
  }

  /** How many wait of each priority of their own, and the one of them that goes next. */
  byPriority(): readonly { priority: number; count: number; next: SlotClaim }[] {
    return this.#levels.flatMap((level) => {
      const next = level === undefined || level.size === 0 ? undefined : nextOf(level);
      if (level === undefined || next === undefined) return [];
      return [{ priority: level.priority, count: level.size, next: next.claim }];
    });
  }

  /** All entries in the order in which they would go if nobody came and no time passed. */
  *inOrder(nowMs: number): Generator<Entry> {
    const copy = new FairQueue(this.#times);
    for (const level of this.#levels)
      if (level !== undefined) copy.#levels[level.priority] = copyOf(level);
    const urgent = this.#deadlines
      .items()
      .filter((entry) => !entry.isGone && this.#isUrgent(entry, nowMs))
      .sort((a, b) => (isDueBefore(a, b) ? -1 : 1));
    const passed = new Set<Entry>();
    for (let at = 0; ; ) {
      while (at < urgent.length && passed.has(urgent[at] as Entry)) at++;
      const next = urgent[at];
      const level = copy.#nextLevel(nowMs, next === undefined ? ANY : URGENT, passed);
      const entry = level === undefined ? next : takeNext(level, passed);
      if (entry === undefined) return;
      passed.add(entry);
      yield entry;
    }
  }

  #level(priority: number): Level {
    const present = this.#levels[priority];
    if (present !== undefined) return present;
    const level: Level = { priority, tenants: new Map(), size: 0, head: null, tail: null };
    this.#levels[priority] = level;
    return level;
  }

  #isUrgent({ claim }: Entry, nowMs: number): boolean {
    return claim.deadlineAtMs !== null && claim.deadlineAtMs - nowMs <= this.#times.urgencyMs;
  }

  #urgent(nowMs: number): Entry | undefined {
    let top = this.#deadlines.peek();
    while (top?.isGone) {
      this.#deadlines.pop();
      top = this.#deadlines.peek();
    }
    return top !== undefined && this.#isUrgent(top, nowMs) ? top : undefined;
  }

  /** The level that goes next, if its next claim counts more than `above`. */
  #nextLevel(nowMs: number, above: number, passed?: ReadonlySet<Entry>): Level | undefined {
    let best: Level | undefined;
    let bestPriority = above;
    for (let priority = LEVELS - 1; priority >= 0; priority--) {
      const level = this.#levels[priority];
      if (level === undefined || level.size === 0) continue;
      const next = nextOf(level, passed);
      if (next === undefined) continue;
      const effective = effectivePriority(next.claim, nowMs, this.#times.ageingMs);
      if (effective <= bestPriority) continue;
      best = level;
      bestPriority = effective;
    }
    return best;
  }

  #grewStale(): void {
    if (++this.#stale <= STALE_MAX || this.#stale <= this.#size) return;
    this.#stale = 0;
    this.#deadlines.compact((entry) => !entry.isGone);
    for (const level of this.#levels) {
      for (const tenant of level?.tenants.values() ?? []) {
        for (const run of tenant.runs.values()) run.entries.compact((entry) => !entry.isGone);
        keep(tenant, tenant.runs, ({ entries }) => entries.size > 0);
      }
      if (level !== undefined) keep(level, level.tenants, ({ runs }) => runs.size > 0);
    }
  }
}

/** Its own priority, and one level more for each `ageingMs` that it has waited. */
export function effectivePriority(
  { priority, sinceMs }: SlotClaim,
  nowMs: number,
  ageingMs: number,
): number {
  return priority + Math.max(0, Math.floor((nowMs - sinceMs) / ageingMs));
}

/** Claims that asked earlier which one more of rank passes by. */
const RANK_PLACES = 10_000;

function placeOf({ order, claim }: Entry): number {
  return order - claim.rank * RANK_PLACES;
}

function goesBefore(a: Entry, b: Entry): boolean {
  const left = placeOf(a);
  const right = placeOf(b);
  return left < right || (left === right && a.order < b.order);
}

function isDueBefore(a: Entry, b: Entry): boolean {
  const left = a.claim.deadlineAtMs ?? Number.POSITIVE_INFINITY;
  const right = b.claim.deadlineAtMs ?? Number.POSITIVE_INFINITY;
  return left < right || (left === right && a.order < b.order);
}

function append<Item extends { next: Item | null }>(ring: Ring<Item>, item: Item): void {
  item.next = null;
  if (ring.tail === null) ring.head = item;
  else ring.tail.next = item;
  ring.tail = item;
}

function dropHead<Item extends { next: Item | null }>(ring: Ring<Item>): void {
  ring.head = ring.head?.next ?? null;
  if (ring.head === null) ring.tail = null;
}

/** Keeps those that `isKept` accepts, in their order. */
function keep<Item extends { next: Item | null }>(
  ring: Ring<Item>,
  names: Map<string, Item>,
  isKept: (item: Item) => boolean,
): void {
  for (const [name, item] of names) if (!isKept(item)) names.delete(name);
  let item = ring.head;
  ring.head = null;
  ring.tail = null;
  while (item !== null) {
    const { next } = item;
    if (isKept(item)) append(ring, item);
    item = next;
  }
}

/** The level's next entry; drops what has left and lines that are empty. */
function nextOf(level: Level, passed?: ReadonlySet<Entry>): Entry | undefined {
  for (let tenant = level.head; tenant !== null; tenant = level.head) {
    for (let run = tenant.head; run !== null; run = tenant.head) {
      let top = run.entries.peek();
      while (
        top !== undefined &&
        (passed === undefined ? top.isGone : top.isGone || passed.has(top))
      ) {
        run.entries.pop();
        top = run.entries.peek();
      }
      if (top !== undefined) return top;
      tenant.runs.delete(run.runId);
      dropHead(tenant);
    }
    level.tenants.delete(tenant.tenant);
    dropHead(level);
  }
  return undefined;
}

/** Takes the level's next entry and gives the turn to the next run and the next tenant. */
function takeNext(level: Level, passed?: ReadonlySet<Entry>): Entry | undefined {
  const entry = nextOf(level, passed);
  const tenant = level.head;
  const run = tenant?.head ?? null;
  if (entry === undefined || tenant === null || run === null) return undefined;
  run.entries.pop();
  dropHead(tenant);
  if (run.entries.size > 0) append(tenant, run);
  else tenant.runs.delete(run.runId);
  dropHead(level);
  if (tenant.head !== null) append(level, tenant);
  else level.tenants.delete(tenant.tenant);
  return entry;
}

function copyOf(level: Level): Level {
  const copy: Level = { ...level, tenants: new Map(), head: null, tail: null };
  for (let tenant = level.head; tenant !== null; tenant = tenant.next) {
    const tenantCopy: TenantLine = { ...tenant, runs: new Map(), head: null, tail: null };
    for (let run = tenant.head; run !== null; run = run.next)
      append(tenantCopy, { ...run, entries: run.entries.copy() });
    append(copy, tenantCopy);
  }
  return copy;
}
