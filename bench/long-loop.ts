/**
 * `node bench/long-loop.ts [--passes N] [--json]`: a `while` of a million passes of a pure step, run
 * to its end on a real server: time, the longest that the main thread was held (loop-watch.ts), the
 * server's memory, and the size of the store.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "./child.ts";
import { loopOf } from "./heavy-loads.ts";
import { callJson, closeClient } from "./http-json.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MIB = 1_048_576;

const { values: options } = parseArgs({
  options: {
    passes: { type: "string", default: "1000000" },
    json: { type: "boolean", default: false },
  },
});
const passes = Number(options.passes);
const folder = mkdtempSync(join(tmpdir(), "lockstitch-long-loop-"));

interface RunAnswer {
  readonly id: string;
  readonly status: string;
  readonly seq: number;
  readonly error: unknown;
}

function residentMib(pid: number, field: "VmRSS" | "VmHWM"): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`${field}:\\s+(\\d+)`));
  return Number(line?.[1] ?? 0) / 1_024;
}

function storeMib(): number {
  const data = join(folder, "data");
  const sizes = readdirSync(data).map((name) => statSync(join(data, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0) / MIB;
}

const child = await startChild(
  process.execPath,
  [
    ...["--import", join(ROOT, "bench/loop-watch.ts"), join(ROOT, "bin/lockstitch.js")],
    ...["start", "--json", "--port", "0", "--data", join(folder, "data")],
  ],
  { isReady: (output) => output.includes("}") },
);
try {
  const { address } = JSON.parse(child.output()) as { readonly address: string };
  await callJson(`${address}/api/v1/workflows/loop`, "PUT", loopOf(passes));
  process.kill(child.pid, "SIGUSR2");
  const beforeMib = residentMib(child.pid, "VmRSS");
  const beganMs = performance.now();
  const post = callJson(`${address}/api/v1/runs`, "POST", { workflow: "loop" });
  let run = (await post) as RunAnswer;
  while (!["succeeded", "failed", "cancelled"].includes(run.status))
    run = (await callJson(`${address}/api/v1/runs/${run.id}`, "GET", undefined, {
      prefer: "wait=10",
    })) as RunAnswer;
  const seconds = (performance.now() - beganMs) / 1_000;
  if (run.status !== "succeeded") throw new Error(`${run.status}: ${JSON.stringify(run.error)}`);
  const lines = () =>
    child
      .errors()
      .split("\n")
      .filter((line) => line.startsWith('{"loop"'));
  const seen = lines().length;
  process.kill(child.pid, "SIGUSR2");
  while (lines().length === seen) await delay(10);
  const { heldMs } = (JSON.parse(lines().at(-1) ?? "{}") as { readonly loop: { heldMs: number } })
    .loop;
  const figures = {
    ...{ passes, seconds, passesPerSecond: passes / seconds, events: run.seq, heldMs },
    memoryMib: { before: beforeMib, most: residentMib(child.pid, "VmHWM") },
    storeMib: storeMib(),
  };
  if (options.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  else
    process.stdout.write(
      `${passes} passes in ${seconds.toFixed(1)} s (${(passes / seconds).toFixed(0)} a second), ${run.seq} events, main thread held ${heldMs.toFixed(1)} ms, memory ${beforeMib.toFixed(0)} to ${figures.memoryMib.most.toFixed(0)} MiB at most, store ${figures.storeMib.toFixed(0)} MiB\n`,
    );
} finally {
  process.kill(child.pid, "SIGKILL");
  await child.end();
  await closeClient();
  rmSync(folder, { recursive: true, force: true });
}
