/**
 * What the world is doing for one run: performs the changes of committed turns, and after a reload
 * brings what goes on into line with what the state says is pending.
 *
 *   E1. An effect starts only after the commit of the turn that called for it.
 *   E2. A slot is held from its grant until the commit in which the attempt, or its abort, stops.
 *   E3. After reconcile() the effects under way are exactly the pending ones.
 *   E4. Of one step at most one of admit, attempt and abort is under way.
 *   E5. A step with a memo asks for its result first; only without one for a slot.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Effect, EffectChange } from "#kernel/effects.ts";
import type { MemoRequest } from "#kernel/events.ts";
import type { RunState } from "#kernel/state.ts";
import type { AttemptAbort } from "#nodes/attempt-abort.ts";
import type { AdmissionRecord } from "#ports/journal.ts";
import type { MemoWrite } from "#ports/memo-store.ts";
import type { SlotClaim } from "../admission/claim.ts";
import { type LinePlace, placeOf } from "../admission/line-place.ts";
import { type Look, type SlotWait, slotWait } from "../admission/slot-wait.ts";
import { admissionRecord } from "./admission-record.ts";
import { attemptRequest } from "./attempt-request.ts";
import type { UnderWay } from "./attempts.ts";
import { attemptClaim, ownSlot, runClaim, slotName } from "./claims.ts";
import { displace, yieldToLater } from "./displace.ts";
import type { HostServices } from "./host-services.ts";
import { type Mail, report } from "./mail.ts";
import { memoWrites } from "./memo-writes.ts";
import type { AttemptRequest } from "./options.ts";
import type { RunFacts } from "./run-facts.ts";
import type { AdmitRunEffect, Turn } from "./turn.ts";
import type { ValueSource } from "./value-loader.ts";

type AdmitEffect = Extract<Effect, { readonly kind: "admit" }>;
type AttemptEffect = Extract<Effect, { readonly kind: "attempt" }>;
type AbortEffect = Extract<Effect, { readonly kind: "abort" }>;
type ItemsEffect = Extract<Effect, { readonly kind: "items" }>;
type TimerEffect = Extract<Effect, { readonly kind: "timer" }>;
type StepEffect = AdmitEffect | AttemptEffect | AbortEffect;

interface Run {
  readonly key: string;
  readonly source: ValueSource;
  facts(): RunFacts;
  state(): RunState | null;
}

/** What goes on for one step. */
interface Work {
  effect: StepEffect;
  readonly slot: string;
  attempt: UnderWay | null;
}

export class RunEffects {
  readonly #services: HostServices;
  readonly #run: Run;
  /** By path. */
  readonly #work = new Map<string, Work>();
  /** By key. */
  readonly #timers = new Map<string, TimerEffect>();
  /** Streams that are read, by path. */
  readonly #reads = new Map<string, ItemsEffect>();
  #admission: AdmitRunEffect | null = null;
  /** Whether a step of the run has asked for a remembered result. */
  #hasMemos = false;
  /** Whether an attempt of the run has ever stood behind a circuit breaker. */
  #hasGuarded = false;

  constructor(services: HostServices, run: Run) {
    this.#services = services;
    this.#run = run;
  }

  /** Whether everything that goes on is a timer: the run may leave memory. */
  get isResting(): boolean {
    return this.#work.size === 0 && this.#reads.size === 0 && this.#admission === null;
  }

  /** Whether everything that goes on waits for its turn or for time: nothing has begun. */
  get isInLine(): boolean {
    if (this.#reads.size > 0) return false;
    for (const { effect } of this.#work.values()) if (effect.kind !== "admit") return false;
    return true;
  }

  /** Nothing is granted any more until enterLines(). */
  leaveLines(): void {
    const { attemptSlots, memos, runSlots } = this.#services;
    for (const { slot, effect } of this.#work.values()) {
      if (effect.kind !== "admit") continue;
      attemptSlots.release(slot);
      if (this.#hasMemos) memos.release(slot);
    }
    if (this.#admission !== null && !runSlots.holds(this.#run.key)) runSlots.release(this.#run.key);
  }

  enterLines(): void {
    for (const effect of this.#live())
      if (effect.kind === "admit" || effect.kind === "admit_run") this.#start(effect);
  }

  /** What an `admit` effect asks of the scheduler. */
  claimOf(effect: AdmitEffect): SlotClaim {
    return attemptClaim(effect, this.#run, this.#services);
  }

  /** What the run itself asks; null: it needs no slot. */
  runClaimOf(effect: Pick<AdmitRunEffect, "priority" | "concurrency">): SlotClaim | null {
    return runClaim(effect, this.#run.key, this.#run.facts());
  }

  /** What the turn makes durable for admission; null: nothing. Before its changes are performed. */
  admissionOf(turn: Turn): AdmissionRecord | null {
    if (!turn.hasGrants && !this.#hasGuarded) return null;
    return admissionRecord(turn, {
      runKey: this.#run.key,
      tenant: this.#run.facts().tenant,
      slots: this.#services.attemptSlots,
      attemptAt: (path, attempt) => {
        const effect = this.#work.get(path)?.effect;
        return effect?.kind === "attempt" && effect.attempt === attempt ? effect : null;
      },
    });
  }

  /** Performs the changes of a committed turn. */
  apply(turn: Turn): void {
    if (turn.admission !== null) this.#tellBreakers(turn.admission);
    this.#perform(turn.changes);
    this.#releaseUnused(turn.slots);
    // A timer that fired without effect (the wall clock stepped back) waits again.
    for (const { mail } of turn.taken) {
      const effect = mail.input.kind === "timer" ? this.#timers.get(mail.input.key) : undefined;
      if (effect !== undefined) this.#start(effect);
    }
  }

  #tellBreakers({ outcomes }: AdmissionRecord): void {
    for (const { name, isProbe, hasFailed, failureThreshold, resetAfterMs } of outcomes) {
      const gate = { key: name, name, failureThreshold, resetAfterMs };
      this.#services.attemptSlots.outcome(
        { kind: "circuit_breaker", ...gate },
        { isProbe, hasFailed },
      );
    }
  }

  /** Takes back the slot of a run that was admitted before it was loaded. */
  holdRunSlot({ phase, priority, concurrency }: RunState): void {
    if (phase === "queued" || phase === "new") return;
    const claim = this.runClaimOf({ priority, concurrency });
    if (claim !== null) this.#services.runSlots.hold(claim);
  }

  #perform(changes: readonly EffectChange[]): void {
    if (changes.length === 0) return;
    // What came and went within the turn never starts.
    const gone = new Set<Effect>();
    for (const { op, effect } of changes) if (op === "stop") gone.add(effect);
    for (const { op, effect } of changes)
      if (op === "start" && effect.kind === "abort" && !gone.has(effect)) this.#abort(effect);
    const freed: string[] = [];
    for (const { op, effect } of changes) if (op === "stop") this.#stop(effect, freed);
    for (const { op, effect } of changes)
      if (op === "start" && !gone.has(effect)) this.#start(effect);
    this.#releaseUnused(freed);
  }

  /** Makes what goes on equal to what is pending; answers what must be told to the run. */
  reconcile(pending: readonly Effect[]): readonly Mail[] {
    const wanted = new Map(pending.map((effect) => [effect.key, effect]));
    for (const effect of pending) if (effect.kind === "abort") this.#abort(effect);
    const freed: string[] = [];
    for (const effect of this.#live()) if (!wanted.has(effect.key)) this.#stop(effect, freed);
    const mails: Mail[] = [];
    for (const effect of pending) {
      if (effect.kind !== "attempt") {
        this.#start(effect);
        continue;
      }
      const work = this.#track(effect);
      const { path, attempt } = effect;
      if (effect.gates?.circuitBreaker !== undefined) this.#hasGuarded = true;
      if (work.attempt === null) mails.push(report({ kind: "lost", path, attempt }));
    }
    this.#releaseUnused(freed);
    return mails;
  }

  #live(): Effect[] {
    const effects: Effect[] = [...this.#timers.values(), ...this.#reads.values()];
    for (const { effect } of this.#work.values()) effects.push(effect);
    if (this.#admission !== null) effects.push(this.#admission);
    return effects;
  }

  /** Where the run, or its step at `path`, waits among those that wait for a slot; null: it does not wait. */
  waitOf(path: string | null, look: Look): SlotWait | null {
    const { runSlots, attemptSlots, attemptLimit } = this.#services;
    if (path === null) return slotWait(runSlots, this.#run.key, look);
    const work = this.#work.get(path);
    return work?.effect.kind === "admit"
      ? slotWait(attemptSlots, work.slot, look, attemptLimit.view)
      : null;
  }

  /** As waitOf(), where it stands among claims of other hosts; null: none of them waits for the same. */
  placeOf(
    path: string | null,
    wallMs: number,
  ): { readonly slot: string; readonly place: LinePlace } | null {
    const { runSlots, attemptSlots } = this.#services;
    const slot = path === null ? this.#run.key : (this.#work.get(path)?.slot ?? "");
    const place = placeOf(path === null ? runSlots : attemptSlots, slot, wallMs);
    return place === null ? null : { slot, place };
  }

  /**
   * Stops everything: the run is over here. A run that is only set aside keeps the slot that it was
   * admitted with: what it has begun is not done, and nobody else of its key may begin. What
   * `turn`, which is on its way, was granted is given back too: nobody else knows of it.
   */
  dropAll(turn: Turn | null, { keepsSlot = false } = {}): void {
    const freed: string[] = [];
    if (!this.isResting) for (const effect of this.#live()) this.#stop(effect, freed);
    this.#timers.clear();
    this.#releaseUnused(freed);
    this.giveBack(turn?.slots ?? []);
    this.#services.timers.clearRun(this.#run.key);
    const { runSlots } = this.#services;
    if (!keepsSlot || !runSlots.holds(this.#run.key)) runSlots.release(this.#run.key);
  }

  /** Gives back slots of grants that came to nothing. */
  giveBack(slots: Iterable<string>): void {
    for (const slot of slots) {
      const isRun = slot === this.#run.key;
      (isRun ? this.#services.runSlots : this.#services.attemptSlots).release(slot);
    }
  }

  /** `freed` gains the slot that it may have had. */
  #stop(effect: Effect, freed: string[]): void {
    const { timers, attempts, runSlots } = this.#services;
    switch (effect.kind) {
      case "timer":
        this.#timers.delete(effect.key);
        return timers.clear(this.#run.key, effect.key);
      case "admit_run":
        if (this.#admission === null) return;
        this.#admission = null;
        if (!runSlots.holds(this.#run.key)) runSlots.release(this.#run.key);
        else yieldToLater(this.#services, effect, this.runClaimOf(effect));
        return;
      case "items":
        if (this.#reads.get(effect.path)?.key !== effect.key) return;
        this.#reads.delete(effect.path);
        return this.#services.itemReads.stop(this.#run.key, effect);
      case "admit":
      case "attempt":
      case "abort": {
        const work = this.#work.get(effect.path);
        // Another effect of the step may have taken its place: the abort of this very attempt.
        if (work?.effect.kind !== effect.kind || work.effect.attempt !== effect.attempt) return;
        this.#work.delete(effect.path);
        freed.push(work.slot);
        if (work.attempt !== null) attempts.forget(work.attempt);
      }
    }
  }

  #start(effect: Effect): void {
    const { timers, attempts, attemptSlots } = this.#services;
    switch (effect.kind) {
      case "timer":
        this.#timers.set(effect.key, effect);
        return timers.set(this.#run.key, effect.key, effect.dueAtMs);
      case "admit_run":
        this.#admission = effect;
        return this.#requestRun(effect);
      case "items":
        this.#reads.set(effect.path, effect);
        return this.#services.itemReads.start(this.#run, effect);
      case "admit":
        this.#track(effect);
        if (effect.memo !== null) return this.#askMemo(effect, effect.memo);
        return attemptSlots.request(this.claimOf(effect));
      case "attempt": {
        const { path, attempt } = effect;
        if (effect.gates?.circuitBreaker !== undefined) this.#hasGuarded = true;
        this.#track(effect).attempt = attempts.start(
          { runId: this.#run.key, path, attempt },
          effect.gates?.rateLimit === undefined
            ? (abort) => attemptRequest(this.#services, this.#run, effect, abort)
            : (abort) => this.#prepareLimited(effect, abort),
        );
        return;
      }
      case "abort":
        return this.#abort(effect);
    }
  }

  /** In the place of the attempt, if it is here. Once. */
  #abort(effect: AbortEffect): void {
    const isKnown = this.#work.get(effect.path)?.effect.key === effect.key;
    if (isKnown) return;
    const { path, attempt } = effect;
    const work = this.#track(effect);
    this.#services.attempts.abort({ runId: this.#run.key, path, attempt }, work.attempt);
  }

  #requestRun(effect: AdmitRunEffect): void {
    const { runSlots } = this.#services;
    const claim = this.runClaimOf(effect);
    // Without a key a run is admitted in its own turn; a slot of its own grants it all the same.
    if (claim === null) return runSlots.request(ownSlot(this.#run.key, this.#run.facts().tenant));
    const isWaiting = runSlots.waitOf(claim.slot) !== undefined;
    runSlots.request(claim);
    if (isWaiting || effect.concurrency?.whenFull !== "cancelRunning") return;
    displace(this.#services, claim, this.#run.facts().runId);
  }

  /** `effect` takes the place of what goes on for the same attempt of its step. */
  #track(effect: StepEffect): Work {
    const present = this.#work.get(effect.path);
    if (present?.effect.attempt === effect.attempt) {
      present.effect = effect;
      return present;
    }
    const work: Work = { effect, slot: slotName(this.#run.key, effect), attempt: null };
    this.#work.set(effect.path, work);
    return work;
  }

  /** Gives back slots of attempts that nothing stands behind any more. */
  #releaseUnused(slots: Iterable<string>): void {
    const { attemptSlots, memos } = this.#services;
    for (const slot of slots) {
      if (slot === this.#run.key || this.#uses(slot)) continue;
      attemptSlots.release(slot);
      if (this.#hasMemos) memos.release(slot);
    }
  }

  #uses(slot: string): boolean {
    return (
      this.#work.get(slot.slice(slot.indexOf("\n") + 1, slot.lastIndexOf("\n")))?.slot === slot
    );
  }

  /** E5. */
  #askMemo(effect: AdmitEffect, memo: MemoRequest): void {
    const { memos, values, attemptSlots } = this.#services;
    const { tenant, runId, workflow, version } = this.#run.facts();
    const { path, attempt, uses, secrets } = effect;
    this.#hasMemos = true;
    memos.ask({
      slot: slotName(this.#run.key, effect),
      runKey: this.#run.key,
      workflowVersion: version,
      ...{ tenant, runId, workflow, path, attempt, uses, memo, secrets },
      config: () => values.load(this.#run.source, effect.input),
      proceed: () => attemptSlots.request(this.claimOf(effect)),
    });
  }

  /** The results of this turn that are to be remembered; null: none. */
  memosOf(turn: Turn): readonly MemoWrite[] | null {
    return this.#hasMemos ? memoWrites(turn, this.#run.key, this.#services.memos) : null;
  }

  /** Whose result the step at `path` waits for; null: it does not. */
  memoWaitOf(path: string): ReturnType<HostServices["memos"]["waitOf"]> {
    if (!this.#hasMemos) return null;
    const work = this.#work.get(path);
    return work?.effect.kind === "admit" ? this.#services.memos.waitOf(work.slot) : null;
  }

  /** Whether the step waits for what only the store can say, and the store is away. */
  isStoreAwayFor(path: string): boolean {
    const { attempts, memos, shared, itemReads } = this.#services;
    const { key } = this.#run;
    if (attempts.patience.isAwayFor(key, path)) return true;
    return [memos, shared, itemReads].some((asking) => asking.isStoreAwayFor(key, path));
  }

  /** Rate limits count from the instant at which all is there: the node is called next. */
  async #prepareLimited(
    effect: AttemptEffect,
    abort: AttemptAbort,
  ): Promise<AttemptRequest | StepError | null> {
    const prepared = await attemptRequest(this.#services, this.#run, effect, abort);
    const slot = slotName(this.#run.key, effect);
    return "code" in prepared || this.#services.attemptSlots.started(slot) ? prepared : null;
  }
}
