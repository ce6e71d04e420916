/**
 * One program from its start to its end, with its process group, its output and its time bounded.
 * Rejects with what the signal aborted for, or NodeError when it cannot be started.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { NodeError } from "#errors/step-error.ts";
import { onlyThese } from "../inherited-files.ts";

export interface ProgramStart {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Of both outputs together. */
  readonly outputBytesMax: number;
  readonly timeoutMs: number;
}

export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stoppedBy: "itself" | "timeout" | "output";
}

const KILL_AFTER_MS = 2_000;
/** How long outputs that a stray descendant holds open are waited for. */
const DRAIN_MS_MAX = 500;

export async function runProgram(start: ProgramStart, signal: AbortSignal): Promise<ProgramEnd> {
  const path = await pathOf(start.command);
  signal.throwIfAborted();
  return await ended(started(path, start), start, signal);
}

function started(path: string, start: ProgramStart): ChildProcess {
  try {
    return spawn(path, start.arguments, {
      cwd: start.cwd,
      env: { ...start.environment },
      detached: true,
      shell: false,
      stdio: onlyThese(["pipe", "pipe", "pipe"]),
      windowsHide: true,
    });
  } catch (error) {
    // Arguments that the system takes no part of (E2BIG) are told here, not by an event.
    throw startError(start.command, error as NodeJS.ErrnoException);
  }
}

function ended(
  child: ChildProcess,
  { command, stdin, outputBytesMax, timeoutMs }: ProgramStart,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[], bytes: 0 };
    let stoppedBy: ProgramEnd["stoppedBy"] = "itself";
    let killing: NodeJS.Timeout | null = null;
    const stop = (why: ProgramEnd["stoppedBy"]) => {
      if (killing !== null) return;
      stoppedBy = why;
      killGroup(child, "SIGTERM");
      killing = setTimeout(() => killGroup(child, "SIGKILL"), KILL_AFTER_MS);
    };
    const onAbort = () => stop("itself");
    const timer = setTimeout(() => stop("timeout"), timeoutMs);
    const collect = (to: Buffer[]) => (chunk: Buffer) => {
      output.bytes += chunk.length;
      if (output.bytes > outputBytesMax) stop("output");
      else to.push(chunk);
    };
    child.stdout?.on("data", collect(output.stdout));
    child.stderr?.on("data", collect(output.stderr));
    // It may end without reading.
    child.stdin?.on("error", () => {});
    child.stdin?.end(stdin);
    signal.addEventListener("abort", onAbort, { once: true });
    let isFinished = false;
    const finish = (exitCode: number | null, killedBy: string | null) => {
      if (isFinished) return;
      isFinished = true;
      clearTimeout(timer);
      if (killing !== null) clearTimeout(killing);
      signal.removeEventListener("abort", onAbort);
      // Whatever it has left behind in its group.
      killGroup(child, "SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      if (signal.aborted) return reject(signal.reason as Error);
      const [stdout, stderr] = [output.stdout, output.stderr].map((parts) =>
        Buffer.concat(parts).toString("utf8"),
      );
      resolve({
        exitCode,
        signal: killedBy,
        stdout: stdout ?? "",
        stderr: stderr ?? "",
        stoppedBy,
      });
    };
    let drain: NodeJS.Timeout | null = null;
    child.once("error", (error) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      reject(startError(command, error));
    });
    child.once("exit", (exitCode, killedBy) => {
      drain = setTimeout(() => finish(exitCode, killedBy), DRAIN_MS_MAX);
    });
    child.once("close", (exitCode, killedBy) => {
      if (drain !== null) clearTimeout(drain);
      finish(exitCode, killedBy);
    });
  });
}

/** The program and all that it has started and that did not leave its group. */
function killGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

/** A bare name is looked up on the host's PATH, which the program itself need not see. */
async function pathOf(command: string): Promise<string> {
  const candidates = command.startsWith("/")
    ? [command]
    : (process.env["PATH"] ?? "")
        .split(delimiter)
        .filter((folder) => folder.startsWith("/"))
        .map((folder) => join(folder, command));
  for (const path of candidates) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new NodeError("command_failed", `${command} is not a program on this host.`, {
    details: { command, reason: "ENOENT" },
  });
}

function startError(command: string, error: NodeJS.ErrnoException): NodeError {
  const reason = error.code ?? error.message;
  return new NodeError("command_failed", `${command} could not be started: ${reason}.`, {
    retryable: reason === "EAGAIN" || reason === "ENOMEM",
    details: { command, reason },
    cause: error,
  });
}
