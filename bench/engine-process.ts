/**
 * The engine of a working tree in a process of its own, for comparing two of them: started by
 * startEngineProcess(), it takes one benchmark at a time and answers what it took by the clock and
 * in processor time. The tree opens its engine itself, so that this file fits older ones.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveCalls, startCallee } from "./callee.ts";
import { measureOnce, type RoundSize, warmUp } from "./measure.ts";
import { PURE_STEPS, type Subject } from "./subject.ts";

export interface Measured {
  /** See measureOnce(). */
  readonly values: readonly number[];
  /** Microseconds of processor time for a step. */
  readonly mainUs: number;
  readonly allUs: number;
}

export interface EngineProcess {
  warmUp(): Promise<void>;
  /** null: the tree has no such benchmark. */
  measure(benchmark: string, size: RoundSize): Promise<Measured | null>;
  close(): Promise<void>;
}

type Request =
  | { readonly kind: "warm" | "close" }
  | { readonly kind: "measure"; readonly benchmark: string; readonly size: RoundSize };

export async function startEngineProcess(root: string, folder: string): Promise<EngineProcess> {
  const file = fileURLToPath(import.meta.url);
  const { call, last } = await startCallee(file, ["--serve", root, folder]);
  return {
    warmUp: async () => void (await call({ kind: "warm" } satisfies Request)),
    measure: async (benchmark, size) =>
      (await call({ kind: "measure", benchmark, size } satisfies Request)) as Measured | null,
    close: async () => void (await last({ kind: "close" } satisfies Request)),
  };
}

async function serve(root: string, folder: string): Promise<void> {
  const { lockstitchInProcess } = (await import(join(root, "bench/lockstitch.ts"))) as {
    lockstitchInProcess(folder: string): Promise<Subject>;
  };
  const own = await lockstitchInProcess(folder);
  // Commits from before E have no such thing.
  const subject: Subject = { ...own, compute: own.compute ?? null };
  serveCalls<Request>(async (request) => {
    if (request.kind === "measure") return await measured(subject, request);
    await (request.kind === "warm" ? warmUp(subject) : own.close());
    return null;
  });
}

async function measured(
  subject: Subject,
  { benchmark, size }: Extract<Request, { readonly kind: "measure" }>,
): Promise<Measured | null> {
  const main = process.threadCpuUsage();
  const all = process.cpuUsage();
  const values = await measureOnce(benchmark, subject, size);
  if (values === null) return null;
  const steps = { A: size.runs * 5, B: 1_000, C: size.calls, E: size.chains * PURE_STEPS }[
    benchmark
  ];
  const ofMain = process.threadCpuUsage(main);
  const ofAll = process.cpuUsage(all);
  return {
    values,
    mainUs: (ofMain.user + ofMain.system) / (steps ?? 1),
    allUs: (ofAll.user + ofAll.system) / (steps ?? 1),
  };
}

if (process.argv[2] === "--serve") await serve(process.argv[3] ?? "", process.argv[4] ?? "");
