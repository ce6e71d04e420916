/** A server process of a benchmark: started, waited for, and ended with what it printed at hand. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const READY_MS = 60_000;
const END_MS = 15_000;

export interface Child {
  readonly pid: number;
  /** Standard output so far. */
  output(): string;
  /** Standard error so far. */
  errors(): string;
  /** Whether it still runs, and what it complained of; for errors. */
  fate(): string;
  /** SIGTERM, and SIGKILL when that does not help. */
  end(): Promise<void>;
}

export async function startChild(
  command: string,
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    /** Asked until it answers true. */
    readonly isReady: (output: string) => Promise<boolean> | boolean;
  },
): Promise<Child> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  let output = "";
  let complaints = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-5_000);
  });
  const untilMs = performance.now() + READY_MS;
  while (!(await options.isReady(output))) {
    if (hasEnded(child) || performance.now() > untilMs) {
      await end(child);
      throw new Error(`${command} does not get ready:\n${complaints}\n${output}`);
    }
    await delay(20);
  }
  return {
    pid: child.pid ?? 0,
    output: () => output,
    errors: () => complaints,
    fate: () => fateOf(child, complaints),
    end: () => end(child),
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function fateOf({ exitCode, signalCode }: ChildProcess, complaints: string): string {
  const state =
    exitCode === null && signalCode === null ? "runs" : `ended (${signalCode ?? exitCode})`;
  return `the server ${state}${complaints === "" ? "" : `; it said:\n${complaints}`}`;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await ended;
  clearTimeout(timer);
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
