/**
 * The engine of a working tree in a process of its own, for comparing two of them: started by
 * startEngineProcess(), it takes one benchmark at a time and answers what it took by the clock and
 * in processor time. The tree opens its engine itself, so that this file fits older ones.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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
type Answer = { readonly measured: Measured | null } | { readonly failed: string };

export async function startEngineProcess(root: string, folder: string): Promise<EngineProcess> {
  const child = fork(fileURLToPath(import.meta.url), ["--serve", root, folder]);
  await answerOf(child);
  const ask = async (request: Request) => {
    child.send(request);
    return await answerOf(child);
  };
  return {
    warmUp: async () => void (await ask({ kind: "warm" })),
    measure: (benchmark, size) => ask({ kind: "measure", benchmark, size }),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      await ask({ kind: "close" });
      child.disconnect();
      await ended;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<Measured | null> {
  const ended = new AbortController();
  const exit = once(child, "exit", { signal: ended.signal }).then(([code]): never => {
    throw new Error(`the engine's process ended with ${code}`);
  });
  const answer = once(child, "message", { signal: ended.signal }).then(
    ([given]) => given as Answer,
  );
  try {
    const given = await Promise.race([answer, exit]);
    if ("failed" in given) throw new Error(given.failed);
    return given.measured;
  } finally {
    ended.abort();
    await Promise.allSettled([answer, exit]);
  }
}

async function serve(root: string, folder: string): Promise<void> {
  const { lockstitchInProcess } = (await import(join(root, "bench/lockstitch.ts"))) as {
    lockstitchInProcess(folder: string): Promise<Subject>;
  };
  const own = await lockstitchInProcess(folder);
  // Commits from before E have no such thing.
  const subject: Subject = { ...own, compute: own.compute ?? null };
  const handle = async (request: Request): Promise<Measured | null> => {
    if (request.kind === "measure") return await measured(subject, request);
    if (request.kind === "warm") await warmUp(subject);
    else await own.close();
    return null;
  };
  process.on("message", (request: Request) => {
    handle(request).then(
      (answer) => process.send?.({ measured: answer } satisfies Answer),
      (error: unknown) => process.send?.({ failed: String(error) } satisfies Answer),
    );
  });
  process.send?.({ measured: null } satisfies Answer);
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
