/**
 * The items of a stream in chunks, for a for_each: read in the thread of streams, in bounded memory.
 *
 *   I1. A chunk comes with the place where the next one begins. Begun again there, or from the
 *       beginning with so many items passed over, the chunks are the same.
 *   I2. A chunk has at most CHUNK_ITEMS items and about CHUNK_SIZE characters of JSON, but always one.
 *   I3. The last chunk says that it is; it comes only if the source is still the one it was.
 */
import { hash } from "node:crypto";
import { closeSync, mkdirSync } from "node:fs";
import { NodeError } from "#errors/step-error.ts";
import { OUTPUT_SIZE_MAX } from "../attempt.ts";
import { isGathering } from "./gatherers.ts";
import { type PipelineState, type Pulled, pull } from "./pipeline.ts";
import { savedState, saveState, workName } from "./saved-state.ts";
import { expectUnchanged, openSource } from "./stream-file.ts";
import { hasFiles, type StreamJob, saveBytes, saveClock } from "./stream-work.ts";

/** As the kernel stores them. */
const CHUNK_ITEMS = 1_000;
const CHUNK_SIZE = 1024 * 1024;

export interface ItemsJob extends StreamJob {
  /** Records that make one item, as a list; null: each is one. */
  readonly batch: number | null;
  /** The first item that is wanted. */
  readonly from: number;
  /** Of that item, as a chunk had it; null: not known. */
  readonly position: ItemsPosition | null;
}

/** So many records after the place of a pipeline; null: its beginning. */
export interface ItemsPosition {
  readonly pipeline: PipelineState | null;
  readonly skip: number;
}

export interface PackedChunk {
  /** UTF-8 of a JSON list. */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly hash: string;
  readonly count: number;
  readonly position: ItemsPosition;
  readonly isLast: boolean;
}

/** A record with the place behind it. */
interface Placed {
  readonly text: string;
  readonly after: ItemsPosition;
}

export function* itemChunks(job: ItemsJob): Iterable<PackedChunk> {
  mkdirSync(job.folder, { recursive: true });
  const file = openSource(job.stream, job.real);
  try {
    let chunk = new Chunk(beginning(job));
    for (const item of items(job, file)) {
      if (!chunk.hasRoomFor(item.text)) {
        yield chunk.packed(false);
        chunk = new Chunk(item.after);
      }
      chunk.add(item);
    }
    expectUnchanged(job.stream, file);
    yield chunk.packed(true);
  } finally {
    closeSync(file);
  }
}

class Chunk {
  readonly #texts: string[] = [];
  #size = 2;
  #after: ItemsPosition;

  constructor(before: ItemsPosition) {
    this.#after = before;
  }

  hasRoomFor(text: string): boolean {
    if (this.#texts.length === 0) return true;
    return this.#texts.length < CHUNK_ITEMS && this.#size + text.length <= CHUNK_SIZE;
  }

  add({ text, after }: Placed): void {
    this.#texts.push(text);
    this.#size += text.length + 1;
    this.#after = after;
  }

  packed(isLast: boolean): PackedChunk {
    const content = new TextEncoder().encode(`[${this.#texts.join(",")}]`);
    const count = this.#texts.length;
    return { content, hash: hash("sha256", content), count, position: this.#after, isLast };
  }
}

/** From item `job.from` on. */
function* items(job: ItemsJob, file: number): Iterable<Placed> {
  const { batch, from } = job;
  let index = from;
  if (batch === null) {
    for (const record of records(job, file)) {
      if (record.text.length > OUTPUT_SIZE_MAX) throw tooLarge(index, null);
      index += 1;
      yield record;
    }
    return;
  }
  let texts: string[] = [];
  let size = 2;
  let last: Placed | null = null;
  for (const record of records(job, file)) {
    texts.push(record.text);
    size += record.text.length + 1;
    if (size > OUTPUT_SIZE_MAX) throw tooLarge(index, batch);
    last = record;
    if (texts.length < batch) continue;
    yield { text: `[${texts.join(",")}]`, after: record.after };
    index += 1;
    texts = [];
    size = 2;
    last = null;
  }
  if (last !== null) yield { text: `[${texts.join(",")}]`, after: last.after };
}

function tooLarge(index: number, batch: number | null): NodeError {
  const fix = batch === null ? "take what is needed of it with data.map" : "make batch smaller";
  return new NodeError(
    "limit_exceeded",
    `Item ${index} of the stream has more than ${OUTPUT_SIZE_MAX} characters of JSON; ${fix}.`,
    { details: { limit: "itemSize", max: OUTPUT_SIZE_MAX, index } },
  );
}

function beginning({ folder, position, from, batch }: ItemsJob): ItemsPosition {
  const isGood =
    position !== null && (position.pipeline === null || hasFiles(folder, position.pipeline));
  return isGood ? position : { pipeline: null, skip: from * (batch ?? 1) };
}

function* records(job: ItemsJob, file: number): Iterable<Placed> {
  const { pipeline, skip } = beginning(job);
  const gathering = pipeline === null ? gatheredBefore(job) : null;
  let place = pipeline ?? gathering;
  let toSkip = skip;
  let passed = 0;
  for (const pulled of gathered(job, file, place)) {
    for (const record of pulled.records) {
      passed += 1;
      if (toSkip > 0) {
        toSkip -= 1;
        continue;
      }
      yield { text: JSON.stringify(record) ?? "null", after: { pipeline: place, skip: passed } };
    }
    // What was skipped stays skipped: it is behind the new place.
    place = pulled.state();
    passed = 0;
  }
}

/** What is given at the end; before it, what gathers is saved as it goes. */
function* gathered(
  job: ItemsJob,
  file: number,
  saved: PipelineState | null,
): Iterable<Pick<Pulled, "records" | "state">> {
  const { stream, folder } = job;
  const work = workOf(job);
  const lastStage = stream.steps.filter(isGathering).length;
  let stage = saved?.stage ?? 0;
  const isDue = saveClock(saveBytes(stream));
  for (const pulled of pull(stream, { ...job, file }, saved)) {
    if (pulled.isStageEnd) stage += 1;
    else if (stage === lastStage) {
      yield pulled;
      continue;
    } else if (!isDue(pulled.sourceBytes)) continue;
    const state = pulled.state();
    saveState(folder, work, state);
    if (stage === lastStage) yield { records: [], state: () => state };
  }
}

/** How far gathering had come when it was stopped; null: nothing was, or its files are gone. */
function gatheredBefore(job: ItemsJob): PipelineState | null {
  const saved = savedState<PipelineState>(job.folder, workOf(job));
  return saved !== null && hasFiles(job.folder, saved) ? saved : null;
}

function workOf({ stream }: ItemsJob): string {
  return workName([stream, "items"]);
}
