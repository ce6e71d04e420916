/**
 * What the world is doing for one run: performs the changes of committed turns, and after a reload
 * brings what goes on into line with what the state says is pending.
 *
 *   E1. An effect starts only after the commit of the turn that called for it.
 *   E2. A slot is held from its grant until the commit in which the attempt, or its abort, stops.
 *   E3. After reconcile() the effects under way are exactly the pending ones.
 */
import type { StepError } from "#errors/step-error.ts";
import { idempotencyKey } from "#kernel/derive-id.ts";
import type { Effect, EffectChange } from "#kernel/effects.ts";
import type { RunState } from "#kernel/state.ts";
import { VALUE_LOST } from "#kernel/value-ref.ts";
import type { AttemptId } from "./attempts.ts";
import type { HostServices } from "./host-services.ts";
import { type Mail, report } from "./mail.ts";
import type { AttemptRequest } from "./options.ts";
import type { RunFacts } from "./run-facts.ts";
import type { SlotClaim } from "./scheduler.ts";
import type { Turn } from "./turn.ts";
import type { ValueSource } from "./value-loader.ts";

type AdmitEffect = Extract<Effect, { readonly kind: "admit" }>;
type AdmitRunEffect = Extract<Effect, { readonly kind: "admit_run" }>;
type AttemptEffect = Extract<Effect, { readonly kind: "attempt" }>;

interface Run {
  readonly key: string;
  readonly source: ValueSource;
  facts(): RunFacts;
}

export class RunEffects {
  readonly #services: HostServices;
  readonly #run: Run;
  readonly #live = new Map<string, Effect>();
  /** How many live effects stand behind each slot. */
  readonly #slotUses = new Map<string, number>();

  constructor(services: HostServices, run: Run) {
    this.#services = services;
    this.#run = run;
  }

  /** Whether everything that goes on is a timer: the run may leave memory. */
  get isResting(): boolean {
    for (const effect of this.#live.values()) if (effect.kind !== "timer") return false;
    return true;
  }

  /** What an `admit` effect asks of the scheduler. */
  claimOf(effect: AdmitEffect): SlotClaim {
    const { concurrency } = effect;
    const { tenant } = this.#run.facts();
    return {
      slot: slotName(this.#run.key, effect),
      runId: this.#run.key,
      path: effect.path,
      priority: effect.priority,
      sinceMs: effect.sinceMs,
      concurrency:
        concurrency === null ? null : { ...concurrency, key: `${tenant}/${concurrency.key}` },
    };
  }

  /** What the run itself asks; null: it needs no slot. Its key counts among runs of its workflow. */
  runClaimOf(effect: Pick<AdmitRunEffect, "priority" | "concurrency">): SlotClaim | null {
    const { concurrency } = effect;
    if (concurrency === null) return null;
    const { tenant, workflow, createdAtMs } = this.#run.facts();
    return {
      slot: this.#run.key,
      runId: this.#run.key,
      path: "",
      priority: effect.priority,
      sinceMs: createdAtMs,
      concurrency: {
        key: `${tenant}/${workflow}/${concurrency.key}`,
        limit: concurrency.limit,
      },
    };
  }

  /** Performs the changes of a committed turn. */
  apply(turn: Turn): void {
    this.#perform(turn.changes, turn.slots);
    // A timer that fired without effect (the wall clock stepped back) waits again.
    for (const { mail } of turn.taken) {
      const effect = mail.input.kind === "timer" ? this.#live.get(mail.input.key) : undefined;
      if (effect?.kind === "timer") this.#start(effect);
    }
  }

  /** Takes back the slot of a run that was admitted before it was loaded. */
  holdRunSlot({ phase, priority, concurrency }: RunState): void {
    if (phase === "queued" || phase === "new") return;
    const claim = this.runClaimOf({ priority, concurrency });
    if (claim !== null) this.#services.runSlots.hold(claim);
  }

  #perform(changes: readonly EffectChange[], slots: Iterable<string>): void {
    const starts = new Map<string, Effect>();
    const stops = new Set<string>();
    for (const change of changes) {
      if (change.op === "start") starts.set(change.effect.key, change.effect);
      else {
        starts.delete(change.key);
        if (this.#live.has(change.key)) stops.add(change.key);
      }
    }
    const touched = new Set(slots);
    const aborting = new Set<string>();
    for (const effect of starts.values())
      if (effect.kind === "abort") aborting.add(slotName(this.#run.key, effect));
    for (const key of stops) this.#stop(key, { touched, aborting, isMoved: starts.has(key) });
    for (const effect of starts.values()) this.#start(effect);
    this.#releaseUnused(touched);
  }

  /** Makes what goes on equal to what is pending; answers what must be told to the run. */
  reconcile(pending: readonly Effect[]): readonly Mail[] {
    const wanted = new Map(pending.map((effect) => [effect.key, effect]));
    const touched = new Set<string>();
    const aborting = new Set<string>();
    for (const effect of pending)
      if (effect.kind === "abort") aborting.add(slotName(this.#run.key, effect));
    for (const key of [...this.#live.keys()])
      if (!wanted.has(key)) this.#stop(key, { touched, aborting, isMoved: false });
    const mails: Mail[] = [];
    for (const effect of pending) {
      const isLive = this.#live.has(effect.key);
      if (effect.kind === "attempt" && !this.#services.attempts.has(this.#attemptId(effect))) {
        if (!isLive) this.#track(effect);
        const { path, attempt } = effect;
        mails.push(report({ kind: "lost", path, attempt }));
      } else if (effect.kind === "attempt") {
        if (!isLive) this.#track(effect);
      } else if (!isLive || effect.kind === "timer" || effect.kind === "admit") {
        this.#start(effect);
      } else if (effect.kind === "admit_run") this.#requestRun(effect);
    }
    this.#releaseUnused(touched);
    return mails;
  }

  /** Where the run, or its step at `path`, stands among those that wait for a slot; null: it does not wait. */
  positionOf(path: string | null): { readonly ahead: number; readonly key: string | null } | null {
    if (path === null) return this.#services.runSlots.position(this.#run.key);
    for (const effect of this.#live.values())
      if (effect.kind === "admit" && effect.path === path)
        return this.#services.attemptSlots.position(slotName(this.#run.key, effect));
    return null;
  }

  /** Stops everything: the run is over here. */
  dropAll(): void {
    const touched = new Set<string>();
    for (const key of [...this.#live.keys()])
      this.#stop(key, { touched, aborting: new Set(), isMoved: false });
    this.#releaseUnused(touched);
    this.#services.timers.clearRun(this.#run.key);
    this.#services.runSlots.release(this.#run.key);
  }

  /** Gives back slots of grants that came to nothing. */
  giveBack(slots: Iterable<string>): void {
    for (const slot of slots) {
      const isRun = slot === this.#run.key;
      (isRun ? this.#services.runSlots : this.#services.attemptSlots).release(slot);
    }
  }

  #stop(
    key: string,
    change: {
      readonly touched: Set<string>;
      readonly aborting: ReadonlySet<string>;
      readonly isMoved: boolean;
    },
  ): void {
    const effect = this.#live.get(key);
    if (effect === undefined) return;
    this.#live.delete(key);
    const { timers, attempts, runSlots } = this.#services;
    switch (effect.kind) {
      case "timer":
        if (!change.isMoved) timers.clear(this.#run.key, key);
        return;
      case "admit_run":
        if (!runSlots.holds(this.#run.key)) runSlots.release(this.#run.key);
        else this.#yieldToLater(effect);
        return;
      case "admit":
      case "attempt":
      case "abort": {
        const slot = slotName(this.#run.key, effect);
        this.#useSlot(slot, -1);
        change.touched.add(slot);
        const isOver = effect.kind === "abort" || !change.aborting.has(slot);
        if (effect.kind !== "admit" && isOver) attempts.forget(this.#attemptId(effect));
      }
    }
  }

  #start(effect: Effect): void {
    const { timers, attempts, attemptSlots } = this.#services;
    if (!this.#live.has(effect.key)) this.#track(effect);
    switch (effect.kind) {
      case "timer":
        this.#live.set(effect.key, effect);
        return timers.set(this.#run.key, effect.key, effect.dueAtMs);
      case "admit_run":
        return this.#requestRun(effect);
      case "admit":
        return attemptSlots.request(this.claimOf(effect));
      case "attempt":
        return attempts.start(this.#attemptId(effect), (signal) => this.#prepare(effect, signal));
      case "abort":
        return attempts.abort(this.#attemptId(effect));
    }
  }

  #requestRun(effect: AdmitRunEffect): void {
    const { runSlots } = this.#services;
    const claim = this.runClaimOf(effect);
    // Without a key a run is admitted in its own turn; a slot of its own grants it all the same.
    if (claim === null)
      return runSlots.request({ ...OWN_SLOT, slot: this.#run.key, runId: this.#run.key });
    const key = claim.concurrency?.key ?? "";
    const isFull = runSlots.isFull(key, claim.concurrency?.limit ?? 1);
    if (effect.concurrency?.whenFull === "cancelRunning" && isFull) {
      const oldest = runSlots.oldestHolder(key);
      if (oldest !== null && oldest.runId !== this.#run.key)
        this.#services.displace(oldest.runId, this.#run.facts().runId);
    }
    runSlots.request(claim);
  }

  /** cancelRunning: a run that came later has been waiting since before this one had its slot. */
  #yieldToLater(effect: AdmitRunEffect): void {
    if (effect.concurrency?.whenFull !== "cancelRunning") return;
    const key = this.runClaimOf(effect)?.concurrency?.key ?? "";
    const later = this.#services.runSlots.nextWaiting(key);
    if (later !== null) this.#services.displace(this.#run.key, later.runId);
  }

  #track(effect: Effect): void {
    this.#live.set(effect.key, effect);
    if (effect.kind === "admit" || effect.kind === "attempt" || effect.kind === "abort")
      this.#useSlot(slotName(this.#run.key, effect), 1);
  }

  #useSlot(slot: string, by: number): void {
    const uses = (this.#slotUses.get(slot) ?? 0) + by;
    if (uses > 0) this.#slotUses.set(slot, uses);
    else this.#slotUses.delete(slot);
  }

  #releaseUnused(touched: Iterable<string>): void {
    for (const slot of touched)
      if (!this.#slotUses.has(slot) && slot !== this.#run.key)
        this.#services.attemptSlots.release(slot);
  }

  #attemptId(effect: { readonly path: string; readonly attempt: number }): AttemptId {
    return { runId: this.#run.key, path: effect.path, attempt: effect.attempt };
  }

  async #prepare(effect: AttemptEffect, signal: AbortSignal): Promise<AttemptRequest | StepError> {
    const { values, logger, nodeServices } = this.#services;
    const { runId, workflow, tenant } = this.#run.facts();
    const config = await values.load(this.#run.source, effect.input);
    if (config === VALUE_LOST)
      return {
        code: "blob_missing",
        message: `The configuration of step "${effect.path}" is missing or corrupt.`,
        retryable: false,
      };
    const { path, attempt, uses } = effect;
    const fields = { runId, path, attempt, workflow, tenant };
    const log = (level: "debug" | "info" | "warn" | "error") => {
      return (message: string, more: Readonly<Record<string, unknown>> = {}) =>
        logger[level]({ ...more, ...fields }, message);
    };
    return {
      ...fields,
      uses,
      config,
      idempotencyKey: idempotencyKey(runId, path),
      deadlineAtMs: effect.timeoutAtMs,
      log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
      progress: (fraction, note) => {
        if (!signal.aborted) logger.debug({ ...fields, fraction, note }, "progress");
      },
      services: nodeServices,
    };
  }
}

const OWN_SLOT = { path: "", priority: 5, sinceMs: 0, concurrency: null } as const;

/** One slot for an attempt from its admission to its end. */
function slotName(
  runKey: string,
  effect: { readonly path: string; readonly attempt: number },
): string {
  return `${runKey}\n${effect.path}\n${effect.attempt}`;
}
