/**
 * Uses a stream up, in the thread of streams: writes it to a file, or gathers its records. Saves how
 * far it has come now and then, and goes on from there when it is begun again.
 *
 *   W1. However often it was stopped, wherever: the file has the same bytes in the end.
 */
import { closeSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Stream, StreamStep } from "../pure/stream-value.ts";
import { DraftFile } from "./draft-file.ts";
import { type PipelineState, pull } from "./pipeline.ts";
import { type RecordWriter, recordWriter, type WriterState } from "./record-writer.ts";
import { savedState, saveState, workName } from "./saved-state.ts";
import { expectUnchanged, openSource } from "./stream-file.ts";
import { tooMany } from "./stream-limits.ts";

/** Source bytes between two saves: a part of the whole, within bounds; or time. */
const SAVES = 16;
const SAVE_BYTES_MIN = 2 * 1024 * 1024;
const SAVE_BYTES_MAX = 128 * 1024 * 1024;
const SAVE_MS = 10_000;

export interface StreamJob {
  readonly stream: Stream;
  /** Where the source's path leads. */
  readonly real: string;
  /** Of this step alone; may hold what an attempt before it has left. */
  readonly folder: string;
  readonly heldSizeMax?: number;
}

export interface WriteJob extends StreamJob {
  readonly draft: string;
  readonly target: string;
  /** Whether it is a failure (EEXIST) that another file is there. */
  readonly mustBeNew?: boolean;
  readonly saveBytes?: number;
}

export interface Progress {
  readonly sourceBytes: number;
  readonly records: number;
}

interface WriteState {
  readonly pipeline: PipelineState;
  readonly bytes: number;
  readonly writer: WriterState | null;
}

export interface Written {
  readonly bytes: number;
  /** null: the stream was of text. */
  readonly records: number | null;
}

/** `onSaved` is told how far it is, durably. */
export function writeStream(job: WriteJob, onSaved: (progress: Progress) => void): Written {
  const { stream, folder, draft } = job;
  const work = workName([stream, job.target]);
  const saved = usable(job, savedState<WriteState>(folder, work));
  mkdirSync(folder, { recursive: true });
  const file = openSource(stream, job.real);
  try {
    const out = new DraftFile(draft, saved?.bytes ?? 0);
    const writer = writerOf(stream, saved?.writer ?? null);
    const isDue = saveClock(job.saveBytes ?? saveBytes(stream));
    for (const pulled of pull(stream, { ...job, file }, saved?.pipeline ?? null)) {
      writeRecords(out, writer, pulled.records);
      const { sourceBytes } = pulled;
      if (!pulled.isStageEnd && !isDue(sourceBytes)) continue;
      const pipeline = pulled.state();
      saveState<WriteState>(folder, work, {
        pipeline,
        bytes: out.save(),
        writer: writer?.state ?? null,
      });
      onSaved({ sourceBytes, records: writer?.state.records ?? 0 });
    }
    expectUnchanged(stream, file);
    if (writer !== null) out.write(Buffer.from(writer.end()));
    return {
      bytes: out.finish(job.target, { mustBeNew: job.mustBeNew ?? false }),
      records: writer?.state.records ?? null,
    };
  } finally {
    closeSync(file);
  }
}

/** null for a state whose files are gone. */
function usable({ draft, folder }: WriteJob, saved: WriteState | null): WriteState | null {
  if (saved === null || !DraftFile.has(draft, saved.bytes)) return null;
  return hasFiles(folder, saved.pipeline) ? saved : null;
}

/** Whether what a saved state of a pipeline names is still there. */
export function hasFiles(folder: string, state: PipelineState): boolean {
  return filesIn(state).every((name) => existsSync(join(folder, name)));
}

/** Every file that a saved state names. */
function filesIn(value: unknown): readonly string[] {
  if (typeof value === "string") return value.endsWith(".run") ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(filesIn);
}

function writerOf(stream: Stream, saved: WriterState | null): RecordWriter | null {
  const last: StreamStep | undefined = stream.steps.at(-1);
  return last === undefined ? null : recordWriter(last, saved);
}

function writeRecords(
  out: DraftFile,
  writer: RecordWriter | null,
  records: readonly unknown[],
): void {
  if (writer !== null) out.write(Buffer.from(writer.text(records)));
  // A piece is good until the next one is asked for.
  else for (const piece of records) out.write(Buffer.from(piece as Buffer));
}

export function saveBytes({ source }: Stream): number {
  return Math.min(Math.max(source.bytes / SAVES, SAVE_BYTES_MIN), SAVE_BYTES_MAX);
}

/** Whether it is time to save, asked with the bytes that were read. */
export function saveClock(saveBytes: number): (sourceBytes: number) => boolean {
  let savedBytes = 0;
  let savedMs = performance.now();
  return (sourceBytes) => {
    const nowMs = performance.now();
    if (sourceBytes - savedBytes < saveBytes && nowMs - savedMs < SAVE_MS) return false;
    savedBytes = sourceBytes;
    savedMs = nowMs;
    return true;
  };
}

export interface CollectJob extends StreamJob {
  readonly itemsMax: number;
  /** Characters of JSON. */
  readonly sizeMax: number;
}

/** All records. Throws NodeError `limit_exceeded` when there are more than may be. */
export function collectStream({ itemsMax, sizeMax, ...job }: CollectJob): readonly unknown[] {
  mkdirSync(job.folder, { recursive: true });
  const file = openSource(job.stream, job.real);
  try {
    const items: unknown[] = [];
    let size = 0;
    for (const { records } of pull(job.stream, { ...job, file }, null))
      for (const record of records) {
        size += JSON.stringify(record).length + 1;
        if (items.length >= itemsMax) throw tooMany("streamItems", itemsMax, "records");
        if (size > sizeMax) throw tooMany("outputSize", sizeMax, "characters of JSON");
        items.push(record);
      }
    expectUnchanged(job.stream, file);
    return items;
  } finally {
    closeSync(file);
  }
}
