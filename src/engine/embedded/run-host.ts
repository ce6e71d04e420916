/**
 * One run in memory: its state, its mailbox, and the one turn that may be under way.
 *
 *              load                 mail, or more to do
 *   loading ----------> idle ------------------------------> queued
 *      ^                 ^                                     | advance (the engine's turn)
 *      | refused, fenced | committed: effects, answers         v
 *      +-------------- committing <------------------------ deciding <-> waiting for values
 *                        | rejected, or a fault of the kernel
 *                        v                  the next call
 *                      parked -------------------------------> loading
 *   gone: over, or unloaded.
 *
 *   H1. At most one turn is uncommitted; what comes meanwhile waits in the mailbox, in order.
 *   H2. Nothing of a turn is seen by anybody before its commit: no effect, answer, event or message.
 *   H3. After a refused commit the state is thrown away and folded again; what the world had
 *       reported is decided again, calls are answered store_unavailable.
 *   H4. A parked run does nothing until somebody calls, and explain says why.
 *   H5. A run that another host has taken over is gone here as soon as the journal says so (leave-turn.ts).
 */
import type { LockstitchError } from "#errors/errors.ts";
import type { Decision } from "#kernel/decision.ts";
import { pending } from "#kernel/pending.ts";
import { newState, type RunState } from "#kernel/state.ts";
import type { Plan } from "#workflow/plan.ts";
import type { TurnOutcome } from "./committer.ts";
import { decideTurn } from "./decide-turn.ts";
import { type HostServices, type LoadedHost, runKeyOf } from "./host-services.ts";
import { leaveTurn } from "./leave-turn.ts";
import { loadRun, pause } from "./load-run.ts";
import { type Mail, type MailEnd, report } from "./mail.ts";
import { RunEffects } from "./run-effects.ts";
import {
  fence,
  isStoreAway,
  mailboxFull,
  must,
  type Parked,
  parkedCode,
  parkedError,
  shuttingDown,
  staleStart,
} from "./run-errors.ts";
import { engineContext, factsOf, isTerminal, type RunFacts } from "./run-facts.ts";
import type { LoadedRun } from "./run-loader.ts";
import { HostWorld } from "./run-world.ts";
import { endShared } from "./shared-commit.ts";
import {
  awaited,
  eventOf,
  logFault,
  newTurn,
  refuseCalls,
  settleCalls,
  type Turn,
} from "./turn.ts";
import { messageOf, type StoredTurn, submitTurn, type Tail } from "./turn-commit.ts";
import type { ValueSource } from "./value-loader.ts";

type HostPhase = "loading" | "idle" | "queued" | "turn" | "parked" | "gone";

export class RunHost implements LoadedHost {
  readonly key: string;
  readonly tenant: string;
  readonly runId: string;
  /** Under which this host owns the run. */
  epoch: number;
  readonly #services: HostServices;
  readonly #world: HostWorld;
  readonly #source: ValueSource;
  /** What it waits for in line. */
  readonly queues: Omit<RunEffects, "apply" | "reconcile" | "dropAll">;
  readonly #effects: RunEffects;
  #phase: HostPhase = "loading";
  #facts: RunFacts | null = null;
  #state: RunState | null = null;
  #mailbox: Mail[] = [];
  #hasMore = false;
  #tail: Tail = { events: 0, size: 0, checkpointSize: 0 };
  #parked: Parked | null = null;
  #computing = 0;
  #fences = 0;
  /** Times in a row that values could not be read or put. */
  #failures = 0;
  #whenLoaded: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  constructor(services: HostServices, tenant: string, runId: string) {
    this.#services = services;
    this.epoch = services.store.epoch;
    this.tenant = tenant;
    this.runId = runId;
    this.key = runKeyOf(tenant, runId);
    this.#source = {
      context: engineContext(tenant),
      runId,
      cacheId: this.key,
      uncommitted: (seq) => (this.#world.turn === null ? null : eventOf(this.#world.turn, seq)),
    };
    this.#effects = new RunEffects(services, {
      key: this.key,
      source: this.#source,
      facts: () => this.facts,
      state: () => this.#state,
    });
    this.queues = this.#effects;
    this.#world = new HostWorld(services, this.key);
  }

  get parked(): Parked | null {
    return this.#parked;
  }
  /** Committed facts; of a run that is being created, what its row will say. */
  get facts(): RunFacts {
    return must(this.#facts, this.runId);
  }
  /** Whether it waits for nothing but timers, signals, people and children. */
  get isResting(): boolean {
    return this.isIdle && this.#effects.isResting;
  }
  /** Whether there is nothing to decide or to compute. */
  get isIdle(): boolean {
    return this.#phase === "idle" && this.#mailbox.length === 0 && this.#computing === 0;
  }
  /** The state between two turns; null while one is under way, or without a state. For reading only. */
  get restingState(): RunState | null {
    return this.#phase === "idle" || this.#phase === "queued" ? this.#state : null;
  }

  /** Becomes a run that does not exist yet; its first mail must be the `start` input. */
  create(plan: Plan, facts: RunFacts): void {
    this.#state = newState(this.runId, plan);
    this.#facts = facts;
    this.#phase = "idle";
  }

  /** Loads the run from the journal; resolves when it is loaded, parked or gone. Never rejects. */
  async open(): Promise<void> {
    this.#whenLoaded ??= Promise.withResolvers<void>();
    void this.#load();
    return this.loaded();
  }

  /** Resolves once open() would: at once for a run that was created here. */
  readonly loaded = async () => this.#whenLoaded?.promise;

  /** False: the host has left memory; whether the run has, its row says. */
  deliver(mail: Mail): boolean {
    if (this.#phase === "gone") return false;
    if (this.#phase === "parked" && !mail.isCall) {
      // The journal still holds what it came from: it is found again when the run is loaded.
      mail.settle?.({ kind: "failed", error: parkedError(this.runId, this.#parked) });
    } else if (this.#phase === "parked") {
      this.#parked = null;
      this.#phase = "loading";
      this.#mailbox.push(mail);
      void this.#load();
      this.#services.unparked();
    } else if (mail.isCall && this.#mailbox.length >= this.#services.limits.mailboxMax) {
      mail.settle?.({ kind: "failed", error: mailboxFull(this.runId, this.#mailbox.length) });
    } else {
      // A list of one: an empty one would grow to seventeen places.
      if (this.#mailbox.length === 0) this.#mailbox = [mail];
      else this.#mailbox.push(mail);
      this.#wake();
    }
    return true;
  }

  /** Decides one turn. Called by the engine for a host that is queued. */
  advance(): void {
    if (this.#phase !== "queued") return;
    const state = must(this.#state, this.runId);
    const { clock } = this.#services;
    this.#phase = "turn";
    const turn = newTurn(state.seq + 1, Math.max(state.nowMs, clock.nowMs()), clock.monotonicMs());
    if (this.#hasMore) turn.own = [{ kind: "continue" }];
    this.#hasMore = false;
    this.#world.turn = turn;
    this.#decide(turn);
  }

  /** Leaves memory; timers stay. Only a resting run may. */
  unload(): void {
    this.#phase = "gone";
    this.#state = null;
  }

  /** Leaves the run as the journal has it, without waiting for anything: the engine closes. */
  abandon(error: LockstitchError): void {
    const mails = this.#mailbox.splice(0);
    this.#phase = "gone";
    for (const mail of mails) mail.settle?.({ kind: "failed", error });
    this.#whenLoaded?.resolve();
  }

  #wake(): void {
    if (this.#phase !== "idle" || (this.#mailbox.length === 0 && !this.#hasMore)) return;
    this.#phase = "queued";
    this.#services.ready(this);
  }

  #decide(turn: Turn): void {
    if (this.#phase === "gone") return leaveTurn(turn, "dropped", this.#services, this.runId);
    // The committer takes no more: what this turn was about is found again at the next start.
    if (this.#services.isClosing())
      return this.#vanish(turn, { kind: "failed", error: shuttingDown() });
    try {
      const decided = decideTurn(turn, {
        runKey: this.key,
        state: must(this.#state, this.runId),
        world: this.#world,
        mailbox: this.#mailbox,
        effects: this.#effects,
        services: this.#services,
      });
      if (decided.kind === "done") this.#commit(turn);
      else if (decided.kind !== "full") this.#goOnAfter(turn, decided);
      else this.#vanish(turn, { kind: "failed", error: decided.error });
    } catch (error) {
      // The kernel threw: the state may be half changed and is thrown away with the turn.
      logFault(this.#services.logger, this.runId, turn, error);
      this.#park(turn, "internal", error);
    }
  }

  #goOnAfter(turn: Turn, wait: Parameters<typeof awaited>[1]): void {
    const goOn = () => {
      // Waiting for the store is not the turn's own time.
      turn.countedFromMs = this.#services.clock.monotonicMs();
      this.#decide(turn);
    };
    const failed = (error: unknown) => this.#storeFailed(turn, error);
    void awaited(turn, wait, this.#services.values, this.#source).then(goOn, failed);
  }

  #commit(turn: Turn): void {
    const storing = submitTurn(turn, {
      services: this.#services,
      context: this.#source.context,
      state: must(this.#state, this.runId),
      facts: this.facts,
      epoch: this.epoch,
      tail: this.#tail,
      memos: this.#effects.memosOf(turn),
      settle: (outcome, stored) => this.#settled(turn, outcome, stored),
    });
    storing?.catch((error: unknown) => this.#storeFailed(turn, error));
  }

  #settled(turn: Turn, outcome: TurnOutcome, stored: StoredTurn): void {
    if (this.#phase === "gone") return leaveTurn(turn, outcome.kind, this.#services, this.runId);
    switch (outcome.kind) {
      case "committed":
        return this.#committed(turn, stored);
      case "refused":
      case "stale":
        return this.#refused(turn, outcome.error);
      case "rejected":
        return this.#park(turn, "journal_refused", outcome.error);
      case "fenced":
        return this.#fenced(turn);
    }
  }

  #committed(turn: Turn, { tail, facts, hasBlobs }: StoredTurn): void {
    const services = this.#services;
    const { events, firstSeq, atMs, sends } = turn;
    this.#facts = facts;
    this.#world.turn = null;
    this.#fences = 0;
    this.#failures = 0;
    this.#tail = tail;
    for (const [key, value] of turn.made ?? []) services.cache.put(this.key, key, value);
    this.#effects.apply(turn);
    if (sends.length > 0) services.send(sends.map((send) => messageOf(this.tenant, send)));
    if (events.length > 0) services.committed({ facts, events, firstSeq, atMs, hasBlobs });
    settleCalls(turn);
    for (const step of turn.compute) void this.#compute(step);
    this.#hasMore = turn.hasMore;
    if (isTerminal(facts.status)) return this.end();
    this.#phase = "idle";
    this.#wake();
    if (this.isResting) services.rested(this);
  }

  /** The run is over, or somebody else's: nothing of it stays. Who still wrote is told so. */
  end(how: MailEnd = OVER): void {
    this.#whenLoaded?.resolve();
    this.#effects.dropAll(this.#world.turn);
    this.#services.cache.ended(this.key);
    this.#phase = "gone";
    this.#state = null;
    const late = this.#mailbox.splice(0);
    this.#services.forget(this, how.kind);
    for (const mail of late) mail.settle?.(how);
  }

  async #compute(step: Decision["compute"][number]): Promise<void> {
    this.#computing++;
    const { uses, config, deadlineAtMs } = step;
    const outcome = await this.#services.computer.compute(uses, config, deadlineAtMs);
    this.#computing--;
    this.deliver(report({ kind: "computed", path: step.path, outcome }));
  }

  /** A run that was to be created never was. */
  #vanish(turn: Turn, end: MailEnd): void {
    this.#discard(turn);
    this.#phase = "gone";
    const mails = [...turn.taken.map(({ mail }) => mail), ...this.#mailbox.splice(0)];
    this.#services.forget(this);
    for (const mail of mails) mail.settle?.(end);
  }

  /** H3. `error` null: nothing has failed, and its calls are decided again too. */
  #refused(turn: Turn, error: LockstitchError | null): void {
    if (turn.firstSeq === 1)
      return this.#vanish(turn, { kind: "failed", error: error ?? staleStart(this.runId) });
    const kept = refuseCalls(turn, error);
    this.#discard(turn);
    this.#mailbox = [...kept, ...this.#mailbox];
    this.#phase = "loading";
    void this.#load();
  }

  /** Values could not be read or put: nothing of the turn was submitted. */
  async #storeFailed(turn: Turn, error: unknown): Promise<void> {
    // The committer pauses after a refusal of its own; nobody does here.
    if (isStoreAway(error)) await pause(this.#services, this.#failures++);
    if (this.#phase === "gone") leaveTurn(turn, "dropped", this.#services, this.runId);
    else if (isStoreAway(error)) this.#refused(turn, error);
    else this.#park(turn, parkedCode(error), error);
  }

  #fenced(turn: Turn): void {
    if (turn.firstSeq === 1) return this.#vanish(turn, { kind: "exists" });
    const { error, isLasting } = fence(this.runId, ++this.#fences, this.#services.store);
    if (isLasting) this.#park(turn, "journal_refused", error);
    else this.#refused(turn, error);
  }

  /** H4. */
  #park(turn: Turn | null, code: Parked["code"], cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#services.logger.error({ run: this.runId, code, error: message }, "the run is parked");
    const error = parkedError(this.runId, { code, message });
    if (turn !== null && turn.firstSeq === 1) return this.#vanish(turn, { kind: "failed", error });
    const mails = [...(turn?.taken ?? []).map(({ mail }) => mail), ...this.#mailbox.splice(0)];
    if (turn !== null) this.#discard(turn);
    this.#effects.dropAll(null, { keepsSlot: true });
    this.#parked = { code, message };
    this.#phase = "parked";
    this.#whenLoaded?.resolve();
    this.#whenLoaded = null;
    for (const mail of mails) mail.settle?.({ kind: "failed", error });
  }

  #discard(turn: Turn): void {
    this.#world.turn = null;
    endShared(this.#services, turn, "dropped");
    this.#state = null;
    this.#hasMore = false;
    this.#effects.giveBack(turn.slots);
  }

  async #load(): Promise<void> {
    const load = await loadRun(this.#services, this.#source);
    if (this.#phase !== "loading") return;
    switch (load.kind) {
      case "loaded":
        return this.#loaded(load.run);
      case "failed":
        return this.#park(null, parkedCode(load.error), load.error);
      case "gone":
        return this.end(load.how);
      case "closing":
        return this.abandon(shuttingDown());
    }
  }

  #loaded({ head, state, tailEvents, tailSize, checkpointSize }: LoadedRun): void {
    this.#facts = factsOf(head);
    this.epoch = head.epoch;
    this.#tail = { events: tailEvents, size: tailSize, checkpointSize };
    this.#whenLoaded?.resolve();
    this.#whenLoaded = null;
    this.#state = state;
    this.#phase = "idle";
    this.#effects.holdRunSlot(state);
    this.#services.loaded(this.facts, state);
    const { effects, turn } = pending(state);
    this.#hasMore = turn;
    // What happened to attempts comes before what came in meanwhile.
    this.#mailbox = [...this.#effects.reconcile(effects), ...this.#mailbox];
    this.#wake();
    if (this.isResting) this.#services.rested(this);
  }
}

const OVER: MailEnd = { kind: "over" };
