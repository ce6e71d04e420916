/**
 * Admission: the one place that decides whether an attempt, or a run, may start now. Nothing waits
 * inside a started attempt. Rate limits, breakers, bulkheads, quotas and ageing join here.
 *
 *   A1. At no instant do more than `bound` attempts hold a slot, nor more than `limit` of a key.
 *   A2. Of two that could start, the one of higher priority does, then the one of the earlier
 *       round, then the one that waits longer. A run's claims stand in one round each, in the order
 *       in which it asked; in a round every run that waits is served once, so
 *       that a run with thousands of attempts delays the others by one each.
 *   A3. What could start now never waits: every release grants what it made room for.
 *   A4. A request that waits for its key holds up nobody of another key.
 *
 * A slot is named by its holder (`slot`), so asking and releasing are idempotent. Cost is
 * O(log n) for each request and grant; a million may wait. Slots live in memory: after a start
 * attempts are lost and ask again, and runs that had been admitted take theirs back by `hold`.
 */
import { BinaryHeap } from "./binary-heap.ts";

export interface SlotClaim {
  /** Names the slot: one holder, one slot. */
  readonly slot: string;
  readonly runId: string;
  /** What is granted: a step's path, or "" for the run itself. */
  readonly path: string;
  /** 0 to 10, higher first. */
  readonly priority: number;
  readonly sinceMs: number;
  readonly concurrency: { readonly key: string; readonly limit: number } | null;
}

interface Waiting {
  readonly claim: SlotClaim;
  readonly round: number;
  readonly order: number;
  isGone: boolean;
}

/** A run that waits: how many of its claims do, and the round of the latest. */
interface Share {
  waiting: number;
  round: number;
}

/** Everything that holds or wants one concurrency key. */
interface KeyQueue {
  readonly key: string;
  holders: Map<string, SlotClaim>;
  readonly waiting: BinaryHeap<Waiting>;
  /** The waiting one that stands in the open heap for this key, if any. */
  candidate: Waiting | null;
}

function isBefore(a: Waiting, b: Waiting): boolean {
  if (a.claim.priority !== b.claim.priority) return a.claim.priority > b.claim.priority;
  if (a.round !== b.round) return a.round < b.round;
  if (a.claim.sinceMs !== b.claim.sinceMs) return a.claim.sinceMs < b.claim.sinceMs;
  return a.order < b.order;
}

export class Scheduler {
  readonly #bound: number;
  readonly #grant: (claim: SlotClaim) => void;
  readonly #held = new Map<string, SlotClaim>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #keys = new Map<string, KeyQueue>();
  /** Those whose key, if any, has room: only the bound keeps them waiting. */
  readonly #open = new BinaryHeap<Waiting>(isBefore);
  readonly #shares = new Map<string, Share>();
  /** The round that is being served, what it has granted, and the runs that waited when it began. */
  #round = 0;
  #roundGrants = 0;
  #roundRuns = 1;
  #order = 0;
  #isStopped = false;
  #isGranting = false;

  /** `grant` is called for each claim that waited and now holds its slot. */
  constructor(bound: number, grant: (claim: SlotClaim) => void) {
    this.#bound = bound;
    this.#grant = grant;
  }

  get held(): number {
    return this.#held.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether the slot is held (granted or taken back), so that asking again is not needed. */
  holds(slot: string): boolean {
    return this.#held.has(slot);
  }

  /** Takes the slot if it can start now and nobody who waits goes first. */
  tryAdmit(claim: SlotClaim): boolean {
    if (this.#held.has(claim.slot)) return true;
    if (this.#isStopped || this.#held.size >= this.#bound) return false;
    const { concurrency } = claim;
    if (concurrency !== null) {
      const queue = this.#keys.get(concurrency.key);
      if (queue !== undefined) {
        if (queue.holders.size >= concurrency.limit) return false;
        if (this.#top(queue) !== undefined) return false;
      }
    }
    // With room under the bound the open heap is empty, except while grants are being handed out.
    if (this.#nextOpen() !== undefined) return false;
    this.hold(claim);
    return true;
  }

  /** Waits for the slot; `grant` is called when it is held, at once if there is room. */
  request(claim: SlotClaim): void {
    if (this.#held.has(claim.slot) || this.#waiting.has(claim.slot)) return;
    const round = this.#nextRound(claim.runId);
    const waiting: Waiting = { claim, round, order: this.#order++, isGone: false };
    this.#waiting.set(claim.slot, waiting);
    if (claim.concurrency === null) this.#open.push(waiting);
    else {
      const queue = this.#queue(claim.concurrency.key);
      queue.waiting.push(waiting);
      this.#offer(queue);
    }
    this.#grantAll();
  }

  /** Holds a slot without asking: what was admitted before this engine started. */
  hold(claim: SlotClaim): void {
    if (this.#held.has(claim.slot)) return;
    this.#held.set(claim.slot, claim);
    if (claim.concurrency === null) return;
    const queue = this.#queue(claim.concurrency.key);
    queue.holders.set(claim.slot, claim);
    // Its candidate may have lost its room.
    this.#offer(queue);
  }

  /** Gives the slot back, or stops waiting for it. */
  release(slot: string): void {
    const waiting = this.#waiting.get(slot);
    if (waiting !== undefined) {
      waiting.isGone = true;
      this.#waiting.delete(slot);
      this.#leave(waiting.claim.runId);
    }
    const held = this.#held.get(slot);
    if (held === undefined && waiting === undefined) return;
    this.#held.delete(slot);
    const key = (held ?? waiting?.claim)?.concurrency?.key;
    const queue = key === undefined ? undefined : this.#keys.get(key);
    if (queue !== undefined) {
      queue.holders.delete(slot);
      if (queue.candidate?.isGone) queue.candidate = null;
      this.#offer(queue);
      if (queue.holders.size === 0 && this.#top(queue) === undefined) this.#keys.delete(queue.key);
    }
    this.#grantAll();
  }

  /** The claim that has held `key` longest, for cancelRunning. */
  oldestHolder(key: string): SlotClaim | null {
    return this.#keys.get(key)?.holders.values().next().value ?? null;
  }

  /** The claim that gets `key` next, if any waits. */
  nextWaiting(key: string): SlotClaim | null {
    const queue = this.#keys.get(key);
    return queue === undefined ? null : (this.#top(queue)?.claim ?? null);
  }

  /** Whether a claim of `key` would have to wait. */
  isFull(key: string, limit: number): boolean {
    const queue = this.#keys.get(key);
    return queue !== undefined && (queue.holders.size >= limit || this.#top(queue) !== undefined);
  }

  /** How many go before, and what for; null when it does not wait. O(waiting): for explain only. */
  position(slot: string): { readonly ahead: number; readonly key: string | null } | null {
    const own = this.#waiting.get(slot);
    if (own === undefined) return null;
    const { concurrency } = own.claim;
    const queue = concurrency === null ? undefined : this.#keys.get(concurrency.key);
    const isKeyFull =
      queue !== undefined && concurrency !== null && queue.holders.size >= concurrency.limit;
    const rivals: Iterable<Waiting> = isKeyFull ? queue.waiting.items() : this.#waiting.values();
    let ahead = 0;
    for (const rival of rivals) if (!rival.isGone && rival !== own && isBefore(rival, own)) ahead++;
    return { ahead, key: isKeyFull ? queue.key : null };
  }

  /** Grants nothing from now on. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Goes on granting: after recovery, when every slot that was held is held again. */
  resume(): void {
    this.#isStopped = false;
    this.#grantAll();
  }

  /** A run's claims stand in one round each. */
  #nextRound(runId: string): number {
    const share = this.#shares.get(runId);
    if (share === undefined) {
      this.#shares.set(runId, { waiting: 1, round: this.#round });
      return this.#round;
    }
    share.waiting++;
    share.round = Math.max(this.#round, share.round + 1);
    return share.round;
  }

  #leave(runId: string): void {
    const share = this.#shares.get(runId);
    if (share !== undefined && --share.waiting === 0) this.#shares.delete(runId);
  }

  /**
   * A round ends when as many were served as had waited when it began: runs that come meanwhile
   * join the next one, or those that came first would wait for ever.
   */
  #served({ claim, round }: Waiting): void {
    this.#roundGrants++;
    if (round <= this.#round && this.#roundGrants < this.#roundRuns)
      return this.#leave(claim.runId);
    this.#round = Math.max(this.#round + 1, round);
    this.#roundGrants = 0;
    this.#roundRuns = Math.max(1, this.#shares.size);
    this.#leave(claim.runId);
  }

  #queue(key: string): KeyQueue {
    let queue = this.#keys.get(key);
    if (queue === undefined) {
      queue = { key, holders: new Map(), waiting: new BinaryHeap(isBefore), candidate: null };
      this.#keys.set(key, queue);
    }
    return queue;
  }

  #top(queue: KeyQueue): Waiting | undefined {
    while (queue.waiting.peek()?.isGone) queue.waiting.pop();
    return queue.waiting.peek();
  }

  /** Puts the key's first waiting one into the open heap, if the key has room for it. */
  #offer(queue: KeyQueue): void {
    const top = this.#top(queue);
    const limit = top?.claim.concurrency?.limit ?? 0;
    if (top === undefined || queue.holders.size >= limit) {
      queue.candidate = null;
      return;
    }
    if (queue.candidate === top) return;
    queue.candidate = top;
    this.#open.push(top);
  }

  #nextOpen(): Waiting | undefined {
    for (;;) {
      const next = this.#open.peek();
      if (next === undefined) return undefined;
      const key = next.claim.concurrency?.key;
      const isStale = next.isGone || (key !== undefined && this.#keys.get(key)?.candidate !== next);
      if (!isStale) return next;
      this.#open.pop();
    }
  }

  #grantAll(): void {
    // A grant may release or request: the outer loop sees what that made room for.
    if (this.#isGranting || this.#isStopped) return;
    this.#isGranting = true;
    try {
      while (this.#held.size < this.#bound && !this.#isStopped) {
        const next = this.#nextOpen();
        if (next === undefined) break;
        this.#open.pop();
        this.#waiting.delete(next.claim.slot);
        next.isGone = true;
        this.#served(next);
        this.hold(next.claim);
        if (next.claim.concurrency !== null) {
          const queue = this.#queue(next.claim.concurrency.key);
          queue.candidate = null;
          this.#offer(queue);
        }
        this.#grant(next.claim);
      }
    } finally {
      this.#isGranting = false;
    }
  }
}
