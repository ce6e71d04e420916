/**
 * A checkpoint is the fold saved: state as JSON text, and back. What follows from the rest is left
 * out (edge counts, effects, caches), and so are steps that nothing has happened to; the scopes
 * that closed are gone already (S3), so a settled scope of 100,000 items is a list of chunk numbers.
 *
 * C1. restoreState(saveState(s), plan) behaves as s: same pending effects, same decisions.
 * C2. Another STATE_VERSION is refused (null); the caller folds the journal instead.
 */
import type { Plan } from "#workflow/plan.ts";
import { itemWants } from "./agenda-wants.ts";
import { addDeclaredStep } from "./declared-step.ts";
import { holdScope, newLive } from "./live.ts";
import { newScope } from "./scope-instance.ts";
import { scopeAround, scopePlan } from "./scope-plan.ts";
import { countEdge } from "./settle.ts";
import {
  type AgendaItem,
  isSettled,
  type Live,
  newState,
  type RunState,
  type ScopeInstance,
  type StepInstance,
} from "./state.ts";
import { takeChanges, touchStep } from "./step-effects.ts";

/** Grows when the saved shape changes. */
export const STATE_VERSION = 4;

/** Fields that are copied as they are. */
const PLAIN_FIELDS = [
  "seq",
  "nowMs",
  "phase",
  "terminal",
  "workflow",
  "version",
  "input",
  "labels",
  "priority",
  "concurrency",
  "parent",
  "pins",
  "startedAtMs",
  "endedAtMs",
  "deadlineAtMs",
  "pausedAtMs",
  "pausedBy",
  "ending",
  "cleanupAtMs",
  "stopOutput",
  "continuing",
  "chainId",
  "continuedTo",
  "body",
  "cleanup",
  "unclean",
  "vars",
  "unwaited",
  "output",
  "error",
  "signalCount",
  "active",
  "settledSteps",
  "failedSteps",
] as const satisfies readonly (keyof RunState)[];

const STEP_FIELDS = [
  "status",
  "verdict",
  "skippedByIf",
  "handled",
  "port",
  "attempt",
  "output",
  "error",
] as const satisfies readonly (keyof StepInstance)[];

type SavedLive = Omit<Live, "scopes" | "untold" | "computing" | "scratch">;
type SavedStep = { readonly at: number; readonly live?: SavedLive } & Partial<
  Pick<StepInstance, (typeof STEP_FIELDS)[number]>
>;
type SavedScope = Pick<
  ScopeInstance,
  | "path"
  | "slot"
  | "index"
  | "key"
  | "locals"
  | "captured"
  | "sealed"
  | "closed"
  | "firstFailure"
  | "endsEarly"
  | "cancelling"
  | "declared"
> & { readonly owner: string | null; readonly steps: readonly SavedStep[] };
type SavedItem =
  | { readonly step: string }
  | { readonly scope: string }
  | { readonly signals: string }
  | "run";

interface Saved {
  readonly stateVersion: number;
  readonly runId: string;
  readonly run: Readonly<Record<string, unknown>>;
  readonly scopes: readonly SavedScope[];
  readonly agenda: readonly SavedItem[];
  readonly signals: readonly (readonly [
    string,
    RunState["signals"] extends Map<string, infer V> ? V : never,
  ])[];
  readonly signalIds: readonly string[];
  readonly signalWaits: readonly (readonly [string, readonly string[]])[];
}

/** JSON text. */
export function saveState(state: RunState): string {
  return JSON.stringify(savedOf(state));
}

/**
 * Whether two states of a run are the same, however they came about. Of their agendas that is what
 * wants to go on: in which order depends on what was being computed (see agenda-wants.ts).
 */
export function isSameState(left: RunState, right: RunState): boolean {
  const textOf = (state: RunState) =>
    JSON.stringify({ ...savedOf(state), agenda: wantingOf(state) });
  return textOf(left) === textOf(right);
}

function wantingOf(state: RunState): string[] {
  const wanting = state.agenda.slice(state.agendaHead).filter((item) => itemWants(state, item));
  return [...new Set(wanting.map((item) => JSON.stringify(saveItem(item))))].sort();
}

function savedOf(state: RunState): Saved {
  const run: Record<string, unknown> = {};
  for (const field of PLAIN_FIELDS) run[field] = state[field];
  if (state.resolutions !== null) run["resolutions"] = state.resolutions;
  if (state.unhandled !== null) run["unhandled"] = state.unhandled;
  const scopes = [...state.scopes.values()];
  if (state.root?.closed) scopes.unshift(state.root);
  return {
    stateVersion: STATE_VERSION,
    runId: state.runId,
    run,
    scopes: scopes.map(saveScope),
    agenda: saveAgenda(state),
    signals: [...state.signals],
    signalIds: [...state.signalIds],
    signalWaits: [...state.signalWaits].map(([key, waits]) => [key, waits.map(({ path }) => path)]),
  };
}

function saveScope(scope: ScopeInstance): SavedScope {
  const steps: SavedStep[] = [];
  for (const instance of scope.steps) {
    const saved = saveStep(instance);
    if (saved !== null) steps.push(saved);
  }
  return {
    path: scope.path,
    slot: scope.slot,
    index: scope.index,
    key: scope.key,
    locals: scope.locals,
    captured: scope.captured,
    sealed: scope.sealed,
    closed: scope.closed,
    firstFailure: scope.firstFailure,
    endsEarly: scope.endsEarly,
    cancelling: scope.cancelling,
    declared: scope.declared,
    owner: scope.owner?.path ?? null,
    steps,
  };
}

/** null: nothing has happened to it but what its edges say. */
function saveStep(instance: StepInstance): SavedStep | null {
  if (instance.status === "waiting") return null;
  const saved: Record<string, unknown> = { at: instance.step.index };
  for (const field of STEP_FIELDS) {
    const value = instance[field];
    const isDefault =
      value === null ||
      value === false ||
      value === 0 ||
      (field === "verdict" && value === "ready");
    if (!isDefault && !(field === "output" && "v" in instance.output && instance.output.v === null))
      saved[field] = value;
  }
  if (instance.live !== null) {
    const {
      scopes: _scopes,
      untold: _untold,
      computing: _computing,
      scratch: _scratch,
      ...live
    } = instance.live;
    saved["live"] = live satisfies SavedLive;
  }
  return saved as SavedStep;
}

/**
 * Steps that are computed off the turn have left the agenda; after a restart they are computed again,
 * and first: they had begun before whatever is still listed, as in a fold of the journal.
 */
function saveAgenda(state: RunState): SavedItem[] {
  const items: SavedItem[] = [];
  for (const instance of state.steps.values())
    if (instance.live?.computing === true && !instance.listed) items.push({ step: instance.path });
  for (let at = state.agendaHead; at < state.agenda.length; at++) {
    const item = state.agenda[at];
    if (item !== undefined && isOpen(state, item)) items.push(saveItem(item));
  }
  return items;
}

/** Items of scopes that have closed never want anything again. */
function isOpen(state: RunState, item: AgendaItem): boolean {
  if (item === "run" || "signalKey" in item) return true;
  return "step" in item ? state.steps.get(item.path) === item : !item.closed;
}

function saveItem(item: AgendaItem): SavedItem {
  if (item === "run") return "run";
  if ("signalKey" in item) return { signals: item.signalKey };
  return "step" in item ? { step: item.path } : { scope: item.path };
}

/** null: written by another STATE_VERSION. Throws on text that is no checkpoint. */
export function restoreState(text: string, plan: Plan): RunState | null {
  const saved = JSON.parse(text) as Saved;
  if (saved.stateVersion !== STATE_VERSION) return null;
  const state = Object.assign(newState(saved.runId, plan), saved.run);
  for (const scope of saved.scopes) restoreScope(state, scope);
  for (const scope of new Set([
    ...state.scopes.values(),
    ...(state.root === null ? [] : [state.root]),
  ]))
    recountEdges(state, scope);
  for (const item of saved.agenda) restoreItem(state, item);
  for (const [key, buffered] of saved.signals) state.signals.set(key, buffered);
  for (const id of saved.signalIds) state.signalIds.add(id);
  for (const [key, paths] of saved.signalWaits)
    state.signalWaits.set(
      key,
      paths.flatMap((path) => state.steps.get(path) ?? []),
    );
  for (const instance of state.steps.values()) touchStep(state, instance);
  takeChanges(state);
  return state;
}

function restoreScope(state: RunState, saved: SavedScope): void {
  const owner = saved.owner === null ? null : (state.steps.get(saved.owner) ?? null);
  const { path, slot, index, key, locals, captured } = saved;
  const scope = newScope(scopePlan(state, owner, slot), {
    path,
    slot,
    index,
    key,
    locals,
    captured,
    owner,
    parent: scopeAround(state, { owner, slot, path }),
  });
  for (const declared of saved.declared ?? []) addDeclaredStep(scope, declared);
  Object.assign(scope, {
    sealed: saved.sealed,
    closed: saved.closed,
    firstFailure: saved.firstFailure,
    endsEarly: saved.endsEarly,
    cancelling: saved.cancelling,
  });
  for (const step of saved.steps) restoreStep(scope, step);
  if (path === "") state.root = scope;
  if (scope.closed) return;
  state.scopes.set(path, scope);
  for (const instance of scope.steps) state.steps.set(instance.path, instance);
  if (owner !== null && owner.live !== null) holdScope(owner.live, scope);
}

function restoreStep(scope: ScopeInstance, saved: SavedStep): void {
  const instance = scope.steps[saved.at];
  if (instance === undefined)
    throw new Error("the checkpoint names a step that the plan does not have");
  const { at: _at, live, ...fields } = saved;
  Object.assign(instance, fields);
  if (live !== undefined) instance.live = { ...newLive(live.readyAtMs), ...live };
  if (instance.status !== "waiting") instance.edges = null;
  if (isSettled(instance.status)) scope.unsettled--;
}

/** Edges of waiting steps follow from what has settled. */
function recountEdges(state: RunState, scope: ScopeInstance): void {
  for (const source of scope.steps) {
    if (!isSettled(source.status)) continue;
    for (const edge of scope.outgoing?.[source.step.index] ?? source.step.out) {
      const target = scope.steps[edge.to];
      if (target !== undefined) countEdge(state, source, target, edge);
    }
  }
}

function restoreItem(state: RunState, saved: SavedItem): void {
  const item = itemOf(state, saved);
  if (item === null) return;
  if (item === "run") state.runListed = true;
  else if ("listed" in item) item.listed = true;
  state.agenda.push(item);
}

function itemOf(state: RunState, saved: SavedItem): AgendaItem | null {
  if (saved === "run") return "run";
  if ("signals" in saved) return { signalKey: saved.signals };
  if ("step" in saved) return state.steps.get(saved.step) ?? null;
  return state.scopes.get(saved.scope) ?? null;
}
