/**
 * `npm run soak -- [--minutes 10] [--runs 1000] [--json]`: keeps so many runs open in a server of
 * its own for so long (effects, timers, signals, loops, retries; one ends, the next is started) and
 * prints its memory every ten seconds, each time after a full collection that is asked for through
 * the inspector. Exit code 1: heap or resident memory grew by 5 % or more after the first minute;
 * 2: there were too few samples to tell.
 *
 *   1. A sample is taken only while (almost) all the runs are open: open runs take memory too, and
 *      samples at different numbers of them say nothing about growth.
 *   2. Runs are started a few at a time and differ in length, so that those that are open stand at
 *      different steps.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Agent } from "undici";
import { exitOnSignals, killWithUs } from "../test/support/kill-with-us.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const GROWTH_MAX = 0.05;
const SAMPLE_MS = 10_000;
const FIRST_MS = 60_000;
/** Growth is between medians of so many samples. */
const MEDIAN_OF = 3;
const TICK_MS = 50;
const CONNECTIONS = 64;
/** A sample wants this part of the runs open. */
const OPEN_MIN = 0.98;

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    runs: { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});
const totalMs = Number(options.minutes) * 60_000;
const runsOpen = Number(options.runs);
/** In one tick: after fifty all are open. */
const startsMax = Math.ceil(runsOpen / 50);
if (!(totalMs >= 2 * FIRST_MS) || !Number.isSafeInteger(runsOpen) || runsOpen < 1)
  throw new Error("--minutes must be at least 2, --runs a positive integer");

/** They take 12, 24, 20 and 16 seconds, so that they do not end all at once again and again. */
const KINDS: Readonly<Record<string, readonly object[]>> = {
  timed: [
    { id: "before", uses: "soak.work", with: { ms: 200 } },
    { id: "nap", uses: "wait.for", with: { duration: "12s" }, needs: ["before"] },
    { id: "after", uses: "soak.work", needs: ["nap"] },
  ],
  signalled: [
    { id: "before", uses: "soak.work" },
    { id: "go", uses: "wait.signal", with: { name: "go" }, needs: ["before"] },
    { id: "after", uses: "data.set", with: { value: "${{ steps.go.output }}" } },
  ],
  looped: [
    {
      id: "each",
      uses: "for_each",
      with: { items: "${{ [1, 2, 3, 4, 5, 6, 7, 8] }}", concurrency: 2 },
      steps: [{ id: "one", uses: "soak.work", with: { ms: 5_000 } }],
    },
  ],
  retried: [
    {
      id: "again",
      uses: "soak.flaky",
      retry: { attempts: 3, backoff: "constant", initial: "16s", jitter: "none" },
    },
    { id: "after", uses: "soak.work", needs: ["again"] },
  ],
};
const NAMES = Object.keys(KINDS);
const SIGNAL_AFTER_MS = 24_000;

interface Sample {
  readonly atS: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly open: number;
  readonly started: number;
}

const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
const folder = mkdtempSync(join(tmpdir(), "lockstitch-soak-"));
const server = spawn(
  process.execPath,
  [
    "--inspect=127.0.0.1:0",
    join(ROOT, "bin/lockstitch.js"),
    ...["start", "--json", "--port", "0", "--data", join(folder, "data")],
    ...["--config", join(ROOT, "scripts/soak.config.ts")],
  ],
  { stdio: ["ignore", "pipe", "pipe"] },
);
killWithUs(server);
exitOnSignals(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
let complaints = "";
server.on("exit", (code, signal) => {
  if (!isOver)
    throw new Error(`the server ended (${signal ?? code}):\n${complaints.slice(-3_000)}`);
});
let isOver = false;

/** Resolves with the first match in what the server prints. */
function printed(stream: NonNullable<ChildProcess["stdout"]>, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-10_000);
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
}

/** Collects garbage in the server and answers its memory, in bytes. */
async function inspector(address: string) {
  const socket = new WebSocket(address);
  await once(socket as never, "open");
  let lastId = 0;
  const call = (method: string, params: object = {}): Promise<never> =>
    new Promise((resolve) => {
      const id = ++lastId;
      const listener = ({ data }: MessageEvent) => {
        const answer = JSON.parse(String(data));
        if (answer.id !== id) return;
        socket.removeEventListener("message", listener);
        resolve(answer.result as never);
      };
      socket.addEventListener("message", listener);
      socket.send(JSON.stringify({ id, method, params }));
    });
  return {
    async memory(): Promise<{ readonly used: number; readonly rss: number }> {
      await call("HeapProfiler.collectGarbage");
      const expression =
        "const m = process.memoryUsage(); JSON.stringify({ used: m.heapUsed + m.external, rss: m.rss })";
      const { result } = (await call("Runtime.evaluate", {
        expression: `(() => { ${expression.replace("JSON.stringify", "return JSON.stringify")} })()`,
      })) as { readonly result: { readonly value: string } };
      return JSON.parse(result.value);
    },
    close: () => socket.close(),
  };
}

async function request(path: string, method: "GET" | "POST" | "PUT", body?: unknown) {
  const answer = await agent.request({
    origin: api,
    path: `/api/v1${path}`,
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
  return JSON.parse(text) as { readonly id: string; readonly openRuns: number };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

server.stderr.on("data", (chunk: Buffer) => {
  complaints = (complaints + chunk.toString()).slice(-10_000);
});
const [api, debuggerAddress] = await Promise.all([
  printed(server.stdout, /"address":\s*"([^"]+)"/),
  printed(server.stderr, /listening on (ws:\S+)/),
]);
const inside = await inspector(debuggerAddress);
const samples: Sample[] = [];
try {
  for (const [name, steps] of Object.entries(KINDS))
    await request(`/workflows/${name}`, "PUT", { language: 1, name, steps });
  const toSignal: { readonly id: string; readonly dueMs: number }[] = [];
  let started = 0;
  const startOne = async () => {
    const workflow = NAMES[started++ % NAMES.length] ?? "";
    const { id } = await request("/runs", "POST", { workflow });
    if (workflow === "signalled") toSignal.push({ id, dueMs: performance.now() + SIGNAL_AFTER_MS });
  };
  const beganMs = performance.now();
  let sampledMs = beganMs;
  while (performance.now() - beganMs < totalMs + 500) {
    const { openRuns } = await request("/engine", "GET");
    const calls: Promise<unknown>[] = [];
    for (let missing = Math.min(startsMax, runsOpen - openRuns); missing > 0; missing--)
      calls.push(startOne());
    while ((toSignal[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= performance.now()) {
      const { id } = toSignal.shift() ?? { id: "" };
      calls.push(request(`/runs/${id}/signal`, "POST", { name: "go", payload: { n: started } }));
    }
    await Promise.all(calls);
    if (performance.now() - sampledMs >= SAMPLE_MS && openRuns >= runsOpen * OPEN_MIN) {
      sampledMs = performance.now();
      const { used, rss } = await inside.memory();
      const atS = Math.round((performance.now() - beganMs) / 1_000);
      const sample = { atS, heapMb: used / 2 ** 20, rssMb: rss / 2 ** 20, open: openRuns, started };
      samples.push(sample);
      if (!options.json)
        process.stdout.write(
          `${String(atS).padStart(4)} s  heap ${sample.heapMb.toFixed(1)} MB  rss ${sample.rssMb.toFixed(1)} MB  ${openRuns} open, ${started} started\n`,
        );
    }
    await delay(TICK_MS);
  }
} finally {
  isOver = true;
  inside.close();
  server.kill("SIGKILL");
  await once(server, "exit");
  await agent.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const settled = samples.filter(({ atS }) => atS * 1_000 >= FIRST_MS - SAMPLE_MS / 2);
if (settled.length < 2 * MEDIAN_OF) {
  process.stderr.write(
    `Only ${settled.length} samples after the first minute with ${runsOpen} runs open: this machine does not keep up, or --minutes is too short.\n`,
  );
  process.exit(2);
}
const growth = (of: (sample: Sample) => number) =>
  median(settled.slice(-MEDIAN_OF).map(of)) / median(settled.slice(0, MEDIAN_OF).map(of)) - 1;
const heap = growth(({ heapMb }) => heapMb);
const rss = growth(({ rssMb }) => rssMb);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
if (options.json) process.stdout.write(`${JSON.stringify({ heap, rss, samples }, null, 2)}\n`);
else process.stdout.write(`after the first minute: heap ${percent(heap)}, rss ${percent(rss)}\n`);
if (heap >= GROWTH_MAX || rss >= GROWTH_MAX) process.exitCode = 1;
