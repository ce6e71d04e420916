/**
 * One side of bench/postgres.ts in a process of its own, with its callers: two engines in one process
 * would share a heap, a compiler and a thread, as nobody runs them.
 */
import { fileURLToPath } from "node:url";
import { serveCalls, startCallee } from "./callee.ts";
import { dbosInProcess } from "./dbos.ts";
import { lockstitchOnDatabase } from "./lockstitch.ts";
import { measureOnce, type RoundSize, warmUp } from "./measure.ts";
import type { Subject } from "./subject.ts";

const OPEN = { lockstitch: lockstitchOnDatabase, dbos: dbosInProcess } as const;
export type SubjectName = keyof typeof OPEN;

export interface SubjectProcess {
  readonly name: SubjectName;
  warmUp(): Promise<void>;
  /** See measureOnce(). */
  measure(benchmark: string, size: RoundSize): Promise<readonly number[] | null>;
  /** See Subject.close(); the process has ended afterwards. */
  close(): Promise<readonly string[]>;
}

type Request =
  | { readonly kind: "warm" | "close" }
  | { readonly kind: "measure"; readonly benchmark: string; readonly size: RoundSize };

/** `url` names an empty database. */
export async function startSubject(name: SubjectName, url: string): Promise<SubjectProcess> {
  const { call, last } = await startCallee(fileURLToPath(import.meta.url), ["--serve", name, url]);
  return {
    name,
    warmUp: async () => void (await call({ kind: "warm" } satisfies Request)),
    measure: async (benchmark, size) =>
      (await call({ kind: "measure", benchmark, size } satisfies Request)) as number[] | null,
    close: async () => (await last({ kind: "close" } satisfies Request)) as string[],
  };
}

function handle(subject: Subject, request: Request): Promise<unknown> {
  switch (request.kind) {
    case "warm":
      return warmUp(subject);
    case "measure":
      return measureOnce(request.benchmark, subject, request.size);
    case "close":
      return subject.close();
  }
}

if (process.argv[2] === "--serve") {
  const [, , , name, url] = process.argv;
  const subject = await OPEN[name as SubjectName](url ?? "");
  serveCalls<Request>((request) => handle(subject, request));
}
