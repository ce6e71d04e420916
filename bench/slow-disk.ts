/**
 * `node bench/slow-disk.ts [--seconds N] [--json]`: how fast the API answers when each fsync takes
 * 20 ms. A real server, warmed up on the disk as it is, so that lone commits are made by its main
 * thread; then strace is attached and delays every fsync and fdatasync: the disk turns slow under
 * a running server. Measured from the first slow fsync on: reads (100 a second), starts (50 a
 * second), and one caller after another, each waiting for its answer (lone commits).
 *
 * Promised: p99 below 50 ms for reads, below 5 fsyncs for durable answers. Exits 1 where that is
 * missed; where strace is not there or may not attach, it says so and exits 0.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "./child.ts";
import { callJson, closeClient } from "./http-json.ts";
import { pace } from "./load.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FSYNC_MS = 20;
const READ_P99_MAX_MS = 50;
const DURABLE_P99_MAX_FSYNCS = 5;
/** One after another: more than the writer looks at before it takes the short way (CommitPace). */
const WARM_UP_STARTS = 200;
const ATTACH_MS = 5_000;

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});
const seconds = Number(options.seconds);
const folder = mkdtempSync(join(tmpdir(), "lockstitch-slow-disk-"));
const SMALL = {
  language: 1,
  name: "small",
  steps: [{ id: "only", uses: "bench.noop", with: {} }],
};

/** null: not possible here. Its log has a line for each slowed call. */
async function slowDown(pid: number, log: string): Promise<ChildProcess | null> {
  const calls = "fdatasync,fsync";
  const child = spawn(
    "strace",
    [
      ...["-f", "-qq", "-e", "signal=none", "-e", `trace=${calls}`],
      ...["-e", `inject=${calls}:delay_exit=${FSYNC_MS * 1_000}`, "-o", log, "-p", String(pid)],
    ],
    { stdio: "ignore" },
  );
  const untilMs = performance.now() + ATTACH_MS;
  while (child.exitCode === null && performance.now() < untilMs) {
    const { TracerPid } = statusOf(pid);
    if (TracerPid !== "0") return child;
    await delay(10);
  }
  child.kill();
  return null;
}

function statusOf(pid: number): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
  return Object.fromEntries(lines.map((line) => line.split(":\t") as [string, string]));
}

function figures(latencies: readonly number[]) {
  const all = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0;
  return { count: all.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

const start = (address: string) =>
  callJson(`${address}/api/v1/runs`, "POST", { workflow: "small" });

async function oneAfterAnother(address: string, untilMs: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  while (performance.now() < untilMs) {
    const beganMs = performance.now();
    await start(address);
    latencies.push(performance.now() - beganMs);
    await delay(5);
  }
  return latencies;
}

/** Both kinds of load, one after the other. */
async function loads(address: string, runId: string): Promise<readonly Measured[]> {
  const reading = { count: seconds * 100, perSecond: 100 };
  const read = () =>
    pace(async () => void (await callJson(`${address}/api/v1/runs/${runId}`, "GET")), reading);
  const lone = await Promise.all([
    read(),
    oneAfterAnother(address, performance.now() + seconds * 1_000),
  ]);
  const starting = { count: seconds * 50, perSecond: 50 };
  const paced = await Promise.all([
    read(),
    pace(async () => void (await start(address)), starting),
  ]);
  return [
    { load: "one start after another", reads: figures(lone[0]), starts: figures(lone[1]) },
    { load: "50 starts a second", reads: figures(paced[0]), starts: figures(paced[1]) },
  ];
}

/** null: the disk cannot be made slow here. */
async function measure(address: string, pid: number): Promise<boolean | null> {
  await callJson(`${address}/api/v1/workflows/small`, "PUT", SMALL);
  const { id } = (await start(address)) as { readonly id: string };
  for (let count = 0; count < WARM_UP_STARTS; count++) await start(address);
  const before = await loads(address, id);
  for (let count = 0; count < WARM_UP_STARTS; count++) await start(address);
  const log = join(folder, "fsyncs");
  const slow = await slowDown(pid, log);
  if (slow === null) return null;
  let after: readonly Measured[];
  try {
    after = await loads(address, id);
  } finally {
    slow.kill();
  }
  const callers = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.includes("sync("))
    .map((line) => Number.parseInt(line, 10));
  const fsyncs = { all: callers.length, ofMainThread: callers.filter((tid) => tid === pid).length };
  if (options.json) process.stdout.write(`${JSON.stringify({ before, after, fsyncs }, null, 2)}\n`);
  else {
    print("the disk as it is", before);
    print(`fsyncs of ${FSYNC_MS} ms`, after);
    process.stdout.write(
      `${fsyncs.all} slow fsyncs, ${fsyncs.ofMainThread} of them in the main thread\n`,
    );
  }
  return after.every(
    ({ reads, starts }) =>
      reads.p99 < READ_P99_MAX_MS && starts.p99 < DURABLE_P99_MAX_FSYNCS * FSYNC_MS,
  );
}

type Measured = Readonly<Record<"reads" | "starts", ReturnType<typeof figures>>> & {
  readonly load: string;
};

function print(disk: string, all: readonly Measured[]): void {
  const text = ({ p50, p99, max, count }: Measured["reads"]) =>
    `p50 ${p50.toFixed(1)}  p99 ${p99.toFixed(1)}  max ${max.toFixed(1)} ms (${count})`;
  for (const { load, reads, starts } of all)
    process.stdout.write(
      `${disk.padEnd(18)} ${load.padEnd(24)} reads ${text(reads)}; starts ${text(starts)}\n`,
    );
}

if (spawnSync("strace", ["--version"]).error !== undefined) {
  process.stdout.write("SKIPPED: there is no strace, which makes the disk slow here.\n");
} else {
  const child = await startChild(
    process.execPath,
    [
      join(ROOT, "bin/lockstitch.js"),
      ...["start", "--json", "--port", "0", "--data", join(folder, "data")],
      ...["--config", join(ROOT, "bench/lockstitch.config.ts")],
    ],
    { isReady: (output) => output.includes("}") },
  );
  try {
    const { address } = JSON.parse(child.output()) as { readonly address: string };
    const isMet = await measure(address, child.pid);
    if (isMet === null) process.stdout.write("SKIPPED: strace may not attach to a process here.\n");
    else if (!isMet) process.exitCode = 1;
  } finally {
    process.kill(child.pid, "SIGKILL");
    await child.end();
    await closeClient();
    rmSync(folder, { recursive: true, force: true });
  }
}
