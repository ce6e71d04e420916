/**
 * `node bench/responsiveness.ts [--only LOAD] [--seconds N] [--json] [--nice]`: how fast the API answers beside
 * heavy work. A server process of its own; this process only asks (GET of a run, the list, starts
 * of a small run: 50 a second each), a thread sends the load. For each load: latencies as callers
 * see them, and the longest that the server's main thread was held (loop-watch.ts), which unlike
 * the latencies does not depend on what else the machine does. Exits 1 where p99 passes 50 ms.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type Child, startChild } from "./child.ts";
import { HEAVY_LOADS } from "./heavy-loads.ts";
import { callJson, closeClient } from "./http-json.ts";
import { pace } from "./load.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const P99_MAX_MS = 50;
const PER_SECOND = 50;
/** Before the first figure: code is compiled, connections are open. */
const WARM_UP_S = 3;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    seconds: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});
const seconds = Number(options.seconds);

interface Figures {
  readonly load: string;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly heldMs: number;
  readonly lagMs: number;
  /** Times that the load was done, and the milliseconds of each. */
  readonly done: readonly number[];
}

const SMALL = {
  language: 1,
  name: "small",
  steps: [{ id: "only", uses: "bench.noop", with: {} }],
};

async function loopOf(child: Child): Promise<{ readonly heldMs: number; readonly lagMs: number }> {
  const count = () =>
    child
      .errors()
      .split("\n")
      .filter((line) => line.startsWith('{"loop"')).length;
  const before = count();
  process.kill(child.pid, "SIGUSR2");
  while (count() === before) await delay(10);
  const line = child
    .errors()
    .split("\n")
    .filter((text) => text.startsWith('{"loop"'))
    .at(-1);
  return JSON.parse(line ?? "{}").loop;
}

/** Latencies of the three calls while `load` is repeated by another thread; null: nothing beside. */
async function measure(
  child: Child,
  address: string,
  load: string | null,
  forSeconds: number,
): Promise<Figures> {
  const worker =
    load === null
      ? null
      : new Worker(new URL("./heavy-loads.ts", import.meta.url), { workerData: { address, load } });
  const done: number[] = [];
  let failed: unknown = null;
  worker?.on("message", (message: { readonly ms: number } | "ready") => {
    if (message !== "ready") done.push(message.ms);
  });
  worker?.on("error", (error) => {
    failed = error;
  });
  if (worker !== null) await new Promise((resolve) => worker.once("message", resolve));
  await loopOf(child);
  const { id } = (await callJson(`${address}/api/v1/runs`, "POST", { workflow: "small" })) as {
    readonly id: string;
  };
  const calls = { count: forSeconds * PER_SECOND, perSecond: PER_SECOND };
  const latencies = await Promise.all([
    pace(async () => void (await callJson(`${address}/api/v1/runs/${id}`, "GET")), calls),
    pace(async () => void (await callJson(`${address}/api/v1/runs`, "GET")), calls),
    pace(
      async () => void (await callJson(`${address}/api/v1/runs`, "POST", { workflow: "small" })),
      calls,
    ),
  ]);
  const loop = await loopOf(child);
  worker?.postMessage("stop");
  if (worker !== null) await worker.terminate();
  if (failed !== null) throw failed;
  const all = latencies.flat().toSorted((a, b) => a - b);
  const at = (share: number) => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0;
  return { load: load ?? "idle", p50: at(0.5), p99: at(0.99), max: at(1), ...loop, done };
}

function print({ load, p50, p99, max, heldMs, lagMs, done }: Figures): void {
  const times =
    done.length === 0
      ? ""
      : `, load done ${done.length} times (${done
          .map((ms) => `${Math.round(ms)} ms`)
          .slice(0, 4)
          .join(", ")})`;
  process.stdout.write(
    `${load.padEnd(12)} p50 ${p50.toFixed(1)}  p99 ${p99.toFixed(1)}  max ${max.toFixed(1)} ms; main thread held ${heldMs.toFixed(1)} ms, lag ${lagMs.toFixed(1)} ms${times}\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "lockstitch-responsiveness-"));
const child = await startChild(
  process.execPath,
  [
    ...["--import", join(ROOT, "bench/loop-watch.ts")],
    join(ROOT, "bin/lockstitch.js"),
    ...["start", "--json", "--port", "0", "--data", join(folder, "data")],
    ...["--config", join(ROOT, "bench/lockstitch.config.ts")],
  ],
  { isReady: (output) => output.includes("}") },
);
try {
  const { address } = JSON.parse(child.output()) as { readonly address: string };
  await callJson(`${address}/api/v1/workflows/small`, "PUT", SMALL);
  await measure(child, address, null, WARM_UP_S);
  const loads = [null, ...Object.keys(HEAVY_LOADS)].filter(
    (load) => options.only === undefined || options.only.split(",").includes(load ?? "idle"),
  );
  const figures: Figures[] = [];
  for (const load of loads) {
    const measured = await measure(child, address, load, seconds);
    figures.push(measured);
    if (!options.json) print(measured);
    if (measured.p99 > P99_MAX_MS) process.exitCode = 1;
    await delay(1_000);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  else process.stdout.write(`load average ${loadavg()[0]?.toFixed(1)}\n`);
} finally {
  process.kill(child.pid, "SIGKILL");
  await child.end();
  await closeClient();
  rmSync(folder, { recursive: true, force: true });
}
