/**
 * A host on a shared database in a process of its own, for measuring several at once: started by
 * startHostProcess(), it takes so many runs at a time for so long, and answers what came of it.
 */
import { fileURLToPath } from "node:url";
import { serveCalls, startCallee } from "./callee.ts";
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
  const { call, last } = await startCallee(fileURLToPath(import.meta.url), ["--serve", url]);
  return {
    warmUp: async (steps) => void (await call({ kind: "warm", steps } satisfies Request)),
    measure: async (load) =>
      (await call({ kind: "measure", ...load } satisfies Request)) as HostFigures,
    close: async () => (await last({ kind: "close" } satisfies Request)) as Claims,
  };
}

async function serve(url: string): Promise<void> {
  const host = await lockstitchOnDatabase(url, async (_url, { runs, steps }) => [
    JSON.stringify({ runs, steps }),
  ]);
  serveCalls<Request>(async (request) => {
    switch (request.kind) {
      case "warm": {
        const count = Math.ceil(request.steps / STEPS);
        await saturate(() => host.run(STEPS), { count, atOnce: 100 });
        return null;
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
  });
}

if (process.argv[2] === "--serve") await serve(process.argv[3] ?? "");
