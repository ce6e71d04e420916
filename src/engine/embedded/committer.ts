/**
 * Group commit: one writer that gathers the turns of all runs that advanced while the commit
 * before was under way. No timer delays it: a lone turn commits at once. What has gathered when a
 * commit resolves is sent before the turns of that commit go on, so that the writer and this thread
 * are busy at the same time. Where nothing has gathered, a large group goes on in two halves
 * (commit-overlap.ts).
 *
 *          submit                    commit resolves: committed | fenced
 *   idle ----------> gathering -> committing -> settle each turn -> gathering or idle
 *                        ^            | rejects
 *                        |        committed(id)?  -- yes, after looking at each head: settle
 *                        |            | no
 *                        +-- backoff -+-- store_unavailable: every turn is refused
 *                                     +-- lasting, group: each turn alone; alone: rejected
 *
 *   G1. Every submitted turn is settled exactly once, after the journal's answer is known.
 *   G2. A refused turn is not in the journal and never will be: its run may decide again.
 *   G3. After an unknown outcome nothing is written before the journal said whether that group is there.
 *   G4. Groups are bounded in turns and size; the queue is bounded, and `isFull` slows the producers.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Clock, Ids, Random } from "#ports/clock.ts";
import { fencedName, type Journal, type TurnCommit } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import { CommitOverlap } from "./commit-overlap.ts";
import { storeAway } from "./run-errors.ts";

export type TurnOutcome =
  /** Durable. */
  | { readonly kind: "committed" }
  /** Left out: the run belongs to somebody else, or exists already. */
  | { readonly kind: "fenced" }
  /** Left out: a shared value that it has seen is another one by now. Decide again. */
  | { readonly kind: "stale"; readonly error: null }
  /** Not durable, because the store is away: decide again later. */
  | { readonly kind: "refused"; readonly error: LockstitchError }
  /** Not durable, and would be refused again. */
  | { readonly kind: "rejected"; readonly error: unknown };

export interface SubmittedTurn {
  readonly commit: TurnCommit;
  /** Never throws. */
  settle(outcome: TurnOutcome): void;
}

interface CommitterOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly meter: Meter | null;
  readonly defer: (work: () => void) => void;
  readonly turnsQueuedMax: number;
  readonly groupTurnsMax: number;
  readonly groupSizeMax: number;
  readonly splitTurnsMin: number;
  /** The queue has room again. */
  readonly onRoom: () => void;
}

/** What the journal said; `isWritten: false` leaves open whether it is there. */
type Answer =
  | {
      readonly isWritten: true;
      readonly fenced: readonly string[];
      readonly stale?: readonly string[] | undefined;
    }
  | { readonly isWritten: false; readonly error: unknown };

type Written = Extract<Answer, { readonly isWritten: true }>;

interface Sent {
  readonly group: readonly SubmittedTurn[];
  readonly commitId: string;
  readonly sentAtMs: number;
  /** Never rejects. */
  readonly answer: Promise<Answer>;
}

const BACKOFF_MS_FIRST = 50;
const BACKOFF_MS_MAX = 5_000;
/** What a line of a log counts in a group. */
const LOG_LINE_SIZE = 256;

export class Committer {
  readonly #options: CommitterOptions;
  readonly #overlap: CommitOverlap;
  #queue: SubmittedTurn[] = [];
  /** From the first submitted turn until nothing is left. */
  #isRunning = false;
  #hasBegun = false;
  #isClosing = false;
  #failures = 0;
  #refusal: string | null = null;
  #cancelPause: (() => void) | null = null;
  #idle: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;
  commits = 0;
  turns = 0;
  events = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#overlap = new CommitOverlap(options.splitTurnsMin);
  }

  /** Producers wait while this is true; `onRoom` is called when it ends. */
  get isFull(): boolean {
    return this.#queue.length >= this.#options.turnsQueuedMax;
  }

  /**
   * Whether the last commit was refused because the store is away, and the next one is not tried
   * yet. When nothing is queued a call must be let through: it alone can find out.
   */
  get isStoreAway(): boolean {
    return this.#failures > 0 && this.#isRunning;
  }

  /** Of what is to be told at once rather than wait in line. Throws store_unavailable. */
  refuseWhileAway(): void {
    if (this.isStoreAway) throw storeAway(this.refusal);
  }

  /** What the store said when it last kept nothing; null: the last commit is durable. */
  get refusal(): string | null {
    return this.#failures > 0 ? this.#refusal : null;
  }

  /** The turn is sent with whatever else is submitted before the next flush(), soon at the latest. */
  submit(turn: SubmittedTurn): void {
    this.#queue.push(turn);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#options.defer(() => this.flush());
  }

  /** Nothing more is expected right now: what is queued is sent, unless a commit is under way. */
  flush(): void {
    if (!this.#isRunning || this.#hasBegun) return;
    this.#hasBegun = true;
    void this.#run();
  }

  get isIdle(): boolean {
    return !this.#isRunning;
  }

  /** Resolves when nothing is queued or under way. */
  async idle(): Promise<void> {
    if (!this.#isRunning) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  /** As idle(), but while the store is away it gives up instead of waiting. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#cancelPause?.();
    await this.idle();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    for (let sent = this.#sendNext(); sent !== null; ) {
      const answer = await sent.answer;
      let next: Sent | null = null;
      if (answer.isWritten)
        this.#overlap.answered(this.#options.clock.monotonicMs() - sent.sentAtMs);
      if (answer.isWritten && this.#mustWait(sent)) next = await this.#goOnTogether(sent, answer);
      else if (answer.isWritten) {
        next = this.#sendNext();
        if (next === null && this.#overlap.isLarge(sent.group.length))
          next = await this.#goOnInParts(sent, answer);
        else this.#settle(sent.group, answer);
      } else await this.#recover(sent, answer.error);
      // What the settled turns produced by now joins the next group.
      if (next === null && this.#queue.length > 0) {
        await this.#deferred();
        next = this.#sendNext();
      }
      sent = next;
    }
    this.#isRunning = false;
    this.#hasBegun = false;
    this.#idle?.resolve();
    this.#idle = null;
  }

  /** Settles a group that nothing has gathered behind; answers what was sent meanwhile. */
  async #goOnInParts({ group, sentAtMs }: Sent, answer: Written): Promise<Sent | null> {
    const { clock } = this.#options;
    const beganMs = clock.monotonicMs();
    this.#overlap.committed(beganMs - sentAtMs);
    const first = this.#overlap.firstPart(group.length);
    this.#settle(group.slice(0, first), answer);
    // Attempts that end at once, then the turns that they lead to.
    await this.#deferred();
    await this.#deferred();
    this.#overlap.wentOn(first, clock.monotonicMs() - beganMs);
    const next = this.#sendNext();
    this.#settle(group.slice(first), answer);
    return next;
  }

  #mustWait({ group }: Sent): boolean {
    return this.#queue.length > 0 && this.#overlap.isWorthWaiting(group.length);
  }

  /** Settles a group; what it comes to at once is sent with what has gathered behind it. */
  async #goOnTogether({ group }: Sent, answer: Written): Promise<Sent | null> {
    const { clock } = this.#options;
    const beganMs = clock.monotonicMs();
    const before = this.#queue.length;
    this.#settle(group, answer);
    // Attempts that end at once, then the turns that they lead to.
    await this.#deferred();
    await this.#deferred();
    const came = this.#queue.length - before;
    this.#overlap.cameTo(group.length, came, clock.monotonicMs() - beganMs);
    return this.#sendNext();
  }

  #deferred(): Promise<void> {
    return new Promise((resolve) => this.#options.defer(resolve));
  }

  #sendNext(): Sent | null {
    if (this.#queue.length === 0) return null;
    const wasFull = this.isFull;
    const sent = this.#send(this.#take());
    if (wasFull && !this.isFull) this.#options.onRoom();
    return sent;
  }

  #send(group: readonly SubmittedTurn[]): Sent {
    const { journal, ids, meter, clock } = this.#options;
    const commitId = ids.commitId();
    const sentAtMs = clock.monotonicMs();
    const turns = group.map((turn) => turn.commit);
    const answer = journal.commit(commitId, turns).then<Answer, Answer>(
      ({ fenced, stale }) => {
        this.commits++;
        meter?.commit(group.length, sizeOf(group), clock.monotonicMs() - sentAtMs);
        return { isWritten: true, fenced, stale };
      },
      (error: unknown) => ({ isWritten: false, error }),
    );
    return { group, commitId, sentAtMs, answer };
  }

  #take(): readonly SubmittedTurn[] {
    const { groupTurnsMax, groupSizeMax } = this.#options;
    let size = 0;
    let count = 0;
    for (const { commit } of this.#queue) {
      size += (commit.record?.events.length ?? 0) + (commit.checkpoint?.state.length ?? 0);
      if (commit.logs !== undefined) size += commit.logs.length * LOG_LINE_SIZE;
      if (count > 0 && size > groupSizeMax) break;
      if (++count >= groupTurnsMax) break;
    }
    const group = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return group;
  }

  /** The journal did not say that the group is durable: finds out, and settles it. */
  async #recover({ group, commitId }: Sent, error: unknown): Promise<void> {
    this.#options.logger.warn(
      { commitId, turns: group.length, error: textOf(error) },
      "commit refused",
    );
    // Before anything else: the group may be in the journal all the same.
    const isCommitted = await this.#askCommitted(commitId);
    if (isCommitted === null) return this.#refuse(group, error);
    if (isCommitted) return this.#settleByHeads(group, error);
    if (isTransient(error)) {
      await this.#pause(error);
      return this.#refuse(group, error);
    }
    const [only] = group;
    if (group.length === 1 && only !== undefined) return only.settle({ kind: "rejected", error });
    for (const turn of group) {
      const alone = this.#send([turn]);
      const answer = await alone.answer;
      if (answer.isWritten) this.#settle(alone.group, answer);
      else await this.#recover(alone, answer.error);
    }
  }

  #settle(
    group: readonly SubmittedTurn[],
    { fenced, stale }: Pick<Written, "fenced" | "stale">,
  ): void {
    this.#failures = 0;
    for (const turn of group) {
      if (fenced.length > 0 && fenced.includes(fencedName(turn.commit))) {
        const isStale = stale?.includes(fencedName(turn.commit)) === true;
        turn.settle(isStale ? { kind: "stale", error: null } : { kind: "fenced" });
        continue;
      }
      this.turns++;
      const { record } = turn.commit;
      if (record !== null) this.events += record.lastSeq - record.firstSeq + 1;
      turn.settle({ kind: "committed" });
    }
  }

  #refuse(group: readonly SubmittedTurn[], cause: unknown): void {
    const error =
      cause instanceof LockstitchError && cause.code === "store_unavailable"
        ? cause
        : storeAway(textOf(cause), cause);
    for (const turn of group) turn.settle({ kind: "refused", error });
  }

  /** The group is in the journal, but the answer that named its fenced turns was lost. */
  async #settleByHeads(group: readonly SubmittedTurn[], cause: unknown): Promise<void> {
    const fenced: string[] = [];
    for (const { commit } of group) {
      if (commit.record === null) continue;
      const context = { tenant: commit.tenant, principal: "engine", trace: null };
      const { runId } = commit;
      const head = await this.#persist(() => this.#options.journal.head(context, runId));
      if (head === GAVE_UP) return this.#refuse(group, cause);
      // Another host may have made the same run, as many events long.
      const isOurs = head?.epoch === commit.epoch && head.seq === commit.record.lastSeq;
      if (!isOurs) fenced.push(fencedName(commit));
    }
    this.commits++;
    this.#settle(group, { fenced });
  }

  /** null: the engine closes and the store is still away. */
  async #askCommitted(commitId: string): Promise<boolean | null> {
    const answer = await this.#persist(() => this.#options.journal.committed(commitId));
    return answer === GAVE_UP ? null : answer;
  }

  /** Asks until there is an answer, with backoff; GAVE_UP when the engine closes first. */
  async #persist<Answer>(ask: () => Promise<Answer>): Promise<Answer | typeof GAVE_UP> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        this.#options.logger.warn({ error: textOf(error) }, "the journal does not answer");
        if (this.#isClosing) return GAVE_UP;
        await this.#pause(error);
      }
    }
  }

  /** Exponential backoff with jitter, by the number of failures in a row. */
  async #pause(error: unknown): Promise<void> {
    const { clock, random } = this.#options;
    this.#refusal = textOf(error);
    const limitMs = Math.min(BACKOFF_MS_FIRST * 2 ** this.#failures, BACKOFF_MS_MAX);
    this.#failures++;
    if (this.#isClosing) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(limitMs * (0.5 + random.next() / 2), resolve);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
    this.#cancelPause = null;
  }
}

function sizeOf(group: readonly SubmittedTurn[]): number {
  let size = 0;
  for (const { commit } of group) size += commit.record?.events.length ?? 0;
  return size;
}

const GAVE_UP: unique symbol = Symbol("gave up");

function isTransient(error: unknown): boolean {
  return error instanceof LockstitchError && error.code === "store_unavailable";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
