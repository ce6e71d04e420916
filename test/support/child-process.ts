/**
 * A real second process running a TypeScript file, read line by line, and killed when its scope
 * ends: `await using child = startChild(new URL("./x.ts", import.meta.url), [...])`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Standard output, line by line, from where the last reader stopped. */
  readonly lines: AsyncIterator<string>;
  /** kill -9, then waits for the end. */
  kill(): Promise<void>;
}

/** `wrapper` is a command to run it under, e.g. strace and its options. */
export function startChild(
  file: URL,
  parameters: readonly string[],
  wrapper: readonly string[] = [],
): Child {
  const command = [...wrapper, process.execPath, fileURLToPath(file), ...parameters];
  const child = spawn(command[0] ?? process.execPath, command.slice(1), {
    stdio: ["pipe", "pipe", "inherit"],
    // A group of its own: killing a tracer alone would leave what it traces running.
    detached: wrapper.length > 0,
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async () => {
    if (wrapper.length === 0) child.kill("SIGKILL");
    else if (child.exitCode === null && child.pid !== undefined)
      process.kill(-child.pid, "SIGKILL");
    await ended;
  };
  return { process: child, lines, kill, [Symbol.asyncDispose]: kill };
}

/** The next line; throws where the child ended instead. */
export async function nextLine(child: Child): Promise<string> {
  const next = await child.lines.next();
  if (next.done) throw new Error("the child ended before it said more");
  return next.value;
}
