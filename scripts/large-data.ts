/**
 * `node scripts/large-data.ts [--mb N] [--kill] [--json]`: a CSV file of 2 GB is filtered, grouped and
 * written, by a bare stream program (large-data-bare.ts) and by a workflow (large-data-engine.ts): time,
 * and the peak of resident memory of each process. With --kill the workflow runs once more, its
 * process is killed (SIGKILL) half-way and started again. All files must be the same.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeOrders } from "./large-data-file.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const MIB_MAX = 256;
const TIMES_MAX = 2;

const { values: options } = parseArgs({
  options: {
    mb: { type: "string", default: "2000" },
    kill: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const bytesWanted = Number(options.mb) * 1_000_000;
const folder = mkdtempSync(
  join(process.env["LOCKSTITCH_BENCH_DIR"] ?? tmpdir(), "lockstitch-large-"),
);
const files = join(folder, "files");

interface Used {
  readonly peakMib: number;
  readonly cpuSeconds: number;
}

interface Outcome extends Used {
  readonly seconds: number;
  readonly sha256: string;
}

async function measured(program: string, args: readonly string[]): Promise<Outcome> {
  const startMs = performance.now();
  const child = start(program, args);
  const used = await ended(child);
  return { ...used, seconds: (performance.now() - startMs) / 1_000, sha256: digest() };
}

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(HERE, program), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function ended(child: ChildProcess): Promise<Used> {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`a program ended with ${code}`);
  return JSON.parse(text) as Used;
}

function digest(): string {
  return createHash("sha256")
    .update(readFileSync(join(files, "out.csv")))
    .digest("hex");
}

async function killedHalfWay(data: string): Promise<Outcome> {
  rmSync(join(files, "out.csv"), { force: true });
  const startMs = performance.now();
  const victim = start("large-data-engine.ts", [data, files, String(bytesWanted / 2)]);
  await new Promise((resolve) => victim.once("close", resolve));
  if (victim.signalCode !== "SIGKILL") throw new Error("the workflow was not killed half-way");
  const used = await ended(start("large-data-engine.ts", [data, files]));
  const seconds = (performance.now() - startMs) / 1_000;
  return { ...used, seconds, sha256: digest() };
}

function say(text: string): void {
  if (!options.json) process.stdout.write(`${text}\n`);
}

function line(name: string, { seconds, cpuSeconds, peakMib, sha256 }: Outcome): string {
  return `${name.padEnd(22)} ${seconds.toFixed(1).padStart(7)} s   ${cpuSeconds.toFixed(1).padStart(7)} s of processor   peak ${peakMib.toFixed(0).padStart(4)} MiB   ${sha256.slice(0, 12)}`;
}

try {
  mkdirSync(files);
  say(`generating ${options.mb} MB`);
  writeOrders(join(files, "in.csv"), bytesWanted);
  const bare = await measured("large-data-bare.ts", [
    join(files, "in.csv"),
    join(files, "out.csv"),
  ]);
  say(line("bare stream program", bare));
  const workflow = await measured("large-data-engine.ts", [join(folder, "data"), files]);
  say(line("workflow", workflow));
  const killed = options.kill ? await killedHalfWay(join(folder, "killed")) : null;
  if (killed !== null) say(line("killed and resumed", killed));
  const times = workflow.seconds / bare.seconds;
  const all = [bare, workflow, ...(killed === null ? [] : [killed])];
  const isSame = all.every(({ sha256 }) => sha256 === bare.sha256);
  const peakMib = Math.max(...all.slice(1).map((one) => one.peakMib));
  const isGood = times < TIMES_MAX && peakMib < MIB_MAX && isSame;
  say(
    `${times.toFixed(2)} times the bare program (limit ${TIMES_MAX}), ${(workflow.cpuSeconds / bare.cpuSeconds).toFixed(2)} times its processor time, peak ${peakMib.toFixed(0)} MiB (limit ${MIB_MAX}), files ${isSame ? "identical" : "DIFFER"}`,
  );
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ mb: Number(options.mb), bare, workflow, killed, times, peakMib, isSame, isGood })}\n`,
    );
  process.exitCode = isGood ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
