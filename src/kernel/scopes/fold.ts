/**
 * How the control of a step with inner scopes follows the journal: the fold's half of each scope
 * kind. What to do next is decided in the files beside this one.
 */
import { unreachable } from "#errors/errors.ts";
import { matchesCode } from "#errors/step-error.ts";
import { CHUNK_ITEMS } from "../decision.ts";
import type { EventOf } from "../events.ts";
import type { ScopeInstance, StepInstance } from "../state.ts";
import { NULL_REF, refOf, type ValueRef } from "../value-ref.ts";
import {
  type Control,
  type EachControl,
  FAILURES_MAX,
  type OpenChunk,
  type SagaControl,
  type ScopeOutcome,
  type StreamControl,
} from "./control.ts";

/** The first control of a step, from what step.started says. */
export function controlStarted(
  instance: StepInstance,
  started: Readonly<Record<string, unknown>>,
): Control {
  const kind = started["kind"] as Control["kind"];
  switch (kind) {
    case "branch":
      return {
        kind,
        port: started["port"] as string,
        slot: started["slot"] as string,
        opened: false,
        result: null,
      };
    case "parallel":
      return {
        kind,
        join: started["join"] as "all" | "any" | "first",
        opened: 0,
        results: {},
        order: [],
      };
    case "try":
      return { kind, phase: "body", opened: false, result: null, catchSlot: null, cleanup: null };
    case "saga":
      return {
        kind,
        opened: false,
        result: null,
        compensables: [],
        total: 0,
        undoing: null,
        failed: 0,
        failures: [],
      };
    case "while":
      return {
        kind,
        maxIterations: started["maxIterations"] as number,
        check: started["check"] as "before" | "after",
        carry: { ...(started["carry"] as Record<string, ValueRef>) },
        passes: 0,
        running: false,
        last: null,
      };
    case "for_each":
      return eachStarted(started);
    default:
      throw new Error(`step "${instance.path}" started with unknown control "${String(kind)}"`);
  }
}

function eachStarted(started: Readonly<Record<string, unknown>>): EachControl {
  const count = started["count"] as number;
  const range = (started["range"] as EachControl["range"] | undefined) ?? null;
  const batch = (started["batch"] as number | undefined) ?? null;
  return {
    kind: "for_each",
    ...(started["stream"] === true
      ? { stream: { batch, isRead: false, position: NULL_REF, starts: [] } }
      : {}),
    count,
    concurrency: started["concurrency"] as number,
    continueOnError: started["continueOnError"] === true,
    collect: started["collect"] === true,
    keyed: started["keyed"] === true,
    range,
    itemChunks: [],
    stored: range === null ? 0 : count,
    next: 0,
    running: 0,
    succeeded: 0,
    failed: 0,
    firstError: null,
    openChunks: {},
    resultChunks: [],
  };
}

/** An inner scope opened. */
export function controlOpened(owner: StepInstance, scope: ScopeInstance): void {
  const control = controlOf(owner);
  switch (control.kind) {
    case "branch":
      control.opened = true;
      return;
    case "parallel":
      control.opened++;
      return;
    case "try":
      control.phase =
        scope.slot === "body" ? "body" : scope.slot === "finally" ? "finally" : "catch";
      control.opened = true;
      return;
    case "saga":
      return sagaOpened(control, scope);
    case "while":
      control.running = true;
      return;
    case "for_each":
      control.next++;
      control.running++;
      return;
    default:
      return unreachable(control);
  }
}

/** An inner scope closed; `carry` holds what a pass of a while hands on. */
export function controlClosed(
  owner: StepInstance,
  scope: ScopeInstance,
  result: ScopeOutcome,
  carry: Record<string, ValueRef> | null,
): void {
  const control = controlOf(owner);
  switch (control.kind) {
    case "branch":
      control.result = result;
      return;
    case "parallel":
      control.results[scope.slot] = result;
      control.order.push(scope.slot);
      return;
    case "try":
      return tryClosed(owner, control, result);
    case "saga":
      return sagaClosed(control, scope, result);
    case "while":
      control.running = false;
      control.passes++;
      control.last = result;
      if (carry !== null) control.carry = carry;
      return;
    case "for_each":
      return itemClosed(control, scope, result);
    default:
      return unreachable(control);
  }
}

function tryClosed(
  owner: StepInstance,
  control: Extract<Control, { readonly kind: "try" }>,
  result: ScopeOutcome,
): void {
  control.opened = false;
  if (control.phase === "finally") {
    control.cleanup = result;
    return;
  }
  control.result = result;
  control.catchSlot =
    control.phase === "body" && result.outcome === "failed" && result.error !== null
      ? catchFor(owner, result.error.code)
      : null;
}

function sagaOpened(control: SagaControl, scope: ScopeInstance): void {
  control.opened = true;
  if (scope.plan.captures === null) return;
  control.undoing = scope.key;
  control.compensables.pop();
}

function sagaClosed(control: SagaControl, scope: ScopeInstance, result: ScopeOutcome): void {
  control.opened = false;
  if (scope.plan.captures === null) {
    control.result = result;
    // A run that stops has succeeded: there is nothing to undo.
    if (scope.cancelling === "stop") control.compensables = [];
    // What inner sagas handed over came in when they ended.
    control.compensables.sort((left, right) => left.seq - right.seq);
    control.total = control.compensables.length;
    return;
  }
  const path = control.undoing ?? scope.path;
  control.undoing = null;
  if (result.error === null) return;
  control.failed++;
  if (control.failures.length < FAILURES_MAX) control.failures.push({ path, error: result.error });
}

function catchFor(owner: StepInstance, code: string): string | null {
  for (const clause of owner.step.catches)
    if (!clause.errors || clause.errors.some((pattern) => matchesCode(pattern, code)))
      return clause.slot;
  return null;
}

function itemClosed(control: EachControl, scope: ScopeInstance, result: ScopeOutcome): void {
  const index = scope.index ?? 0;
  const chunkNumber = Math.floor(index / CHUNK_ITEMS);
  const chunk = chunkOf(control, chunkNumber);
  const offset = index - chunkNumber * CHUNK_ITEMS;
  control.running--;
  chunk.settled++;
  chunk.results[offset] = result.outcome === "succeeded" ? result.output : NULL_REF;
  if (result.outcome === "succeeded") control.succeeded++;
  if (result.outcome === "failed" && result.error !== null) {
    control.failed++;
    control.firstError ??= { error: result.error, path: result.errorPath ?? scope.path };
    chunk.failed.push({ index, error: result.error });
  }
}

function chunkOf(control: EachControl, chunkNumber: number): OpenChunk {
  const existing = control.openChunks[chunkNumber];
  if (existing !== undefined) return existing;
  const size = Math.min(CHUNK_ITEMS, control.count - chunkNumber * CHUNK_ITEMS);
  const chunk: OpenChunk = { settled: 0, results: new Array(size).fill(null), failed: [] };
  control.openChunks[chunkNumber] = chunk;
  return chunk;
}

/** Items or results of a for_each were stored. */
export function controlStored(
  instance: StepInstance,
  event: EventOf<"step.items_stored"> | EventOf<"step.results_stored">,
  seq: number,
): void {
  const control = controlOf(instance);
  if (control.kind !== "for_each") throw new Error(`step "${instance.path}" stores no items`);
  if (event.type === "step.items_stored") {
    if (control.stream !== undefined) return streamStored(control, control.stream, event, seq);
    control.itemChunks.push(seq);
    // Not the values' own number: the fold needs nothing of what may be lost.
    control.stored += Math.min(CHUNK_ITEMS, control.count - control.stored);
    return;
  }
  const chunkNumber = event.from / CHUNK_ITEMS;
  while (control.resultChunks.length <= chunkNumber) control.resultChunks.push(null);
  control.resultChunks[chunkNumber] = seq;
  delete control.openChunks[chunkNumber];
}

function streamStored(
  control: EachControl,
  stream: StreamControl,
  { count = 0, position, isLast }: EventOf<"step.items_stored">,
  seq: number,
): void {
  if (count > 0) {
    control.itemChunks.push(seq);
    stream.starts.push(control.stored);
  }
  control.stored += count;
  control.count = control.stored;
  stream.position = refOf(position, seq, "position");
  stream.isRead = isLast === true;
}

function controlOf(instance: StepInstance): Control {
  const control = instance.live?.control ?? null;
  if (control === null) throw new Error(`step "${instance.path}" has no open scopes`);
  return control;
}
