/**
 * Whether a step with open scopes can go on by itself: questions to its control, one for each scope
 * kind, answered without deciding anything. True exactly when the kind's advance() can emit.
 */
import type { ScopeInstance, StepInstance } from "../state.ts";
import type {
  BranchControl,
  Control,
  EachControl,
  ParallelControl,
  SagaControl,
  TryControl,
  WhileControl,
} from "./control.ts";

/** The control of an open step of the kind that asks. */
function controlOf<Kind extends Control>(instance: StepInstance): Kind {
  const control = instance.live?.control ?? null;
  if (control === null) throw new Error(`step "${instance.path}" is open without a control`);
  return control as Kind;
}

export function branchWants(instance: StepInstance): boolean {
  const control = controlOf<BranchControl>(instance);
  return !control.opened || control.result !== null;
}

/** Whenever nothing is open there is a next thing to open, or the end. */
export function tryWants(instance: StepInstance): boolean {
  return !controlOf<TryControl>(instance).opened;
}

/** As of a try: the body, one compensation after another, the end. */
export function sagaWants(instance: StepInstance): boolean {
  return !controlOf<SagaControl>(instance).opened;
}

export function whileWants(instance: StepInstance): boolean {
  return !controlOf<WhileControl>(instance).running;
}

export function parallelWants(instance: StepInstance): boolean {
  const control = controlOf<ParallelControl>(instance);
  if (control.opened < instance.step.bodies.size) return true;
  if (control.order.length === instance.step.bodies.size) return true;
  return mustCancelRest(instance, control) && innerToCancel(instance) !== null;
}

/** The branch whose outcome decides now, if one does. */
export function winnerOf(control: ParallelControl): string | null {
  const { join } = control;
  if (join === "all") return null;
  const decides = (slot: string) =>
    join === "first" || control.results[slot]?.outcome === "succeeded";
  return control.order.find(decides) ?? null;
}

function mustCancelRest(instance: StepInstance, control: ParallelControl): boolean {
  if (winnerOf(control) !== null) return true;
  if (!instance.step.failFast) return false;
  return control.order.some((slot) => control.results[slot]?.outcome === "failed");
}

/**
 * The first inner scope that must still be told to stop; null when all have. The `finally` of a try
 * and compensations are not, unless their own time is over: they run to their end. Each scope is
 * passed once, however often this is asked.
 */
export function innerToCancel(instance: StepInstance): ScopeInstance | null {
  const { live, step } = instance;
  if (live === null) return null;
  const isCutOff = live.cancelling?.reason === "cleanup";
  live.untold ??= { scopes: [...live.scopes], cursor: 0 };
  const { untold } = live;
  for (; untold.cursor < untold.scopes.length; untold.cursor++) {
    const scope = untold.scopes[untold.cursor];
    if (scope === undefined || scope.closed) continue;
    if (isCutOff ? scope.cancelling === "cleanup" : scope.cancelling !== null) continue;
    const cleansUp =
      scope.plan.captures !== null || (step.kind === "try" && scope.slot === "finally");
    if (isCutOff || !cleansUp) return scope;
  }
  return null;
}

/** What a for_each can do now, in order of importance; null: it waits for its items, or their reader. */
export type EachMove = "store_items" | "store_results" | "cancel" | "open" | "finish";

export function eachMove(instance: StepInstance): EachMove | null {
  const control = controlOf<EachControl>(instance);
  if (control.stream?.isRead === false) return null;
  if (control.stored < control.count) return "store_items";
  if (fullChunk(control) !== null) return "store_results";
  const stopping = instance.step.failFast && control.failed > 0 && !control.continueOnError;
  if (stopping) {
    if (innerToCancel(instance) !== null) return "cancel";
  } else if (control.next < control.count)
    return control.running < control.concurrency ? "open" : null;
  return control.running === 0 ? "finish" : null;
}

export function eachWants(instance: StepInstance): boolean {
  return eachMove(instance) !== null;
}

/** The number of a chunk whose items have all settled. */
export function fullChunk(control: EachControl): number | null {
  for (const number in control.openChunks) {
    const chunk = control.openChunks[number];
    if (chunk !== undefined && chunk.settled === chunk.results.length) return Number(number);
  }
  return null;
}

/** By step kind. */
export const SCOPE_WANTS: ReadonlyMap<string, (instance: StepInstance) => boolean> = new Map([
  ["if", branchWants],
  ["switch", branchWants],
  ["try", tryWants],
  ["saga", sagaWants],
  ["while", whileWants],
  ["parallel", parallelWants],
  ["for_each", eachWants],
]);
