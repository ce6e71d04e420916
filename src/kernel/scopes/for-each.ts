/**
 * `for_each`: items are evaluated once, stored in chunks of 1,000, then iterated, `concurrency` at
 * a time. What becomes of items is kept as references and stored in chunks too, so that a settled
 * item costs the state nothing but its share of a chunk.
 *
 * Items of a stream are read by the host (effect `items`), chunk by chunk: each is journaled with the
 * place where the next one begins, so that what is stored is never read again. The first item opens
 * when all are stored: a stream that cannot be read to its end fails before anything was done.
 *
 * F1. Items open in order; at most `concurrency` are open.
 * F2. Every item that opened settles into exactly one chunk; a full chunk is stored once.
 * F3. Failed items stop nothing by themselves; failFast cancels the open ones and opens no more.
 * F4. Items that would be others if they were evaluated later (they read variables, labels, the time
 *     or steps that have not ended) are stored in the decision that counts them. All others may be
 *     stored over several turns: after a crash between two chunks they are evaluated again.
 */
import { areStream } from "#workflow/control-configs.ts";
import { itemPath } from "#workflow/path.ts";
import { findStep } from "../compensation.ts";
import { CHUNK_ITEMS, ITEMS_MAX } from "../decision.ts";
import { fail, type Guarded, guarded, succeed } from "../outcome.ts";
import { readValue } from "../read-scope.ts";
import { isSettled, type StepInstance } from "../state.ts";
import { evaluateConfig } from "../step-config.ts";
import { emit, type Turn } from "../turn.ts";
import { NOT_LOADED, type ValueRef } from "../value-ref.ts";
import type { EachControl, OpenChunk, StreamControl } from "./control.ts";
import type { Begin, ScopeKind } from "./kind.ts";
import { basePath, stopNext } from "./open-scope.ts";
import { startControl } from "./start-control.ts";
import { eachMove, fullChunk } from "./wants.ts";

interface Config {
  readonly items: unknown;
  readonly concurrency: number;
  readonly onItemError: "fail" | "continue";
  readonly batch?: number;
  readonly collect: boolean;
}
interface Items {
  readonly count: number;
  readonly values: readonly unknown[];
  readonly keys: readonly string[] | null;
  readonly range: { readonly start: number; readonly step: number } | null;
}

const begin: Begin = (turn, instance, config) => {
  const settings = config as Config;
  if (areStream(settings.items)) return beginStream(turn, instance, settings);
  const items = itemsOf(settings);
  if (instance.live !== null) instance.live.scratch = items;
  if (items.count > ITEMS_MAX)
    return fail(turn, instance, {
      code: "limit_exceeded",
      message: `for_each "${instance.path}" has ${items.count} items; the limit is ${ITEMS_MAX} a loop.`,
      retryable: false,
    });
  startControl(turn, instance, {
    kind: "for_each",
    count: items.count,
    concurrency: settings.concurrency,
    ...(settings.onItemError === "continue" ? { continueOnError: true } : {}),
    ...(settings.collect ? { collect: true } : {}),
    ...(items.range === null ? {} : { range: items.range }),
    ...(items.keys === null ? {} : { keyed: true }),
  });
  if (items.range === null && mayChange(instance)) storeChunks(turn, instance, items);
  return true;
};

/** Names under which an expression may find something else a moment later. */
const CHANGING: ReadonlySet<string> = new Set(["vars", "labels", "run"]);

/** F4. */
function mayChange({ step, scope }: StepInstance): boolean {
  const { roots, steps } = step.with.reads;
  if (roots.some((root) => CHANGING.has(root))) return true;
  return steps.some(({ id }) => {
    const read = findStep(scope, id);
    return read !== null && !isSettled(read.status);
  });
}

function beginStream(turn: Turn, instance: StepInstance, settings: Config): boolean {
  const { items, batch, concurrency, onItemError, collect } = settings;
  const control = {
    ...{ kind: "for_each" as const, stream: true, count: 0, concurrency },
    ...(batch === undefined ? {} : { batch }),
    ...(onItemError === "continue" ? { continueOnError: true } : {}),
    ...(collect ? { collect: true } : {}),
  };
  startControl(turn, instance, control, { input: items });
  return true;
}

function itemsOf(config: Config): Items {
  const { items, batch } = config;
  if (Array.isArray(items)) {
    const values = batch === undefined ? items : batches(items, batch);
    return { count: values.length, values, keys: null, range: null };
  }
  const entries = items as Readonly<Record<string, unknown>>;
  const range = rangeOf(entries);
  if (range === null) {
    const keys = Object.keys(entries);
    return { count: keys.length, values: keys.map((key) => entries[key]), keys, range: null };
  }
  const step = range.step ?? 1;
  const count = Math.max(0, Math.ceil((range.end - range.start) / step));
  if (batch === undefined)
    return { count, values: [], keys: null, range: { start: range.start, step } };
  const numbers = Array.from(
    { length: Math.min(count, ITEMS_MAX + 1) },
    (_, i) => range.start + i * step,
  );
  const values = batches(numbers, batch);
  return { count: values.length, values, keys: null, range: null };
}

function rangeOf(items: Readonly<Record<string, unknown>>) {
  const { range, ...rest } = items;
  if (range === undefined || Object.keys(rest).length > 0) return null;
  return range as { readonly start: number; readonly end: number; readonly step?: number };
}

function batches(items: readonly unknown[], size: number): unknown[] {
  const groups: unknown[] = [];
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size));
  return groups;
}

function controlOf(instance: StepInstance): EachControl {
  return instance.live?.control as EachControl;
}

function advance(turn: Turn, instance: StepInstance): boolean {
  const control = controlOf(instance);
  switch (eachMove(instance)) {
    case "store_items":
      return storeItems(turn, instance, control);
    case "store_results":
      return storeResults(turn, instance, control);
    case "cancel":
      return stopNext(turn, instance, "fail_fast");
    case "open":
      return openItem(turn, instance, control);
    case "finish":
      return finish(turn, instance, control);
    default:
      return false;
  }
}

function storeItems(turn: Turn, instance: StepInstance, control: EachControl): boolean {
  const items = evaluatedItems(turn, instance);
  if (items === null) return false;
  if (!items.ok) return fail(turn, instance, items.error);
  storeChunk(turn, instance, control, items.value);
  return true;
}

function storeChunks(turn: Turn, instance: StepInstance, items: Items): void {
  const control = controlOf(instance);
  while (control.stored < control.count) storeChunk(turn, instance, control, items);
}

function storeChunk(turn: Turn, instance: StepInstance, control: EachControl, items: Items): void {
  const { values, keys } = items;
  const from = control.stored;
  emit(turn, {
    type: "step.items_stored",
    path: instance.path,
    from,
    values: values.slice(from, from + CHUNK_ITEMS),
    ...(keys === null ? {} : { keys: keys.slice(from, from + CHUNK_ITEMS) }),
  });
  // The loop may go on for days: from here on its items are read where they are stored.
  if (control.stored === control.count && instance.live !== null) instance.live.scratch = undefined;
}

/** After a crash between two chunks it gives the same items again (F4). */
function evaluatedItems(turn: Turn, instance: StepInstance): Guarded<Items> | null {
  const scratch = instance.live?.scratch as Items | undefined;
  if (scratch !== undefined) return { ok: true, value: scratch };
  const config = evaluateConfig(turn, instance);
  if (config === null || !config.ok) return config;
  const items = itemsOf(config.value as Config);
  if (instance.live !== null) instance.live.scratch = items;
  return { ok: true, value: items };
}

function storeResults(turn: Turn, instance: StepInstance, control: EachControl): boolean {
  const number = fullChunk(control);
  const chunk: OpenChunk | undefined = number === null ? undefined : control.openChunks[number];
  if (number === null || chunk === undefined) return false;
  emit(turn, {
    type: "step.results_stored",
    path: instance.path,
    from: number * CHUNK_ITEMS,
    results: control.collect ? chunk.results.map((ref) => ref ?? { v: null }) : null,
    // Items end in any order; what the output says does not depend on it.
    failed: chunk.failed.toSorted((left, right) => left.index - right.index),
  });
  return true;
}

function openItem(turn: Turn, instance: StepInstance, control: EachControl): boolean {
  const index = control.next;
  const found = guarded(() => keyOf(turn, control, index));
  if (!found.ok) return fail(turn, instance, found.error);
  const key = found.value;
  if (key === NOT_LOADED) return false;
  const name = instance.step.bodies.get("body")?.itemName ?? "item";
  emit(turn, {
    type: "scope.opened",
    path: itemPath(basePath(instance), key ?? index),
    owner: instance.path,
    slot: "body",
    index,
    ...(key === null ? {} : { key }),
    locals: { [name]: itemRef(control, index), index: { v: key ?? index } },
  });
  return true;
}

function itemRef(control: EachControl, index: number): ValueRef {
  if (control.range !== null) return { v: control.range.start + index * control.range.step };
  if (control.stream !== undefined) return streamedRef(control, control.stream, index);
  const at = control.itemChunks[Math.floor(index / CHUNK_ITEMS)];
  if (at === undefined) throw new Error(`item ${index} was opened before it was stored`);
  return { at, f: "values", i: index % CHUNK_ITEMS };
}

/** In the last chunk that begins at or before the item. */
function streamedRef(
  { itemChunks }: EachControl,
  { starts }: StreamControl,
  index: number,
): ValueRef {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  const at = itemChunks[low];
  if (at === undefined) throw new Error(`item ${index} was opened before it was stored`);
  return { at, f: "values", i: index - (starts[low] ?? 0) };
}

/** The item's key; null for items of arrays. */
function keyOf(turn: Turn, control: EachControl, index: number): string | null | typeof NOT_LOADED {
  const at = control.itemChunks[Math.floor(index / CHUNK_ITEMS)];
  if (!control.keyed || at === undefined) return null;
  return readValue(turn, { at, f: "keys", i: index % CHUNK_ITEMS }) as string | typeof NOT_LOADED;
}

function finish(turn: Turn, instance: StepInstance, control: EachControl): boolean {
  const failure = control.firstError;
  if (failure !== null && !control.continueOnError)
    return fail(turn, instance, {
      ...failure.error,
      message: `${failure.error.message} (first of ${control.failed} failed items, at ${failure.path})`,
    });
  succeed(turn, instance, {
    outputRef: {
      each: control.resultChunks.filter((seq) => seq !== null),
      succeeded: control.succeeded,
    },
  });
  return true;
}

export const forEachKind: ScopeKind = { begin, advance, wantsCleanup: () => false };
