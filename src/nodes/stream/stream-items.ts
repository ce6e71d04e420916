/**
 * Reads the items of streams for for_each steps: each stream in a thread of its own, which is asked
 * for one chunk after another. A large chunk comes as bytes, and is never an object here.
 */
import { hash } from "node:crypto";
import { rm } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { PackedJson } from "#workflow/packed-json.ts";
import type { NodeServices } from "../define-node.ts";
import { existingPath, fileRoot } from "../file/allowed-path.ts";
import { expectContent, streamOf } from "../pure/stream-value.ts";
import type { ItemsJob, ItemsPosition, PackedChunk } from "./items-work.ts";
import type { ItemsAnswer } from "./items-worker.ts";
import { failureOf, memoryError, STREAM_MEMORY, scratchFolder } from "./run-stream.ts";

const WORKER_URL = new URL("./items-worker.ts", import.meta.url);
/** Bytes of JSON; a smaller chunk becomes objects at once. */
const PACKED_BYTES = 64 * 1024;

export interface ItemsRequest {
  readonly tenant: string;
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
  /** What `items` came to: it may only look like a stream. */
  readonly stream: unknown;
  readonly batch: number | null;
  readonly from: number;
  /** What a chunk before had; null: there is none. */
  readonly position: unknown;
}

export interface ItemChunk {
  readonly values: readonly unknown[] | PackedJson;
  readonly count: number;
  readonly position: unknown;
  readonly isLast: boolean;
}

export interface ItemReader {
  /** One at a time; not after the last. Rejects with what stepErrorOf() knows. */
  next(): Promise<ItemChunk>;
  /** What runs ends; `isOver`: nobody will go on with the stream. */
  close(how: { readonly isOver: boolean }): void;
}

export interface StreamReader {
  open(request: ItemsRequest): ItemReader;
}

type Services = Pick<NodeServices, "fileRoot" | "scratchRoot">;

export function threadStreams(services: Services): StreamReader {
  return { open: (request) => new ThreadReader(services, request) };
}

class ThreadReader implements ItemReader {
  readonly #services: Services;
  readonly #request: ItemsRequest;
  #worker: Worker | null = null;
  #folder: string | null = null;
  #isClosed = false;
  #asked: PromiseWithResolvers<ItemChunk> | null = null;
  #failure: Error | null = null;

  constructor(services: Services, request: ItemsRequest) {
    this.#services = services;
    this.#request = request;
  }

  async next(): Promise<ItemChunk> {
    const worker = this.#worker ?? (await this.#open());
    // It may have died while it read ahead.
    if (this.#failure !== null) throw this.#failure;
    this.#asked = Promise.withResolvers();
    worker.postMessage("next");
    return await this.#asked.promise;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#asked?.reject(this.#failure);
  }

  close({ isOver }: { readonly isOver: boolean }): void {
    this.#isClosed = true;
    const folder = isOver ? this.#folder : null;
    // Not while it still writes there; a folder that stays is found stale after a day.
    const ended = Promise.resolve(this.#worker?.terminate());
    if (folder !== null)
      void ended.then(() => rm(folder, { recursive: true, force: true })).catch(() => {});
  }

  async #open(): Promise<Worker> {
    const { tenant, runId, path, attempt, batch, from, position } = this.#request;
    const stream = streamOf(this.#request.stream, "items");
    expectContent(stream, "records", "items");
    const root = await fileRoot({ services: this.#services });
    const real = await existingPath(root, stream.source.path);
    const name = hash("sha256", JSON.stringify([tenant, runId, path, attempt])).slice(0, 32);
    const folder = await scratchFolder(this.#services, name);
    if (this.#isClosed) throw new Error("The stream is not wanted any more.");
    this.#folder = folder;
    const job: ItemsJob = {
      ...{ stream, real, folder, batch, from },
      position: position as ItemsPosition | null,
    };
    const worker = new Worker(WORKER_URL, { workerData: job, resourceLimits: STREAM_MEMORY });
    this.#worker = worker;
    worker.on("message", (answer: ItemsAnswer) => {
      if ("failed" in answer) this.#fail(failureOf(answer.failed));
      else this.#asked?.resolve(chunkOf(answer.chunk));
    });
    worker.on("error", (error) => this.#fail(memoryError(error, stream.source.path)));
    worker.on("exit", () => this.#fail(new Error("The thread of the stream ended.")));
    return worker;
  }
}

function chunkOf({ content, hash, count, position, isLast }: PackedChunk): ItemChunk {
  const isLarge = content.byteLength > PACKED_BYTES;
  const values = isLarge
    ? new PackedJson(content, hash)
    : (JSON.parse(new TextDecoder().decode(content)) as unknown[]);
  return { values, count, position, isLast };
}
