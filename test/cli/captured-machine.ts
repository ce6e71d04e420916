/** A Machine whose streams are kept as text and which has no engine: for commands that need none. */
import { PassThrough, Readable } from "node:stream";
import type { Machine } from "#cli/machine.ts";
import { runProgram } from "#cli/program.ts";
import { createRegistry } from "#nodes/registry.ts";
import { NO_SECRETS_PORT } from "#ports/secrets.ts";

export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CaptureOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** A machine and what was written to it so far. */
export function capturedMachine(options: CaptureOptions): {
  readonly machine: Machine;
  readonly written: () => { readonly stdout: string; readonly stderr: string };
} {
  const [stdout, stdoutText] = sink();
  const [stderr, stderrText] = sink();
  const noEngine = () => Promise.reject(new Error("this test has no engine"));
  const machine: Machine = {
    version: "0.0.0",
    env: options.env ?? {},
    cwd: options.cwd,
    stdin: Readable.from([options.stdin ?? ""]),
    stdout,
    stderr,
    openHost: noEngine,
    restore: noEngine,
    hasStore: () => false,
    inspect: () => Promise.resolve(null),
    inspectRedis: noEngine,
    database: { status: noEngine, migrate: noEngine },
    secrets: () => NO_SECRETS_PORT,
    ownerOf: () => Promise.resolve(null),
    connect: noEngine,
    nodeTypes: async ({ nodes }) => createRegistry(nodes),
    pluginsOf: noEngine,
    onInterrupt: () => () => undefined,
    exitNow: (code) => {
      throw new Error(`exit ${code}`);
    },
    supervise: noEngine,
  };
  return { machine, written: () => ({ stdout: stdoutText(), stderr: stderrText() }) };
}

/** Runs one command line in this process. */
export async function capture(argv: readonly string[], options: CaptureOptions): Promise<Captured> {
  const { machine, written } = capturedMachine(options);
  const code = await runProgram(machine, argv);
  return { code, ...written() };
}

function sink(): [NodeJS.WriteStream, () => string] {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return [stream as unknown as NodeJS.WriteStream, () => Buffer.concat(chunks).toString("utf8")];
}
