/**
 * A stream at work: its source, and its steps in stages. A stage ends where records must be gathered
 * before one can go on (sort, group); within a stage records pass in batches. Everything is pulled:
 * what nobody takes is not read.
 *
 *   P1. Begun again from a saved state it goes on with the record after the last one given before
 *       that state was taken; records are the same as if it had never stopped.
 *   P2. Memory is bounded by a batch and what a gathering step may hold, whatever the stream's size.
 */
import { unreachable } from "#errors/errors.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import type { NodeDefinition } from "../define-node.ts";
import { dataFilter } from "../pure/data-filter.ts";
import { dataMap } from "../pure/data-map.ts";
import type { Stream, StreamStep } from "../pure/stream-value.ts";
import type { ReadTableOptions } from "../pure/table-text.ts";
import { batchFunctions } from "./batch-functions.ts";
import type { Batch, BatchSource } from "./batch-source.ts";
import { type Gatherer, gathererOf, isGathering } from "./gatherers.ts";
import { stepConfig } from "./step-config.ts";
import { tableSource } from "./table-source.ts";
import { textSource } from "./text-source.ts";

export interface PipelineState {
  readonly stage: number;
  /** In the stage's source; null: its beginning. */
  readonly position: unknown;
  /** Records that each step of the stage has seen. */
  readonly seen: readonly number[];
  /** What the stage before has gathered; null for the first. */
  readonly gathered: unknown;
  /** What this stage has gathered so far; null for none. */
  readonly gathering: unknown;
}

export interface Pulled {
  /** Of the last stage; stages before give none. */
  readonly records: readonly unknown[];
  /** Bytes of the source that have been read. */
  readonly sourceBytes: number;
  /** A stage has ended: what it gathered took long, and is worth being saved. */
  readonly isStageEnd: boolean;
  /** Saves what is gathered. Durable when it returns. Only until the next is pulled. */
  state(): PipelineState;
}

/** Works on a batch; `first` is the index of its first record among all. */
type EachStep = (records: readonly unknown[], first: number) => readonly unknown[];

interface Stage {
  readonly each: readonly EachStep[];
  /** The step that ends it; null: the stream's end. */
  readonly end: StreamStep | null;
}

export interface PipelineOptions {
  /** The source, open for reading. */
  readonly file: number;
  /** For what is spilled. */
  readonly folder: string;
  /** Characters of JSON that a gathering step may hold; absent: its own limit. */
  readonly heldSizeMax?: number;
}

/** `stream` without its last step if that writes text. */
export function* pull(
  stream: Stream,
  options: PipelineOptions,
  saved: PipelineState | null,
): Iterable<Pulled> {
  const { source, stages } = stagesOf(stream, options);
  let gathered: unknown = saved?.gathered ?? null;
  let sourceBytes = 0;
  for (let at = saved?.stage ?? 0; at < stages.length; at += 1) {
    const stage = stages[at];
    if (stage === undefined) return;
    const isFirst = saved !== null && at === saved.stage;
    const from =
      at === 0
        ? source
        : gatheredSource(stages[at - 1]?.end, { ...options, stage: at - 1, gathered });
    const gatherer =
      stage.end === null
        ? null
        : gathererOf(stage.end, { ...options, stage: at }, isFirst ? saved.gathering : null);
    const seen = isFirst ? [...saved.seen] : stage.each.map(() => 0).concat(0);
    for (const batch of from.open(isFirst ? saved.position : null)) {
      const records = passed(stage, batch, seen, gatherer);
      if (at === 0) sourceBytes = offsetOf(batch);
      const before = gathered;
      yield {
        ...{ records, sourceBytes, isStageEnd: false },
        state: () => ({
          ...{ stage: at, position: batch.position, seen: [...seen], gathered: before },
          gathering: gatherer?.save() ?? null,
        }),
      };
    }
    if (gatherer === null) return;
    gathered = gatherer.finish();
    const next = {
      stage: at + 1,
      position: null,
      seen: zeros(stages[at + 1]),
      gathered,
      gathering: null,
    };
    yield { records: [], sourceBytes, isStageEnd: true, state: () => next };
  }
}

function zeros(stage: Stage | undefined): number[] {
  return (stage?.each ?? []).map(() => 0).concat(0);
}

/** The last of `seen` counts what reached the stage's end. */
function passed(
  { each }: Stage,
  batch: Batch,
  seen: number[],
  gatherer: Gatherer | null,
): readonly unknown[] {
  let { records } = batch;
  for (const [at, step] of each.entries()) {
    const first = seen[at] ?? 0;
    seen[at] = first + records.length;
    records = step(records, first);
  }
  const first = seen[each.length] ?? 0;
  seen[each.length] = first + records.length;
  if (gatherer === null) return records;
  gatherer.add(records, first);
  return [];
}

function offsetOf({ position }: Batch): number {
  return (position as { readonly offset?: number }).offset ?? 0;
}

/** A batch of what was gathered: so many records, or characters of JSON (a group may list its own). */
const DRAINED_RECORDS = 1_000;
const DRAINED_SIZE = 128 * 1024;

/** What a gathering step gives, from the record after those that were given before. */
function gatheredSource(
  step: StreamStep | null | undefined,
  { gathered, ...where }: PipelineOptions & { readonly stage: number; readonly gathered: unknown },
): BatchSource {
  if (step == null) throw new Error("a stage follows none that gathers");
  return {
    *open(position) {
      let given = (position as { readonly given: number } | null)?.given ?? 0;
      let toSkip = given;
      let records: unknown[] = [];
      let size = 0;
      for (const record of gathererOf(step, where, gathered).results()) {
        if (toSkip > 0) {
          toSkip -= 1;
          continue;
        }
        records.push(record);
        size += jsonSizeUpTo(record, DRAINED_SIZE);
        if (records.length < DRAINED_RECORDS && size < DRAINED_SIZE) continue;
        given += records.length;
        yield { records, position: { given } };
        records = [];
        size = 0;
      }
      given += records.length;
      if (records.length > 0) yield { records, position: { given } };
    },
  };
}

function stagesOf(
  { steps }: Stream,
  { file }: PipelineOptions,
): { readonly source: BatchSource; readonly stages: readonly Stage[] } {
  const [reading, ...rest] = steps;
  if (reading === undefined) return { source: textSource(file), stages: [{ each: [], end: null }] };
  const stages: Stage[] = [];
  let each: EachStep[] = [];
  for (const step of rest) {
    if (step.gives === "text") continue;
    if (isGathering(step)) {
      stages.push({ each, end: step });
      each = [];
    } else each.push(eachStep(step));
  }
  stages.push({ each, end: null });
  return { source: sourceOf(reading, file), stages };
}

interface TableConfig extends Omit<ReadTableOptions, "delimiter"> {
  readonly format: "csv" | "tsv";
  readonly delimiter?: string;
}

function sourceOf(reading: StreamStep, file: number): BatchSource {
  const { format, delimiter, ...how } = stepConfig<TableConfig>(reading);
  switch (format) {
    case "csv":
      return tableSource(file, { ...how, delimiter: delimiter ?? "," });
    case "tsv":
      return tableSource(file, { ...how, delimiter: delimiter ?? "\t" });
    default:
      return unreachable(format);
  }
}

/** The types that give of a batch what they give of it as a part of the whole list. */
const EACH: ReadonlyMap<string, NodeDefinition> = new Map<string, NodeDefinition>([
  [dataFilter.type, dataFilter],
  [dataMap.type, dataMap],
]);

function eachStep(step: StreamStep): EachStep {
  const definition = EACH.get(step.uses);
  if (definition?.stream == null) throw new Error(`${step.uses} is no step of a stream`);
  const { field } = definition.stream;
  const functions = batchFunctions(step.functions, { isShifted: true });
  const config = stepConfig<Record<string, unknown>>(step, functions.callables);
  return (records, first) => {
    functions.renew(first);
    return definition.runPure?.({ ...config, [field]: records }) as readonly unknown[];
  };
}
