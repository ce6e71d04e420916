/**
 * Keeps this host among those that share a store: renews its lease, takes runs that nobody drives,
 * gives some away where others have less to do, and hears what others tell it.
 *
 *               beat               lapse                 beat
 *   joining ----------> driving -----------> suspended ----------> driving (what others took is dropped)
 *                          | stop
 *                          v
 *                       draining -> gone: its runs are anybody's
 *
 *   K1. Runs are loaded here only after they have been claimed, under the epoch of the claim.
 *   K2. While the lease has lapsed no attempt begins, and those under way are told to stop (lease.ts).
 *       What has been decided waits for the store; the journal fences it where the run is another's.
 *   K3. What a claim took whose answer was lost is found by the next look; runs that may have been
 *       given up are looked at before this host goes on with them.
 *   K4. A notice only makes things happen sooner: the beat does all of it as well.
 *   K5. Nothing here rejects or stops for good while the store is away.
 */
import type { Clock, Random } from "#ports/clock.ts";
import type { BeatAnswer, HostFacts, Hosts } from "#ports/hosts.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { EngineCore } from "../embedded/engine-core.ts";
import { runKeyOf } from "../embedded/host-services.ts";
import { runElsewhere } from "../embedded/run-errors.ts";
import type { RunHost } from "../embedded/run-host.ts";
import type { HostsStats } from "../engine.ts";
import { countOpenAnew, dropOthers } from "./drop-others.ts";
import { Lease } from "./lease.ts";
import type { SlotShares } from "./slot-shares.ts";
import { storeClockAheadMs } from "./store-clock.ts";

/** Beats in a lease: two may be lost. */
const BEATS = 3;
/** A beat that failed is tried again after this part of the lease, at most. */
const RETRY = 0.1;
/** How often runs without a host are looked for, as part of the lease. */
const LOOK = 0.1;
/** Runs of one claim; others have a chance to take the next ones. */
const CLAIM_MAX = 100;
/** For so long, as part of the lease, runs are left to hosts that have less to do: one may have died in silence. */
const LEAVE = 0.2;
/** Runs that one host may have beyond its share before it gives some away. */
const SLACK = 1.25;
const SLACK_RUNS = 20;
const RELEASE_MAX = 500;
/** Notices that come together are one look. */
const CARRY_MS = 20;

interface KeeperOptions {
  readonly core: EngineCore;
  readonly hosts: Hosts;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where the API of this host answers, as far as is known. */
  readonly address: () => string | null;
  readonly takesRuns: boolean;
  readonly onStoreClock: (aheadMs: number) => void;
}

export class HostKeeper {
  readonly #options: KeeperOptions;
  /** What hosts count together; set before it joins. */
  shares: SlotShares | null = null;
  readonly #lease: Lease;
  #others: readonly HostFacts[] = [];
  #cancelBeat: (() => void) | null = null;
  #cancelLook: (() => void) | null = null;
  #unlisten: () => void = () => undefined;
  #claiming: Promise<void> | null = null;
  #mustClaim = false;
  /** Since when runs that there may be are left to others; null: there were none. */
  #leavesSinceMs: number | null = null;
  #gaveAtMs = Number.NEGATIVE_INFINITY;
  #giving: Promise<void> | null = null;
  #isGiving = false;
  /** The greatest epoch under which runs were taken and loaded. */
  #knownEpoch: number;
  /** A claim got no answer: what it took has a later epoch than this. null: all were answered. */
  #doubtEpoch: number | null = null;
  /** Runs in memory may be others'. */
  #mustLook = false;
  #isCarryDue = false;
  #isSuspended = false;
  #suspensions = 0;
  /** Nothing is taken any more; what is here goes on. */
  #isDraining = false;
  #isStopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#knownEpoch = options.core.options.store.epoch;
    const { clock, hosts, core, logger } = options;
    this.#lease = new Lease({
      ...{ clock, leaseMs: hosts.leaseMs },
      onLapse: (isLate) => {
        if (this.#isSuspended || this.#isStopped) return;
        this.#isSuspended = true;
        this.#suspensions++;
        logger.error(
          { host: hosts.host },
          "the lease has run out: nothing begins until it is back",
        );
        core.services.attempts.suspend(!isLate);
        this.shares?.lapsed();
      },
    });
    core.services.attempts.mayBegin = () => this.mayBegin;
  }

  /** Whether anything may be granted or begun here. */
  get mayBegin(): boolean {
    return this.#lease.holds() && !this.#isSuspended;
  }

  /** Other hosts that have a lease, as the last beat said. */
  get others(): readonly HostFacts[] {
    return this.#others;
  }

  get stats(): HostsStats {
    const leaseLeftMs = this.#isStopped ? 0 : this.#lease.leftMs;
    return {
      withLease: this.#others.length + Number(leaseLeftMs > 0),
      ...{ leaseLeftMs, suspensions: this.#suspensions, isSuspended: this.#isSuspended },
    };
  }

  /** Joins. Throws what the store throws. */
  async open(): Promise<void> {
    await this.#beat();
    this.#unlisten = this.#options.hosts.onNotice((notice) => {
      if (notice === "runs") void this.claim();
      else if (notice === "messages") this.carry();
      else if (notice === "slots") this.shares?.noticed();
    });
    this.#arm(this.#options.hosts.leaseMs / BEATS);
    this.#look();
  }

  /** No runs are taken any more; others may have those that rest. */
  async drain(): Promise<void> {
    const { logger } = this.#options;
    this.#isDraining = true;
    this.#unlisten();
    this.shares?.drain();
    try {
      // What still runs needs the lease to the end: the beats go on.
      await this.#beat();
    } catch (error) {
      logger.warn({ error: String(error) }, "others could not be told that this host stops");
    }
    await this.#claiming;
  }

  /** Gives everything up. The engine drives nothing any more. Never rejects. */
  async leave(): Promise<void> {
    const { hosts, logger } = this.#options;
    this.#isStopped = true;
    this.#cancelBeat?.();
    this.#cancelLook?.();
    await this.shares?.close();
    this.#lease.close();
    try {
      await hosts.leave();
    } catch (error) {
      // Its lease runs out by itself.
      const text = "the runs of this host wait until its lease has run out";
      return logger.warn({ error: String(error) }, text);
    }
    await Promise.all(this.#others.map(({ host }) => this.#tell(host)));
  }

  /** K4. There are runs to take. Never rejects. */
  async #tell(host: number): Promise<void> {
    const { hosts, logger } = this.#options;
    try {
      await hosts.tell(host, "runs");
    } catch (error) {
      logger.debug({ host, error: String(error) }, "a host was not told of runs: it finds them");
    }
  }

  /** Takes what nobody drives; once more, if it is asked meanwhile. Never rejects. */
  claim(): Promise<void> {
    this.#mustClaim = true;
    this.#claiming ??= this.#claim().finally(() => {
      this.#claiming = null;
    });
    return this.#claiming;
  }

  /** Carries messages that lie in the journal for runs of this host. */
  carry(): void {
    const { clock, core } = this.#options;
    if (this.#isCarryDue) return;
    this.#isCarryDue = true;
    clock.after(CARRY_MS, () => {
      this.#isCarryDue = false;
      // Nobody waits for it: a message may wait for a run that has to be taken first.
      if (!this.#isDraining) void core.recovery.redeliver();
    });
  }

  async #claim(): Promise<void> {
    const { hosts, logger, takesRuns } = this.#options;
    try {
      while (this.#mustClaim && !this.#isDraining && !this.#isSuspended) {
        this.#mustClaim = false;
        if (this.#doubtEpoch !== null) await this.#settleDoubt(this.#doubtEpoch);
        if (!takesRuns || this.#isGiving || this.#leavesToOthers()) return;
        const heads = await this.#doubted(() => hosts.claim(CLAIM_MAX));
        if (heads.length === 0) this.#leavesSinceMs = null;
        else this.#mustClaim = true;
        await this.#adopt(heads);
      }
    } catch (error) {
      logger.warn({ error: String(error) }, "runs without a host cannot be taken; trying again");
    }
  }

  /** As claim(), one run; false: it is not open, or somebody drives it. Rejects while the store is away. */
  async claimRun(tenant: string, runId: string): Promise<boolean> {
    const head = await this.#doubted(() => this.#options.hosts.claimRun(tenant, runId));
    if (head !== null) await this.#adopt([head]);
    return head !== null;
  }

  /** K3. Others may be answered meanwhile, under later epochs: what counts is what was known when it was sent. */
  async #doubted<Answer>(
    ask: () => Promise<Answer>,
    knownEpoch = this.#knownEpoch,
  ): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      this.#doubtEpoch = Math.min(this.#doubtEpoch ?? knownEpoch, knownEpoch);
      throw error;
    }
  }

  async #settleDoubt(afterEpoch: number): Promise<void> {
    const { hosts, core } = this.#options;
    // Another claim may lose its answer while this one is asked for.
    this.#doubtEpoch = null;
    const heads = await this.#doubted(() => hosts.claimed(afterEpoch), afterEpoch);
    const known = (head: RunHead) => core.host(runKeyOf(head.tenant, head.runId))?.epoch;
    await this.#adopt(heads.filter((head) => known(head) !== head.epoch));
  }

  async #adopt(heads: readonly RunHead[]): Promise<void> {
    const { core, logger } = this.#options;
    if (heads.length === 0) return;
    logger.info({ runs: heads.length }, `took over ${heads.length} run(s)`);
    await core.recovery.adopt(heads);
    this.carry();
    this.#knownEpoch = Math.max(this.#knownEpoch, ...heads.map(({ epoch }) => epoch));
  }

  /** Whoever dies tells nobody. */
  #look(): void {
    const { clock, hosts } = this.#options;
    if (this.#isDraining) return;
    void this.claim();
    this.#cancelLook = clock.after(hosts.leaseMs * LOOK, () => this.#look());
  }

  #arm(afterMs: number): void {
    this.#cancelBeat?.();
    this.#cancelBeat = this.#options.clock.after(afterMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const { hosts, logger, random } = this.#options;
    if (this.#isStopped) return;
    try {
      await this.#beat();
      if (this.#isStopped) return;
      this.#arm(hosts.leaseMs / BEATS);
      this.shares?.beat();
      if (this.#isDraining) return;
      // Beats go on beside it: what it gives counts here until that was answered.
      this.#giving ??= this.#giveAway().finally(() => {
        this.#giving = null;
        this.#isGiving = false;
      });
      await this.#giving;
      this.carry();
    } catch (error) {
      logger.warn({ error: String(error) }, "the lease was not renewed; trying again");
      if (!this.#isStopped) this.#arm(hosts.leaseMs * RETRY * (0.5 + random.next() / 2));
    }
  }

  async #beat(): Promise<void> {
    const { hosts, clock, core, address, takesRuns, onStoreClock } = this.#options;
    const sentAtMs = clock.monotonicMs();
    const beat = {
      address: address(),
      openRuns: core.openRuns,
      isDraining: this.#isDraining || !takesRuns,
    };
    const answer = await hosts.beat(beat);
    const tookMs = clock.monotonicMs() - sentAtMs;
    onStoreClock(storeClockAheadMs({ storeMs: answer.nowMs, tookMs, ownMs: clock.nowMs() }));
    this.#others = answer.hosts.filter(({ host }) => host !== hosts.host);
    await this.#renewed(sentAtMs, answer);
  }

  /** What others took while the lease had run out is dropped before anything begins again. */
  async #renewed(sentAtMs: number, { wasLate }: BeatAnswer): Promise<void> {
    const { core, logger } = this.#options;
    // Remembered until it has been done: the next beat is in time again.
    if (wasLate || this.#isSuspended) {
      this.#mustLook = true;
      this.shares?.voided();
    }
    if (this.#mustLook) {
      await dropOthers(core);
      void countOpenAnew(core);
    }
    this.#mustLook = false;
    this.#lease.renewed(sentAtMs);
    if (!this.#isSuspended || this.#lease.hasLapsed) return;
    this.#isSuspended = false;
    logger.info({}, "the lease is back");
    this.shares?.resume();
    core.services.attempts.resume();
  }

  /** Until they have had their time; from then on this host takes all that it finds. */
  #leavesToOthers(): boolean {
    const { clock, hosts } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#hasMoreThanOthers(1)) this.#leavesSinceMs ??= nowMs;
    else if (nowMs - this.#gaveAtMs >= hosts.leaseMs * LEAVE) return false;
    return nowMs - (this.#leavesSinceMs ?? this.#gaveAtMs) < hosts.leaseMs * LEAVE;
  }

  #hasMoreThanOthers(slack: number): boolean {
    const takers = this.#others.filter(({ isDraining }) => !isDraining);
    if (takers.length === 0) return false;
    const mine = this.#options.core.openRuns;
    const all = takers.reduce((sum, { openRuns }) => sum + openRuns, mine);
    return mine > (all / (takers.length + 1)) * slack + (slack === 1 ? CLAIM_MAX : SLACK_RUNS);
  }

  /** Runs of which nothing is under way, to whoever has less to do. Never rejects. */
  async #giveAway(): Promise<void> {
    const { core, hosts, logger } = this.#options;
    if (this.#isSuspended || !this.#hasMoreThanOthers(SLACK)) return;
    const takers = this.#others.filter(({ isDraining }) => !isDraining);
    const all = takers.reduce((sum, { openRuns }) => sum + openRuns, core.openRuns);
    const tooMany = Math.floor(core.openRuns - all / (takers.length + 1));
    const given = outOf(core.loaded.filter(isMovable), Math.min(tooMany, RELEASE_MAX));
    if (given.length === 0) return;
    for (const { queues } of given) queues.leaveLines();
    // Whatever comes of it: those that are not this host's any more are dropped.
    this.#mustLook = true;
    this.#isGiving = true;
    try {
      await hosts.release(given.map(({ tenant, runId, epoch }) => ({ tenant, runId, epoch })));
      this.#gaveAtMs = this.#options.clock.monotonicMs();
      this.#leavesSinceMs = this.#gaveAtMs;
      for (const { host } of takers) void this.#tell(host);
    } catch (error) {
      for (const { queues } of given) queues.enterLines();
      return logger.warn({ error: String(error) }, "runs cannot be given to other hosts");
    }
    for (const host of given) {
      // A beat meanwhile may have found that it is not this host's any more.
      if (core.host(host.key) !== host) continue;
      host.end({ kind: "failed", error: runElsewhere({ runId: host.runId, owner: null }) });
    }
    this.#mustLook = false;
    logger.info({ runs: given.length }, `gave ${given.length} run(s) to other hosts`);
  }
}

/** Whether somebody else could drive it as well: it waits for time, people, others, or in line. */
function isMovable({ isIdle, queues, parked }: RunHost): boolean {
  return isIdle && queues.isInLine && parked === null;
}

/** So many of them, spread evenly: those that have waited long and those that came last. */
function outOf<Item>(items: readonly Item[], count: number): readonly Item[] {
  const taken = (at: number) => Math.floor((at * Math.min(count, items.length)) / items.length);
  return items.filter((_, at) => taken(at + 1) > taken(at));
}
