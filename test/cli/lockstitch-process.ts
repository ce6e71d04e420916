/**
 * The real program as a child process: `await using program = startLockstitch([...])`. Whatever a
 * test does, the child is gone when its scope ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The program, for node to run. */
export const BIN: string = fileURLToPath(new URL("../../bin/lockstitch.js", import.meta.url));
const DEADLINE_MS = 200_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LockstitchProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves with the text of standard output or error that first matches. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
  ended(): Promise<Ended>;
}

export interface ProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export function startLockstitch(
  argv: readonly string[],
  options: ProcessOptions,
): LockstitchProcess {
  const child = spawn(process.execPath, [BIN, ...argv], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(options.stdin ?? "");
  const text = { stdout: "", stderr: "" };
  const lookers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
      for (const look of lookers) look();
    });
  const closed = once(child, "close") as Promise<[number | null]>;
  return {
    child,
    seen(pattern) {
      return new Promise((resolve, reject) => {
        const give = (settle: () => void) => {
          clearTimeout(timer);
          lookers.delete(look);
          settle();
        };
        const look = () => {
          const found = pattern.exec(text.stdout) ?? pattern.exec(text.stderr);
          if (found !== null) give(() => resolve(found));
        };
        const fail = (why: string) =>
          give(() =>
            reject(new Error(`${why} before ${pattern}:\n${text.stdout}\n${text.stderr}`)),
          );
        const timer = setTimeout(() => fail("deadline"), DEADLINE_MS);
        lookers.add(look);
        void closed.then(() => fail("the process ended"));
        look();
      });
    },
    async ended() {
      const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
      const [code] = await closed;
      clearTimeout(timer);
      return { code, ...text };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

/** Runs one command line to its end. */
export async function lockstitch(argv: readonly string[], options: ProcessOptions): Promise<Ended> {
  await using program = startLockstitch(argv, options);
  return await program.ended();
}
