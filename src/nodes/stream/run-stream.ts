/**
 * An attempt that uses a stream up: its work runs in a thread of its own, with a memory limit of its
 * own, so that it holds up nobody and its end ends with the thread.
 */
import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { isMissing } from "#errors/is-missing.ts";
import { NodeError, type StepErrorCode } from "#errors/step-error.ts";
import type { NodeContext, NodeServices } from "../define-node.ts";
import { existingPath, fileError, fileRoot, futurePath } from "../file/allowed-path.ts";
import type { Stream } from "../pure/stream-value.ts";
import type { Written } from "./stream-work.ts";
import type { StreamAnswer, StreamTask } from "./stream-worker.ts";

const WORKER_URL = new URL("./stream-worker.ts", import.meta.url);
/** Of the thread's objects; what a gathering step holds, a batch and the code need about half. */
export const STREAM_MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 12 };
/** What a step left that was never taken up again. */
const STALE_MS = 24 * 3_600_000;

/** Writes a stream of text to `path`, below the file folder. */
export async function streamToFile(
  stream: Stream,
  path: string,
  context: NodeContext,
  { mustBeNew }: { readonly mustBeNew: boolean },
): Promise<Written> {
  const root = await fileRoot(context);
  const target = await futurePath(root, path);
  const real = await existingPath(root, stream.source.path);
  if (real === target)
    throw new NodeError("config_invalid", "path: is the file that the stream is read from.", {
      details: { field: "path" },
    });
  // An attempt before this one may have put it there.
  if (mustBeNew && context.attempt === 1 && existsSync(target))
    throw fileError(path, { code: "EEXIST" });
  const name = nameOf(context);
  const draft = join(dirname(target), `.lockstitch-${name}.draft`);
  return await inFolder(context, name, async (folder) => {
    try {
      const job = { stream, real, folder, draft, target, mustBeNew };
      return (await perform({ kind: "write", path, job }, stream, context)) as Written;
    } catch (error) {
      if (isFinal(error)) await rm(draft, { force: true });
      throw error;
    }
  });
}

/** The records of a stream as a list. */
export async function streamToList(
  stream: Stream,
  limits: { readonly itemsMax: number; readonly sizeMax: number },
  context: NodeContext,
): Promise<readonly unknown[]> {
  const real = await existingPath(await fileRoot(context), stream.source.path);
  return await inFolder(context, nameOf(context), async (folder) => {
    const job = { stream, real, folder, ...limits };
    return (await perform(
      { kind: "collect", path: stream.source.path, job },
      stream,
      context,
    )) as readonly unknown[];
  });
}

function nameOf({ tenant, idempotencyKey }: NodeContext): string {
  return hash("sha256", `${tenant}\n${idempotencyKey}`).slice(0, 32);
}

/** A scratch folder of the step, the same for all its attempts; kept while another may follow. */
async function inFolder<Result>(
  { services, signal }: NodeContext,
  name: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await scratchFolder(services, name);
  try {
    const result = await work(folder);
    await rm(folder, { recursive: true, force: true });
    return result;
  } catch (error) {
    if (isFinal(error) && !signal.aborted) await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Made if it is not there; what others left long ago goes. */
export async function scratchFolder(
  { scratchRoot }: Pick<NodeServices, "scratchRoot">,
  name: string,
): Promise<string> {
  const scratch = scratchRoot ?? join(tmpdir(), "lockstitch-streams");
  const folder = join(scratch, name);
  await mkdir(folder, { recursive: true });
  await removeStale(scratch);
  return folder;
}

function isFinal(error: unknown): boolean {
  return error instanceof NodeError && !error.retryable;
}

async function removeStale(scratch: string): Promise<void> {
  for (const name of await readdir(scratch)) {
    const folder = join(scratch, name);
    const status = await stat(folder).catch((error: unknown) => {
      // Another attempt has ended since the list was made, and took its folder with it.
      if (isMissing(error)) return null;
      throw error;
    });
    if (status !== null && Date.now() - status.mtimeMs > STALE_MS)
      await rm(folder, { recursive: true, force: true });
  }
}

async function perform(
  task: StreamTask,
  { source }: Stream,
  { signal, heartbeat, progress }: NodeContext,
): Promise<unknown> {
  signal.throwIfAborted();
  const worker = new Worker(WORKER_URL, { workerData: task, resourceLimits: STREAM_MEMORY });
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      worker.on("message", (answer: StreamAnswer) => {
        if ("saved" in answer) {
          heartbeat(answer.saved);
          progress(source.bytes === 0 ? 1 : answer.saved.sourceBytes / source.bytes);
        } else if ("done" in answer) resolve(answer.done);
        else reject(failureOf(answer.failed));
      });
      worker.on("error", (error) => reject(memoryError(error, source.path)));
      worker.on("exit", () =>
        reject(signal.aborted ? signal.reason : new Error("The thread of the stream ended.")),
      );
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

/** What the thread said of its failure, as it was thrown there. */
export function failureOf(
  failed: Extract<StreamAnswer, { readonly failed: unknown }>["failed"],
): NodeError {
  const { code, message, retryable, details } = failed;
  return new NodeError(code as StepErrorCode, message, { retryable, details });
}

export function memoryError(error: Error & { readonly code?: string }, path: string): Error {
  if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return fileError(path, error);
  const max = STREAM_MEMORY.maxOldGenerationSizeMb;
  return new NodeError(
    "limit_exceeded",
    `The stream needs more than ${max} MiB of memory: a single record or group is too large.`,
    { details: { limit: "streamMemory", max } },
  );
}
