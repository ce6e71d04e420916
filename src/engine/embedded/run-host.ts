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
 */
import { LockstitchError } from "#errors/errors.ts";
import { decide } from "#kernel/decide.ts";
import type { Decision, World } from "#kernel/decision.ts";
import type { Input } from "#kernel/inputs.ts";
import { pending } from "#kernel/pending.ts";
import { newState, type RunState } from "#kernel/state.ts";
import { statusOf } from "#kernel/status.ts";
import { refKey, type ValueRef } from "#kernel/value-ref.ts";
import type { Plan } from "#workflow/plan.ts";
import type { TurnOutcome } from "./committer.ts";
import { encodeEvents, type StoredEvent } from "./event-blobs.ts";
import { type HostServices, type LoadedHost, runKeyOf } from "./host-services.ts";
import { type Mail, type MailEnd, report } from "./mail.ts";
import { RunEffects } from "./run-effects.ts";
import { engineContext, factsAfter, factsOf, isTerminal, type RunFacts } from "./run-facts.ts";
import type { LoadedRun } from "./run-loader.ts";
import { isSpent, worldOf } from "./run-world.ts";
import { gather, newTurn, type Turn } from "./turn.ts";
import { messageOf, type Tail, turnCommit } from "./turn-commit.ts";
import type { ValueSource } from "./value-loader.ts";

export type HostPhase = "loading" | "idle" | "queued" | "turn" | "parked" | "gone";

export interface Parked {
  readonly code: "journal_refused" | "internal" | "store_corrupt";
  readonly message: string;
}

/** Events of one turn after which no further mail is taken into it. */
const TURN_EVENTS_MAX = 2_000;
const RELOAD_MS_FIRST = 50;
const RELOAD_MS_MAX = 5_000;
/** Loads of values for one decision; a kernel that asks for more is at fault. */
const LOADS_MAX = 10_000;

export class RunHost implements LoadedHost {
  readonly key: string;
  readonly tenant: string;
  readonly runId: string;
  readonly #services: HostServices;
  readonly #world: World;
  readonly #effects: RunEffects;
  readonly #source: ValueSource;
  #phase: HostPhase = "loading";
  #facts: RunFacts | null = null;
  #state: RunState | null = null;
  #turn: Turn | null = null;
  #mailbox: Mail[] = [];
  #hasMore = false;
  #tail: Tail = { events: 0, size: 0, checkpointSize: 0 };
  #parked: Parked | null = null;
  #computing = 0;
  #fences = 0;
  #reloads = 0;
  #whenLoaded: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  constructor(services: HostServices, tenant: string, runId: string) {
    this.#services = services;
    this.tenant = tenant;
    this.runId = runId;
    this.key = runKeyOf(tenant, runId);
    this.#source = {
      context: engineContext(tenant),
      runId,
      cacheId: this.key,
      uncommitted: (seq) => this.#uncommitted(seq),
    };
    this.#effects = new RunEffects(services, {
      key: this.key,
      source: this.#source,
      facts: () => this.facts,
    });
    this.#world = worldOf(services, this.key, () => this.#currentTurn());
  }

  get phase(): HostPhase {
    return this.#phase;
  }
  get parked(): Parked | null {
    return this.#parked;
  }
  get isLoaded(): boolean {
    return this.#facts !== null;
  }
  /** Committed facts; of a run that is being created, what its row will say. */
  get facts(): RunFacts {
    if (this.#facts === null) throw new Error(`run ${this.runId} is not loaded`);
    return this.#facts;
  }
  /** Whether it waits for nothing but timers, signals, people and children. */
  get isResting(): boolean {
    return (
      this.#phase === "idle" &&
      this.#mailbox.length === 0 &&
      this.#computing === 0 &&
      this.#effects.isResting
    );
  }
  /** The state between two turns; null while one is under way, or without a state. For reading only. */
  get restingState(): RunState | null {
    return this.#phase === "idle" || this.#phase === "queued" ? this.#state : null;
  }

  /** Where it stands among those that wait for a slot. */
  positionOf(path: string | null): ReturnType<RunEffects["positionOf"]> {
    return this.#effects.positionOf(path);
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
    const { promise } = this.#whenLoaded;
    void this.#load();
    return promise;
  }

  deliver(mail: Mail): void {
    if (this.#phase === "gone") return mail.settle?.({ kind: "over" });
    if (this.#phase === "parked") {
      if (!mail.isCall) {
        // The journal still holds what it came from: it is found again when the run is loaded.
        return mail.settle?.({ kind: "failed", error: this.#parkedError() });
      }
      this.#parked = null;
      this.#phase = "loading";
      this.#mailbox.push(mail);
      void this.#load();
      this.#services.unparked();
      return;
    }
    if (mail.isCall && this.#mailbox.length >= this.#services.limits.mailboxMax)
      return mail.settle?.({
        kind: "failed",
        error: new LockstitchError(
          "queue_full",
          `Run ${this.runId} has ${this.#mailbox.length} inputs waiting (mailboxMax); try again later.`,
        ),
      });
    this.#mailbox.push(mail);
    this.#wake();
  }

  /** Decides one turn. Called by the engine for a host that is queued. */
  advance(): void {
    if (this.#phase !== "queued") return;
    const state = this.#needState();
    const { clock } = this.#services;
    this.#phase = "turn";
    const turn = newTurn(state.seq + 1, Math.max(state.nowMs, clock.nowMs()), clock.monotonicMs());
    if (this.#hasMore) turn.own.push(CONTINUE);
    this.#hasMore = false;
    this.#turn = turn;
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

  // Deciding

  #decide(turn: Turn): void {
    try {
      for (let next = this.#next(turn); next !== null; next = this.#next(turn)) {
        const decision = decide(this.#needState(), next.input, this.#world);
        gather(turn, decision);
        if (decision.needs.length > 0) {
          if (decision.again && next.entry !== null) turn.again = next.entry;
          else if (decision.again) turn.own.unshift(next.input);
          else turn.own.unshift(CONTINUE);
        }
        if (next.entry !== null && !decision.again)
          next.entry.end = { kind: "done", refusal: decision.refusal, applied: decision.applied };
        if (decision.more) turn.hasMore = true;
        if (!this.#admit(turn, decision)) return;
        if (decision.needs.length > 0) {
          void this.#loadValues(turn, decision.needs);
          return;
        }
      }
      void this.#commit(turn);
    } catch (error) {
      this.#fault(turn, error);
    }
  }

  #next(
    turn: Turn,
  ): { readonly input: Input; readonly entry: Turn["taken"][number] | null } | null {
    // What comes after the run's last event is nothing to the run.
    if (this.#state?.terminal !== null) return null;
    const { again } = turn;
    if (again !== null) {
      turn.again = null;
      return { input: again.mail.input, entry: again };
    }
    const own = turn.own.shift();
    if (own !== undefined) return { input: own, entry: null };
    if (turn.hasMore || turn.events.length >= TURN_EVENTS_MAX) return null;
    if (turn.taken.length > 0 && isSpent(this.#services, turn)) return null;
    const mail = this.#mailbox.shift();
    if (mail === undefined) return null;
    const entry = { mail, end: null };
    turn.taken.push(entry);
    for (const slot of slotsOf(this.key, mail)) turn.slots.add(slot);
    return { input: mail.input, entry };
  }

  /**
   * Grants in the same turn what can start now. False: the run is refused a slot and is not
   * created (`whenFull: reject`).
   */
  #admit(turn: Turn, decision: Decision): boolean {
    const { attemptSlots, runSlots } = this.#services;
    const paths: string[] = [];
    for (const [index, change] of decision.changes.entries()) {
      if (change.op !== "start") continue;
      const { effect } = change;
      if (effect.kind !== "admit" && effect.kind !== "admit_run") continue;
      const isWithdrawn = decision.changes
        .slice(index + 1)
        .some((later) => later.op === "stop" && later.key === effect.key);
      if (isWithdrawn) continue;
      if (effect.kind === "admit") {
        if (isSpent(this.#services, turn)) continue;
        const claim = this.#effects.claimOf(effect);
        if (!attemptSlots.tryAdmit(claim)) continue;
        turn.slots.add(claim.slot);
        paths.push(effect.path);
        continue;
      }
      const claim = this.#effects.runClaimOf(effect);
      if (claim === null) turn.own.push({ kind: "admit_run" });
      else if (runSlots.tryAdmit(claim)) {
        turn.slots.add(claim.slot);
        turn.own.push({ kind: "admit_run" });
      } else if (effect.concurrency?.whenFull === "reject" && turn.firstSeq === 1) {
        this.#rejectStart(turn, effect.concurrency);
        return false;
      }
    }
    if (paths.length > 0) turn.own.push({ kind: "admit", paths });
    return true;
  }

  async #loadValues(turn: Turn, needs: readonly ValueRef[]): Promise<void> {
    try {
      if (++turn.loads > LOADS_MAX) throw new Error("one decision asks for values without end");
      for (const ref of needs) {
        if ("v" in ref) continue;
        turn.pinned.set(refKey(ref), await this.#services.values.load(this.#source, ref));
      }
    } catch (error) {
      return this.#storeFailed(turn, error);
    }
    // Waiting for the store is not the turn's own time.
    turn.countedFromMs = this.#services.clock.monotonicMs();
    this.#decide(turn);
  }

  #uncommitted(seq: number): StoredEvent | null {
    const turn = this.#turn;
    if (turn === null || seq < turn.firstSeq) return null;
    return (turn.events[seq - turn.firstSeq] as unknown as StoredEvent | undefined) ?? null;
  }

  // Committing

  async #commit(turn: Turn): Promise<void> {
    const state = this.#needState();
    const consumes = turn.taken.flatMap(({ mail }) => mail.consumes ?? []);
    if (turn.events.length === 0 && consumes.length === 0) return this.#committed(turn, 0, false);
    const { text, blobs } = encodeEvents(turn.events);
    try {
      // Durable before the commit that refers to them.
      for (const { hash, content } of blobs)
        await this.#services.store.blobs.put(this.#source.context, hash, content);
    } catch (error) {
      return this.#storeFailed(turn, error);
    }
    const commit = turnCommit(
      { turn, text, state, facts: this.facts, tail: this.#tail, consumes },
      this.#services,
    );
    const size = text.length;
    const { checkpoint } = commit;
    this.#services.committer.submit({
      commit,
      settle: (outcome) => {
        if (outcome.kind === "committed" && checkpoint !== null)
          this.#tail = {
            events: -turn.events.length,
            size: -size,
            checkpointSize: checkpoint.state.length,
          };
        this.#settled(turn, outcome, { size, hasBlobs: blobs.length > 0 });
      },
    });
  }

  #settled(
    turn: Turn,
    outcome: TurnOutcome,
    stored: { readonly size: number; readonly hasBlobs: boolean },
  ): void {
    switch (outcome.kind) {
      case "committed":
        return this.#committed(turn, stored.size, stored.hasBlobs);
      case "refused":
        return this.#refused(turn, outcome.error);
      case "rejected":
        return this.#park(turn, "journal_refused", outcome.error);
      case "fenced":
        return this.#fenced(turn);
    }
  }

  #committed(turn: Turn, size: number, hasBlobs: boolean): void {
    const services = this.#services;
    const before = this.facts;
    const status = statusOf(this.#needState());
    const facts = factsAfter(before, turn.events, { atMs: turn.atMs, status });
    this.#facts = facts;
    this.#turn = null;
    this.#fences = 0;
    this.#reloads = 0;
    this.#tail = {
      ...this.#tail,
      events: this.#tail.events + turn.events.length,
      size: this.#tail.size + size,
    };
    for (const [key, value] of turn.made) services.cache.put(this.key, key, value);
    this.#effects.apply(turn.changes, turn.slots);
    for (const { mail } of turn.taken)
      if (mail.input.kind === "timer") this.#effects.rearm(mail.input.key);
    if (turn.sends.length > 0)
      services.send(turn.sends.map((send) => messageOf(this.tenant, send)));
    if (turn.events.length > 0)
      services.committed({
        facts,
        events: turn.events,
        firstSeq: turn.firstSeq,
        atMs: turn.atMs,
        hasBlobs,
      });
    for (const { mail, end } of turn.taken)
      mail.settle?.(end ?? { kind: "done", refusal: null, applied: false });
    for (const step of turn.compute) void this.#compute(step);
    this.#hasMore = turn.hasMore;
    if (isTerminal(status)) return this.#end();
    this.#phase = "idle";
    this.#wake();
    if (this.isResting) services.rested(this);
  }

  #end(): void {
    this.#effects.dropAll();
    this.#phase = "gone";
    this.#state = null;
    const late = this.#mailbox.splice(0);
    this.#services.forget(this);
    for (const mail of late) mail.settle?.({ kind: "over" });
  }

  async #compute(step: Decision["compute"][number]): Promise<void> {
    this.#computing++;
    const outcome = await this.#services.computer.compute(step.uses, step.config);
    this.#computing--;
    if (this.#phase !== "gone" && this.#phase !== "parked")
      this.deliver(report({ kind: "computed", path: step.path, outcome }));
  }

  // When a turn comes to nothing

  #rejectStart(turn: Turn, concurrency: { readonly key: string; readonly limit: number }): void {
    const error = new LockstitchError(
      "queue_full",
      `${concurrency.limit} run(s) of workflow ${this.facts.workflow} with concurrency key ${concurrency.key} are active (whenFull: reject); try again later.`,
      { details: { key: concurrency.key, limit: concurrency.limit } },
    );
    this.#vanish(turn, { kind: "failed", error });
  }

  /** A run that was to be created is not: it never was. */
  #vanish(turn: Turn, end: MailEnd): void {
    this.#turn = null;
    this.#effects.giveBack(turn.slots);
    this.#phase = "gone";
    this.#state = null;
    const mails = [...turn.taken.map(({ mail }) => mail), ...this.#mailbox.splice(0)];
    this.#services.forget(this);
    for (const mail of mails) mail.settle?.(end);
  }

  /** H3. */
  #refused(turn: Turn, error: LockstitchError): void {
    if (turn.firstSeq === 1) return this.#vanish(turn, { kind: "failed", error });
    const kept: Mail[] = [];
    for (const { mail } of turn.taken) {
      if (mail.isCall) mail.settle?.({ kind: "failed", error });
      // The scheduler grants again what the reload asks for again.
      else if (mail.input.kind !== "admit" && mail.input.kind !== "admit_run") kept.push(mail);
    }
    this.#discard(turn);
    this.#mailbox = [...kept, ...this.#mailbox];
    this.#phase = "loading";
    void this.#load();
  }

  /** Values could not be read or put: nothing of the turn was submitted. */
  async #storeFailed(turn: Turn, error: unknown): Promise<void> {
    if (!(error instanceof LockstitchError && error.code === "store_unavailable"))
      return this.#park(turn, codeOf(error), error);
    // The committer pauses after a refusal of its own; nobody does here.
    await this.#pause();
    this.#refused(turn, error);
  }

  #fenced(turn: Turn): void {
    if (turn.firstSeq === 1) return this.#vanish(turn, { kind: "exists" });
    const error = new LockstitchError(
      "journal_refused",
      `Run ${this.runId} is not this host's any more: the journal fenced its turn.`,
    );
    // Once may be what an unknown commit left behind; twice in a row another owner writes here.
    if (this.#fences++ > 0) return this.#park(turn, "journal_refused", error);
    this.#refused(turn, error);
  }

  /** The kernel threw: the state may be half changed and is thrown away with the turn. */
  #fault(turn: Turn, error: unknown): void {
    const { logger } = this.#services;
    const stack = error instanceof Error ? error.stack : String(error);
    logger.error(
      { run: this.runId, input: turn.taken.map(({ mail }) => mail.input.kind), stack },
      "a turn failed",
    );
    this.#park(turn, "internal", error);
  }

  /** H4. */
  #park(turn: Turn | null, code: Parked["code"], cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    const { logger } = this.#services;
    logger.error({ run: this.runId, code, error: message }, "the run is parked");
    const error = new LockstitchError(code, `Run ${this.runId} cannot go on: ${message}`, {
      cause,
    });
    if (turn !== null && turn.firstSeq === 1) return this.#vanish(turn, { kind: "failed", error });
    const mails = [...(turn?.taken ?? []).map(({ mail }) => mail), ...this.#mailbox.splice(0)];
    if (turn !== null) this.#discard(turn);
    this.#effects.dropAll();
    this.#parked = { code, message };
    this.#phase = "parked";
    this.#whenLoaded?.resolve();
    this.#whenLoaded = null;
    for (const mail of mails) mail.settle?.({ kind: "failed", error });
  }

  #parkedError(): LockstitchError {
    const parked = this.#parked;
    return new LockstitchError(
      parked?.code ?? "journal_refused",
      `Run ${this.runId} is parked: ${parked?.message ?? "unknown"}`,
    );
  }

  #discard(turn: Turn): void {
    this.#turn = null;
    this.#state = null;
    this.#hasMore = false;
    this.#effects.giveBack(turn.slots);
  }

  // Loading

  async #load(): Promise<void> {
    for (;;) {
      if (this.#services.isClosing()) return this.abandon(SHUTTING_DOWN());
      try {
        const loaded = await this.#services.loader.load(this.#source.context, this.runId);
        if (this.#phase !== "loading") return;
        if (loaded === null) {
          this.#phase = "gone";
          this.#services.forget(this);
          const mails = this.#mailbox.splice(0);
          for (const mail of mails) mail.settle?.({ kind: "over" });
          this.#whenLoaded?.resolve();
          return;
        }
        return this.#loaded(loaded);
      } catch (error) {
        if (!(error instanceof LockstitchError && error.code === "store_unavailable"))
          return this.#park(null, codeOf(error), error);
        await this.#pause();
      }
    }
  }

  #loaded({ head, state, tailEvents, tailSize, checkpointSize }: LoadedRun): void {
    this.#facts = factsOf(head);
    this.#tail = { events: tailEvents, size: tailSize, checkpointSize };
    this.#whenLoaded?.resolve();
    this.#whenLoaded = null;
    if (isTerminal(head.status)) return this.#end();
    this.#state = state;
    this.#phase = "idle";
    const claim =
      state.phase === "queued" || state.phase === "new"
        ? null
        : this.#effects.runClaimOf({ priority: state.priority, concurrency: state.concurrency });
    if (claim !== null) this.#services.runSlots.hold(claim);
    this.#services.loaded(this.facts, state);
    const { effects, turn } = pending(state);
    this.#hasMore = turn;
    // What happened to attempts comes before what came in meanwhile.
    this.#mailbox = [...this.#effects.reconcile(effects), ...this.#mailbox];
    this.#wake();
    if (this.isResting) this.#services.rested(this);
  }

  async #pause(): Promise<void> {
    const { clock, random } = this.#services;
    const limitMs = Math.min(RELOAD_MS_FIRST * 2 ** this.#reloads++, RELOAD_MS_MAX);
    await new Promise<void>((resolve) => {
      clock.after(limitMs * (0.5 + random.next() / 2), resolve);
    });
  }

  #needState(): RunState {
    if (this.#state === null)
      throw new Error(`run ${this.runId} has no state in phase ${this.#phase}`);
    return this.#state;
  }

  #currentTurn(): Turn {
    if (this.#turn === null) throw new Error(`run ${this.runId} has no turn under way`);
    return this.#turn;
  }
}

const CONTINUE: Input = { kind: "continue" };

const SHUTTING_DOWN = () =>
  new LockstitchError("shutting_down", "The engine is closing; the run goes on at the next start.");

/** Slots that the scheduler granted when it sent this mail. */
function slotsOf(runKey: string, mail: Mail): readonly string[] {
  if (mail.input.kind === "admit_run") return [runKey];
  return mail.slot === null ? [] : [mail.slot];
}

function codeOf(error: unknown): Parked["code"] {
  return error instanceof LockstitchError && error.code === "store_corrupt"
    ? "store_corrupt"
    : "internal";
}
