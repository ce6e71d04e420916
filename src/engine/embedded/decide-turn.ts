/**
 * Decides one turn as far as it reaches: takes mail after mail, and grants in the same turn what
 * may start now, so that the turn that settles a step also starts its successor.
 */
import { LockstitchError } from "#errors/errors.ts";
import { decide } from "#kernel/decide.ts";
import type { Decision, World } from "#kernel/decision.ts";
import type { EffectChange } from "#kernel/effects.ts";
import type { Input, SlotGrant } from "#kernel/inputs.ts";
import type { RunState } from "#kernel/state.ts";
import { slotGrant } from "../admission/grant.ts";
import type { HostServices } from "./host-services.ts";
import type { Mail } from "./mail.ts";
import type { RunEffects } from "./run-effects.ts";
import { slotsFull, storeAway } from "./run-errors.ts";
import { isSpent } from "./run-world.ts";
import { dropOtherSlot } from "./successor-of.ts";
import {
  type AdmitRunEffect,
  type Asking,
  gather,
  NONE,
  type Refusable,
  type TakenMail,
  type Turn,
  type TurnWait,
  withItem,
} from "./turn.ts";

/** Events of one turn after which no further mail is taken into it. */
const TURN_EVENTS_MAX = 2_000;
/** Times that one turn loads values before it commits what it has. */
const TURN_LOADS_MAX = 200;

interface Deciding {
  readonly runKey: string;
  readonly state: RunState;
  readonly world: World;
  readonly mailbox: Mail[];
  readonly effects: RunEffects;
  readonly services: HostServices;
}

export type DecidedTurn =
  | { readonly kind: "done" }
  | TurnWait
  /** The run is refused a slot and is not created (`whenFull: reject`). */
  | { readonly kind: "full"; readonly error: LockstitchError };

export function decideTurn(turn: Turn, run: Deciding): DecidedTurn {
  const { asksFor } = turn;
  turn.asksFor = null;
  if (asksFor !== null && !admitRun(turn, asksFor.effect, run))
    return { kind: "full", error: asksFor.failure ?? fullError(asksFor.effect, run) };
  for (let next = nextInput(turn, run); next !== null; next = nextInput(turn, run)) {
    const { input, entry } = next;
    const decision = decide(run.state, input, run.world);
    gather(turn, decision);
    if (input.kind === "operation" && turn.shared !== null)
      run.services.shared.decided(turn.shared, decision.events);
    if (decision.needs.length > 0) {
      // What was loaded for this much stays a turn of its own; the rest is for the next.
      if (!decision.again && isFull(turn)) turn.hasMore = true;
      else if (!decision.again) turn.own = [{ kind: "continue" }, ...turn.own];
      else if (entry === null) turn.own = [input, ...turn.own];
      else turn.again = entry;
    }
    if (entry !== null && !decision.again)
      entry.end = { kind: "done", refusal: decision.refusal, applied: decision.applied };
    if (decision.more) turn.hasMore = true;
    const full = admit(turn, decision, run);
    if (full !== null) {
      const asked = askElsewhere(turn, full, run);
      if (asked !== null) return { kind: "asks", asked };
      return { kind: "full", error: fullError(full, run) };
    }
    if (decision.needs.length > 0 && (decision.again || !isFull(turn)))
      return { kind: "needs", refs: decision.needs };
  }
  turn.admission = run.effects.admissionOf(turn);
  return { kind: "done" };
}

/**
 * Loading gives a turn its time back: this bounds one that must load for every step. One that has
 * changed shared values waits for nothing: others build on them already.
 */
function isFull({ events, loads, shared }: Turn): boolean {
  if (events.length >= TURN_EVENTS_MAX) return true;
  return events.length > 0 && (shared !== null || loads >= TURN_LOADS_MAX);
}

function nextInput(
  turn: Turn,
  run: Deciding,
): { readonly input: Input; readonly entry: TakenMail | null } | null {
  const { runKey, state, mailbox, services } = run;
  // What comes after the run's last event is nothing to the run.
  if (state.terminal !== null) return null;
  const { again } = turn;
  if (again !== null) {
    turn.again = null;
    return { input: inputOf(turn, again.mail, services, runKey) ?? CONTINUE, entry: again };
  }
  const [own] = turn.own;
  if (own !== undefined) {
    turn.own = turn.own.length === 1 ? NONE : turn.own.slice(1);
    return { input: own, entry: null };
  }
  if (turn.hasMore || turn.events.length >= TURN_EVENTS_MAX) return null;
  // As many are put off as wait for the same shared value: they must not be a frame each.
  for (;;) {
    if (turn.taken.length > 0 && isSpent(services, turn)) return null;
    // What else came may have to wait for values.
    if (turn.shared !== null && mailbox[0]?.input.kind !== "operation") return null;
    const mail = nextMail(mailbox, services);
    if (mail === undefined) return null;
    const input = inputOf(turn, mail, services, runKey);
    if (input === null) continue;
    return { input, entry: takenBy(turn, mail, runKey) };
  }
}

function takenBy(turn: Turn, mail: Mail, runKey: string): TakenMail {
  const entry: TakenMail = { mail, end: null };
  turn.taken = withItem(turn.taken, entry);
  // Slots that the scheduler granted when it sent this mail.
  if (mail.input.kind === "admit_run") turn.slots = withItem(turn.slots, runKey);
  else if (mail.slot !== null) turn.slots = withItem(turn.slots, mail.slot);
  if (mail.input.kind === "admit" && mail.input.grants !== undefined) turn.hasGrants = true;
  return entry;
}

const CONTINUE: Input = { kind: "continue" };

/** null: it is not to be decided now, and comes again. */
function inputOf(
  turn: Turn,
  { input }: Mail,
  { shared }: HostServices,
  runKey: string,
): Input | null {
  if (input.kind === "cached") turn.hasCached = true;
  if (input.kind !== "operation" || input.operation.scope === "run") return input;
  return shared.take(turn, runKey, input);
}

/** A grant whose slot was given back meanwhile (the run was paused) is void: it is asked for again. */
function nextMail(mailbox: Mail[], { attemptSlots }: HostServices): Mail | undefined {
  for (;;) {
    const mail = mailbox.shift();
    if (mail === undefined || mail.slot === null || attemptSlots.holds(mail.slot)) return mail;
  }
}

/** The changes, those that ask for a slot by rank; the very list where they stand so already. */
function criticalFirst(changes: readonly EffectChange[]): readonly EffectChange[] {
  let before = Number.POSITIVE_INFINITY;
  for (const { effect } of changes) {
    if (effect.kind !== "admit") continue;
    if (effect.rank > before) return changes.toSorted(byPriorityAndRank);
    before = effect.rank;
  }
  return changes;
}

function byPriorityAndRank({ effect: a }: EffectChange, { effect: b }: EffectChange): number {
  if (a.kind !== "admit" || b.kind !== "admit")
    return Number(b.kind === "admit") - Number(a.kind === "admit");
  return b.priority - a.priority || b.rank - a.rank;
}

/** A run that is refused unless it gets a slot; null: none is. */
function admit(turn: Turn, { changes }: Decision, run: Deciding): Refusable | null {
  const { attemptSlots } = run.services;
  let paths: readonly string[] = [];
  let grants: SlotGrant[] | null = null;
  for (const change of changes.length > 1 ? criticalFirst(changes) : changes) {
    if (change.op !== "start") continue;
    const { effect } = change;
    if (effect.kind === "admit") {
      // Its result may be known: that is asked after the commit.
      if (effect.memo !== null || isSpent(run.services, turn)) continue;
      const claim = run.effects.claimOf(effect);
      if (!attemptSlots.tryAdmit(claim)) continue;
      turn.slots = withItem(turn.slots, claim.slot);
      paths = withItem(paths, effect.path);
      const grant = claim.gates === null ? null : slotGrant(claim, null);
      if (grant === null) continue;
      turn.hasGrants = true;
      if (grants === null) grants = [grant];
      else grants.push(grant);
    } else if (effect.kind === "admit_run") {
      if (!admitRun(turn, effect, run) && turn.firstSeq === 1 && isRefusable(effect)) return effect;
    }
  }
  if (paths.length > 0)
    turn.own = withItem(
      turn.own,
      grants === null ? { kind: "admit", paths } : { kind: "admit", paths, grants },
    );
  return null;
}

function fullError({ concurrency }: Refusable, { state }: Deciding): LockstitchError {
  return slotsFull(state.plan.definition.name, concurrency);
}

function isRefusable(effect: AdmitRunEffect): effect is Refusable {
  return effect.concurrency?.whenFull === "reject";
}

/** Whether the run has the slot that it needs. */
function admitRun(turn: Turn, effect: AdmitRunEffect, run: Deciding): boolean {
  const { runSlots } = run.services;
  const claim = run.effects.runClaimOf(effect);
  if (claim !== null) {
    dropOtherSlot(claim, runSlots);
    if (runSlots.outside?.runs?.takesPassed(claim) === true) runSlots.hold(claim);
    if (!runSlots.tryAdmit(claim)) return false;
    turn.slots = withItem(turn.slots, claim.slot);
  }
  turn.own = withItem(turn.own, { kind: "admit_run" });
  return true;
}

/** null: no other host has to be asked before the run is refused. */
function askElsewhere(turn: Turn, effect: Refusable, run: Deciding): Promise<void> | null {
  const elsewhere = run.services.runSlots.outside?.runs;
  const claim = elsewhere === undefined ? null : run.effects.runClaimOf(effect);
  const gate = claim?.gates?.[0];
  if (elsewhere === undefined || claim === null || gate === undefined) return null;
  // The run has no instant of its own yet; who waits elsewhere goes first.
  const asked = elsewhere.ask(gate, { ...claim, sinceMs: turn.atMs });
  if (asked === null) return null;
  const asking: Asking = { effect, failure: null };
  turn.asksFor = asking;
  return asked.catch((error: unknown) => {
    asking.failure = error instanceof LockstitchError ? error : storeAway(String(error), error);
  });
}
