/**
 * A worker thread that answers what it is asked, one request after another. Both sides of what they
 * say to each other: AnsweringThread asks, answerRequests() is the last line of the worker's file.
 *
 *   1. Every request settles. What fails in the thread, and what it had when it died or was closed,
 *      is rejected with an error that says so; the next request after a death starts a new thread.
 *   2. The thread is started with the first request, and keeps the process alive only while one is
 *      under way. Nothing starts it after close().
 */
import { parentPort, type Transferable, type Worker } from "node:worker_threads";

interface Question<Request> {
  readonly id: number;
  readonly request: Request;
}

type Reply<Answer> = { readonly id: number } & (
  | { readonly answer: Answer }
  | { readonly error: string }
);

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class AnsweringThread<Request, Answer> {
  readonly #start: () => Worker;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #worker: Worker | null = null;
  #lastId = 0;
  #isClosed = false;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  ask(request: Request): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(new Error("it was ended"));
    this.#worker ??= this.#open();
    const worker = this.#worker;
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // First: it throws where the request cannot be copied, and then nothing waits.
      worker.postMessage({ id, request } satisfies Question<Request>);
      worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#worker = null;
    this.#refuseAll("it was ended");
    await worker?.terminate();
  }

  #open(): Worker {
    const worker = this.#start();
    let fault = "it ended";
    worker.on("message", (reply: Reply<Answer>) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (this.#waiting.size === 0) worker.unref();
      if ("answer" in reply) waiting?.resolve(reply.answer);
      else waiting?.reject(new Error(reply.error));
    });
    // It exits then.
    worker.on("error", (error) => {
      fault = messageOf(error);
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
    for (const { reject } of all) reject(new Error(why));
  }
}

/** The worker's side. `transferOf`: what of an answer is handed over instead of copied. */
export function answerRequests<Request, Answer>(
  answer: (request: Request) => Answer,
  transferOf: (answer: Answer) => readonly Transferable[] = () => [],
): void {
  parentPort?.on("message", ({ id, request }: Question<Request>) => {
    try {
      const given = answer(request);
      parentPort?.postMessage({ id, answer: given } satisfies Reply<Answer>, transferOf(given));
    } catch (error) {
      parentPort?.postMessage({ id, error: messageOf(error) } satisfies Reply<Answer>);
    }
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
