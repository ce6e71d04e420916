/**
 * The worker thread that reads long definitions, one after another: started with the first of them.
 *
 *   1. Every text is answered; when the thread dies, what it had is refused with `internal`, and
 *      the next text starts a new one.
 *   2. It keeps the process alive only while a text is read.
 */
import { Worker } from "node:worker_threads";
import { LockstitchError } from "#errors/errors.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import { createRegistry } from "#nodes/registry.ts";
import type { ForeignType, ReadAnswer, ReadText } from "./definition-worker.ts";

const WORKER_URL = new URL("./definition-worker.ts", import.meta.url);

interface Waiting {
  resolve(read: ReadText): void;
  reject(error: LockstitchError): void;
}

export class DefinitionThread {
  readonly #nodes: NodeRegistry;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #lastId = 0;

  constructor(nodes: NodeRegistry) {
    this.#nodes = nodes;
  }

  read(text: string, format: "json" | "yaml"): Promise<ReadText> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, text, format });
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#refuseAll("it was ended");
    await worker?.terminate();
  }

  #start(): Worker {
    const workerData = { foreign: foreignTypes(this.#nodes) };
    const worker = new Worker(WORKER_URL, { workerData, name: "lockstitch-definitions" });
    let fault = "it ended";
    worker.on("message", (answer: ReadAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (this.#waiting.size === 0) worker.unref();
      if ("read" in answer) waiting?.resolve(answer.read);
      else waiting?.reject(refused(answer.error));
    });
    worker.on("error", (error) => {
      fault = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#refuseAll(fault);
    });
    return worker;
  }

  #refuseAll(why: string): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(refused(why));
  }
}

function refused(why: string): LockstitchError {
  return new LockstitchError(
    "internal",
    `The definition could not be read: the thread that reads long ones failed (${why}). Send it again.`,
  );
}

function foreignTypes(nodes: NodeRegistry): readonly ForeignType[] {
  const builtIn = new Set(createRegistry().names());
  return nodes
    .definitions()
    .filter(({ type }) => !builtIn.has(type))
    .map(({ type, title, description, category, execution, functionFields }) => ({
      ...{ type, title, description, category, execution, functionFields },
    }));
}
