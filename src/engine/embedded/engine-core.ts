/**
 * The part of the engine that keeps runs moving: which runs are in memory, whose turn it is, what
 * is found again at start, and how it all stops.
 *
 *   C1. A run has one host. What arrives for a run that is not in memory loads it first.
 *   C2. Hosts take turns in the order in which they became ready; none begins while the committer is full.
 *   C3. After close() nothing is started, and everything that was reported has been committed.
 */
import { LockstitchError } from "#errors/errors.ts";
import { threadStreams } from "#nodes/stream/stream-items.ts";
import type { CallContext } from "#ports/call-context.ts";
import { NO_SECRETS_PORT } from "#ports/secrets.ts";
import { type AdmissionOptions, NO_LIMITS } from "../admission/operator-limits.ts";
import type { Quotas } from "../admission/quotas.ts";
import { loadAdmission } from "../admission/restore.ts";
import { ApprovalIndex } from "./approval-index.ts";
import { Attempts } from "./attempts.ts";
import { stepSignal } from "./call-inputs.ts";
import { Committer } from "./committer.ts";
import type { Elsewhere } from "./elsewhere.ts";
import { type HostServices, idOfRunKey, type LoadedHost, runKeyOf } from "./host-services.ts";
import { ItemReads } from "./item-reads.ts";
import { type Mail, type MailEnd, report } from "./mail.ts";
import { Memos } from "./memos.ts";
import { type ChildStarter, Messages } from "./messages.ts";
import { meterTurn } from "./meter-turn.ts";
import { nodeRunner } from "./node-runner.ts";
import { Observers } from "./observers.ts";
import { countOpen, meteredRunner, openQuotas } from "./open-quotas.ts";
import { DEFAULT_LIMITS, type EngineLimits, type EngineOptions } from "./options.ts";
import { Plans } from "./plans.ts";
import { pureComputer } from "./pure-computer.ts";
import { Recovery } from "./recovery.ts";
import { redactingRunner } from "./redacting-runner.ts";
import { displacedBy, isElsewhere, refuseNewer, runElsewhere, shuttingDown } from "./run-errors.ts";
import { isOthers, isTerminal } from "./run-facts.ts";
import { RunHost } from "./run-host.ts";
import { RunLoader } from "./run-loader.ts";
import { warnOnce } from "./run-warnings.ts";
import { SharedState, tellRun } from "./shared-state.ts";
import { openSlots } from "./slots.ts";
import { SlowTypes } from "./slow-types.ts";
import { keepStepLogs } from "./step-log-keeper.ts";
import { notOpen, passSlotOn } from "./successor-of.ts";
import { Timers } from "./timers.ts";
import { ValueCache } from "./value-cache.ts";
import { ValueLoader } from "./value-loader.ts";

/** Time for turns before what waits in the event loop comes first: answers of the writer among it. */
const PUMP_MS = 1;

export class EngineCore {
  readonly options: EngineOptions;
  readonly limits: EngineLimits;
  readonly admission: AdmissionOptions;
  readonly quotas: Quotas;
  readonly plans: Plans;
  readonly values: ValueLoader;
  readonly loader: RunLoader;
  readonly observers: Observers;
  readonly approvals: ApprovalIndex;
  readonly services: HostServices;
  readonly recovery: Recovery;
  /** Runs that other hosts drive; null: there are none. */
  elsewhere: Elsewhere | null = null;
  /** Makes this one of several hosts; null: it is the only one. */
  join: (() => Promise<void>) | null = null;
  readonly #messages: Messages;
  /** Runs it soon, after what is due now. */
  readonly defer: (work: () => void) => void;
  readonly #hosts = new Map<string, RunHost>();
  /** Hosts that may be unloaded, least recently used first. */
  readonly #resting = new Map<string, LoadedHost>();
  #ready: LoadedHost[] = [];
  #isPumpDue = false;
  #isClosing = false;
  #isStopped = false;
  #quiet: (() => void) | null = null;

  constructor(options: EngineOptions, createChild: ChildStarter) {
    this.options = options;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.admission = { ...NO_LIMITS, ...options.admission };
    const { quotas, usage, sandbox } = openQuotas(options, this.admission);
    this.quotas = quotas;
    this.defer = options.defer ?? ((work) => void setImmediate(work));
    const { store, clock, random, logger, nodes } = options;
    const cache = new ValueCache(this.limits.cacheSizeMax, this.limits.cacheEntriesMax);
    const pause = () => new Promise<void>((resolve) => this.defer(resolve));
    const slices = { nowMs: () => clock.monotonicMs(), pause };
    this.plans = new Plans(store.catalogue, nodes, { slices, optimise: options.optimise });
    this.values = new ValueLoader(store.journal, store.blobs, cache);
    this.loader = new RunLoader(store, this.plans, logger);
    this.observers = new Observers(logger, slices.nowMs);
    this.approvals = new ApprovalIndex(this.values);
    const committer = this.#newCommitter();
    const post = (runKey: string, input: Mail["input"]) => this.#post(runKey, report(input));
    this.services = {
      ...{ store, clock, random, logger, nodes, cache, committer },
      secrets: options.secrets ?? NO_SECRETS_PORT,
      ...{ limits: this.limits, loader: this.loader, values: this.values, usage, quotas },
      nodeServices: {
        ...{ ...options.services, ...sandbox },
        sendSignal: async (given) => {
          const { context, runId, input } = stepSignal(given);
          await this.call(context, runId, input);
        },
      },
      computer: options.computer ?? pureComputer(nodes, logger, clock),
      slowTypes: new SlowTypes(),
      timers: new Timers(clock, (runKey, key) => post(runKey, { kind: "timer", key })),
      attempts: new Attempts({
        ...{ clock, logger, graceMs: this.limits.abortGraceMs },
        limit: () => this.services.attemptLimit,
        runner: redactingRunner(meteredRunner(options.runner ?? nodeRunner(options), usage)),
        tell: (runKey, input) => tellRun(this.services.shared, runKey, input),
      }),
      shared: new SharedState({
        ...{ store, clock, logger, post },
        runOf: (runKey) => this.#hosts.get(runKey)?.facts ?? null,
      }),
      itemReads: new ItemReads({
        ...{ clock, logger, tell: post, values: this.values },
        streams: options.streams ?? threadStreams(options.services),
      }),
      memos: new Memos({
        ...{ store, nodes, clock, logger },
        hit: ({ runKey, path, attempt }, hit) =>
          this.#post(runKey, report({ kind: "memo_hit", path, attempt, ...hit })),
      }),
      stepLogs: keepStepLogs(
        options,
        { committer, epochOf: (runKey) => this.#hosts.get(runKey)?.epoch ?? store.epoch },
        this.observers,
      ),
      ...openSlots(this, (runKey, mail) => this.#post(runKey, mail)),
      isClosing: () => this.#isStopped,
      ready: (host) => this.#becameReady(host),
      rested: (host) => this.#rested(host),
      forget: (host, why) => this.#forget(host, why),
      send: (messages) => this.#messages.send(messages),
      committed: (turn) => {
        countOpen(this.quotas.open, turn);
        passSlotOn(turn, this.services.runSlots);
        warnOnce(turn, this.limits, logger);
        if (options.meter !== undefined) meterTurn(options.meter, turn);
        this.approvals.committed(turn);
        this.observers.publish(turn);
      },
      loaded: (facts, state) => this.approvals.loaded(facts, state),
      unparked: () => void this.recovery.redeliver(),
      displace: (runKey, by) => {
        this.#post(runKey, report({ kind: "cancel", by: "engine", reason: displacedBy(by) }));
      },
    };
    this.#messages = this.#newMessages(createChild);
    this.recovery = this.#newRecovery();
    // Nothing with a key starts before every run that holds one is known again.
    this.services.runSlots.stop();
  }

  #newMessages(createChild: ChildStarter): Messages {
    const { store, clock, logger } = this.options;
    return new Messages({
      ...{ journal: store.journal, committer: this.services.committer, clock, logger },
      isClosing: () => this.#isClosing,
      deliver: (context, runId, mail) => this.deliver(context, runId, mail),
      createChild,
      elsewhere: (owner) => this.elsewhere?.hasMessages(owner),
    });
  }

  #newRecovery(): Recovery {
    const { store, clock, logger } = this.options;
    return new Recovery({
      ...{ store, clock, logger, open: this.quotas.open, messages: this.#messages },
      defer: this.defer,
      present: ({ tenant, runId }) => this.#hosts.get(runKeyOf(tenant, runId)),
      load: ({ tenant, runId }) => this.#load(tenant, runId),
      isClosing: () => this.#isClosing,
      onLoaded: () => this.services.runSlots.resume(),
      join: async () => this.join?.(),
    });
  }

  #newCommitter(): Committer {
    const { store, clock, random, ids, logger, meter } = this.options;
    const { turnsQueuedMax, groupTurnsMax, groupSizeMax, splitTurnsMin } = this.limits;
    return new Committer({
      ...{ journal: store.journal, clock, random, ids, logger, defer: this.defer },
      ...{ turnsQueuedMax, groupTurnsMax, groupSizeMax, splitTurnsMin, meter: meter ?? null },
      onRoom: () => this.#pumpSoon(),
    });
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }
  get openRuns(): number {
    return this.quotas.open.all;
  }

  // Runs in memory

  host(runKey: string): RunHost | undefined {
    return this.#hosts.get(runKey);
  }

  /** The host of a run that is to be created; undefined: one is in memory already. Throws shutting_down. */
  newHost(tenant: string, runId: string): RunHost | undefined {
    if (this.#isStopped) throw shuttingDown();
    const key = runKeyOf(tenant, runId);
    if (this.#hosts.has(key)) return undefined;
    const host = new RunHost(this.services, tenant, runId);
    this.#hosts.set(key, host);
    return host;
  }

  /** The host of an open run, loading it if need be; null: no such run, or it has ended. Throws run_elsewhere. */
  async openHost(context: CallContext, runId: string): Promise<RunHost | null> {
    const key = runKeyOf(context.tenant, runId);
    const present = this.#hosts.get(key);
    if (present !== undefined) return present;
    const head = await this.options.store.journal.head(context, runId);
    if (head === null || isTerminal(head.status)) return null;
    refuseNewer(head);
    if (isOthers(this.options.store, head)) throw runElsewhere(head);
    return this.#hosts.get(key) ?? this.#load(head.tenant, runId);
  }

  #load(tenant: string, runId: string): RunHost {
    const host = new RunHost(this.services, tenant, runId);
    this.#hosts.set(host.key, host);
    void host.open();
    return host;
  }

  /** Gives mail to a run; it is settled with `over` when there is no such run or it has ended. */
  async deliver(context: CallContext, runId: string, mail: Mail): Promise<void> {
    for (;;) {
      const host = await this.openHost(context, runId);
      if (host === null) return mail.settle?.({ kind: "over" });
      // It may have left memory since it was found; while the engine closes, for good.
      if (host.deliver(mail)) return;
      if (this.#isStopped) return mail.settle?.({ kind: "failed", error: shuttingDown() });
    }
  }

  /** Gives an input to a run, wherever it is driven, and waits until it is durable. Throws its refusal, run_not_found, run_terminal. */
  async call(
    context: CallContext,
    runId: string,
    input: Mail["input"],
  ): Promise<{ readonly applied: boolean }> {
    try {
      return await this.callHere(context, runId, input);
    } catch (error) {
      if (this.elsewhere === null || !isElsewhere(error)) throw error;
      return await this.elsewhere.call(context, runId, input);
    }
  }

  /** As call(), a run that this engine drives. Throws run_elsewhere. */
  async callHere(
    context: CallContext,
    runId: string,
    input: Mail["input"],
  ): Promise<{ readonly applied: boolean }> {
    const { committer } = this.services;
    committer.refuseWhileAway();
    const end = await new Promise<MailEnd>((resolve, reject) => {
      const mail = { ...report(input), isCall: true, settle: resolve };
      this.deliver(context, runId, mail).catch(reject);
    });
    if (end.kind === "failed") throw end.error;
    if (end.kind !== "done") throw await notOpen(this.options.store.journal, context, runId);
    const { refusal, applied } = end;
    if (refusal === null) return { applied };
    throw new LockstitchError(refusal.code, refusal.message, {
      details: { runId, ...refusal.details },
    });
  }

  /** What the world reports to a run; loads it if it left memory. */
  #post(runKey: string, mail: Mail): void {
    if (this.#isStopped) return;
    const host = this.#hosts.get(runKey);
    if (host?.deliver(mail)) return;
    const slash = runKey.indexOf("/");
    const tenant = slash < 0 ? "default" : runKey.slice(0, slash);
    // A run that has ended meanwhile answers that it is over; nobody waits for this mail.
    this.#load(tenant, idOfRunKey(runKey)).deliver(mail);
  }

  #rested(host: LoadedHost): void {
    this.#resting.delete(host.key);
    this.#resting.set(host.key, host);
    for (const [key, oldest] of this.#resting) {
      if (this.#hosts.size <= this.limits.loadedRunsMax) break;
      this.#resting.delete(key);
      if (!oldest.isResting) continue;
      oldest.unload();
      this.#hosts.delete(key);
    }
  }

  #forget(host: LoadedHost, why?: MailEnd["kind"]): void {
    if (why !== undefined) this.quotas.open.lost(host.key);
    this.services.usage?.ended(host);
    if (this.#hosts.get(host.key) === host) this.#hosts.delete(host.key);
    if (this.#resting.get(host.key) === host) this.#resting.delete(host.key);
  }

  get loaded(): readonly RunHost[] {
    return [...this.#hosts.values()];
  }

  // Turns

  #becameReady(host: LoadedHost): void {
    this.#ready.push(host);
    this.#pumpSoon();
  }

  #pumpSoon(): void {
    if (this.#isPumpDue || this.#isStopped) return;
    this.#isPumpDue = true;
    this.defer(() => this.#pump());
  }

  #pump(): void {
    this.#isPumpDue = false;
    if (this.#isStopped) return;
    const { clock, committer } = this.services;
    const beganMs = clock.monotonicMs();
    let count = 0;
    while (count < this.#ready.length && !committer.isFull) {
      this.#ready[count++]?.advance();
      if (clock.monotonicMs() - beganMs >= PUMP_MS) break;
    }
    this.#ready = count === this.#ready.length ? [] : this.#ready.slice(count);
    committer.flush();
    if (this.#ready.length > 0 && !committer.isFull) this.#pumpSoon();
    if (this.#ready.length === 0) this.#quiet?.();
  }

  // Start and end

  /** What admission remembers, and which runs were open. Throws what the store throws. */
  async prepare(): Promise<void> {
    await loadAdmission(this.services.attemptSlots, this.options);
    await this.services.usage?.start();
    await this.recovery.find();
  }

  /** See Engine.close. */
  async close(graceMs: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const { attemptSlots, runSlots, memos, attempts, committer, timers, clock, computer } =
      this.services;
    attemptSlots.stop();
    runSlots.stop();
    memos.close();
    this.services.shared.close();
    this.services.usage?.close();
    if (graceMs > 0) {
      let cancel = () => {};
      const grace = new Promise<void>((resolve) => {
        cancel = clock.after(graceMs, resolve);
      });
      await Promise.race([grace, attempts.drained().then(() => this.#becomeQuiet())]);
      cancel();
    }
    attempts.abandon();
    this.services.itemReads.close();
    this.#isStopped = true;
    timers.close();
    this.services.stepLogs.close();
    await committer.close();
    for (const host of this.#hosts.values()) host.abandon(shuttingDown());
    this.#hosts.clear();
    this.observers.close();
    await computer.close();
  }

  /** Resolves when no run has anything left to decide or to commit. */
  async #becomeQuiet(): Promise<void> {
    const { committer } = this.services;
    for (;;) {
      await committer.idle();
      if (this.#ready.length === 0 && committer.isIdle) return;
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
        this.#pumpSoon();
      });
      this.#quiet = null;
    }
  }
}
