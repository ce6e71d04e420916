/**
 * A host on a shared database in a process of its own, for measuring several at once: started by
 * startHostProcess(), it takes so many runs at a time for so long, and answers what came of it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { killWithUs } from "../test/support/kill-with-us.ts";
import { saturate, sustain } from "./load.ts";
import { lockstitchOnDatabase } from "./lockstitch.ts";
import type { Claims } from "./subject.ts";

export const STEPS = 5;

export interface HostLoad {
  readonly atOnce: number;
  /** Unmeasured before, and measured. */
  readonly beginMs: number;
  readonly forMs: number;
}

export interface HostFigures {
  readonly stepsPerSecond: number;
  /** Milliseconds of processor time for a second. */
  readonly busyMs: number;
}

export interface HostProcess {
  warmUp(steps: number): Promise<void>;
  measure(load: HostLoad): Promise<HostFigures>;
  /** Ends it; answers what it was asked for in all. */
  close(): Promise<Pick<Claims, "runs" | "steps">>;
}

type Request =
  | { readonly kind: "warm"; readonly steps: number }
  | ({ readonly kind: "measure" } & HostLoad)
  | { readonly kind: "close" };

export async function startHostProcess(url: string): Promise<HostProcess> {
  const child = fork(fileURLToPath(import.meta.url), ["--serve", url]);
  killWithUs(child);
  await answerOf(child);
  const ask = async (request: Request) => {
    child.send(request);
    return await answerOf(child);
  };
  return {
    warmUp: async (steps) => void (await ask({ kind: "warm", steps })),
    measure: async (load) => (await ask({ kind: "measure", ...load })) as HostFigures,
    async close() {
      const ended = once(child, "exit");
      const claims = await ask({ kind: "close" });
      child.disconnect();
      await ended;
      return claims as Claims;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const exit = once(child, "exit", { signal }).then(([code]): never => {
      throw new Error(`a host ended with ${code}`);
    });
    const [answer] = await Promise.race([once(child, "message", { signal }), exit]);
    if ("failed" in answer) throw new Error(answer.failed);
    return answer;
  } finally {
    over.abort();
  }
}

async function serve(url: string): Promise<void> {
  const host = await lockstitchOnDatabase(url, async (_url, { runs, steps }) => [
    JSON.stringify({ runs, steps }),
  ]);
  const handle = async (request: Request): Promise<object> => {
    switch (request.kind) {
      case "warm": {
        const count = Math.ceil(request.steps / STEPS);
        await saturate(() => host.run(STEPS), { count, atOnce: 100 });
        return {};
      }
      case "measure": {
        const { atOnce, beginMs, forMs } = request;
        await sustain(() => host.run(STEPS), { count: 1, forMs: beginMs, atOnce });
        const before = process.cpuUsage();
        const beganMs = performance.now();
        const runs = await sustain(() => host.run(STEPS), { count: 1, forMs, atOnce });
        const { user, system } = process.cpuUsage(before);
        const seconds = (performance.now() - beganMs) / 1_000;
        return { stepsPerSecond: STEPS * runs, busyMs: (user + system) / 1_000 / seconds };
      }
      case "close":
        return JSON.parse((await host.close())[0] ?? "{}");
    }
  };
  process.on("message", (request: Request) => {
    handle(request).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ failed: String(error) }),
    );
  });
  process.send?.({});
}

if (process.argv[2] === "--serve") await serve(process.argv[3] ?? "");
