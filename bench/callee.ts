/** A process of a benchmark's own that is called: one request at a time, each with its answer. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { killWithUs } from "../test/support/kill-with-us.ts";

export interface Callee {
  /** Rejects with what went wrong there, or where the process has ended. */
  call(request: object): Promise<unknown>;
  /** The last call: the process has ended afterwards. null where it had ended before. */
  last(request: object): Promise<unknown>;
}

/** What crosses the border: `undefined` would not. */
type Answer = { readonly value: unknown } | { readonly failed: string };

/** Resolves when the process has got as far as serveCalls(). */
export async function startCallee(file: string, args: readonly string[]): Promise<Callee> {
  const child = fork(file, args);
  killWithUs(child);
  const answer = async (): Promise<unknown> => {
    const over = new AbortController();
    const { signal } = over;
    try {
      const exit = once(child, "exit", { signal }).then(([code]): never => {
        throw new Error(`a process of the benchmark ended with ${code}`);
      });
      const [given] = (await Promise.race([once(child, "message", { signal }), exit])) as [Answer];
      if ("failed" in given) throw new Error(given.failed);
      return given.value;
    } finally {
      over.abort();
    }
  };
  const call = async (request: object) => {
    child.send(request);
    return await answer();
  };
  await answer();
  return {
    call,
    async last(request) {
      if (child.exitCode !== null || child.signalCode !== null) return null;
      const ended = once(child, "exit");
      const value = await call(request);
      child.disconnect();
      await ended;
      return value;
    },
  };
}

/** In the process: answers each request; tells the other side first that it may ask. */
export function serveCalls<Request extends object>(
  handle: (request: Request) => Promise<unknown>,
): void {
  const tell = (answer: Answer) => process.send?.(answer);
  process.on("message", (request: Request) => {
    handle(request).then(
      (value) => tell({ value: value ?? null }),
      (error: unknown) => tell({ failed: String(error) }),
    );
  });
  tell({ value: null });
}
