/**
 * `npm run soak -- [--minutes 10] [--runs 1000] [--json]`: keeps so many runs open in a server of
 * its own for so long (effects, timers, signals, loops, retries; one ends, the next is started) and
 * prints its memory every ten seconds, each time after a full collection that is asked for through
 * the inspector. Exit code 1: heap or resident memory grew by 5 % or more after the first minute;
 * 2: there were too few samples to tell.
 * `--database postgres [--hosts 2]`: so many runs in all on hosts that share a PostgreSQL server of the
 * soak's own; each host is judged, from the third minute on.
 *
 *   1. A sample is taken only while (almost) all the runs are open: open runs take memory too, and
 *      samples at different numbers of them say nothing about growth.
 *   2. Runs are started a few at a time and differ in length, so that those that are open stand at
 *      different steps.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Agent } from "undici";
import { exitOnSignals } from "../test/support/kill-with-us.ts";
import { startPostgres } from "../test/support/real-server.ts";
import { findProgram } from "./programs.ts";
import { type SoakedServer, startSoaked } from "./soaked-server.ts";

const GROWTH_MAX = 0.05;
const SAMPLE_MS = 10_000;
/** Growth is between medians of so many samples. */
const MEDIAN_OF = 3;
const TICK_MS = 50;
const CONNECTIONS = 64;
/** A sample wants this part of the runs open. */
const OPEN_MIN = 0.98;
const TRIES = 50;

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    runs: { type: "string", default: "1000" },
    database: { type: "string" },
    hosts: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
/** Pools, plans and caches of several hosts take longer to fill. */
const FIRST_MS = options.database === undefined ? 60_000 : 180_000;
const hostsCount = options.database === undefined ? 1 : Number(options.hosts);
const totalMs = Number(options.minutes) * 60_000;
const runsOpen = Number(options.runs);
/** In one tick: after fifty all are open. */
const startsMax = Math.ceil(runsOpen / 50);
if (!(totalMs >= FIRST_MS + 60_000) || !Number.isSafeInteger(runsOpen) || runsOpen < 1)
  throw new Error(`--minutes must be at least ${FIRST_MS / 60_000 + 1}, --runs a positive integer`);

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
  /** By host. */
  readonly heapMb: readonly number[];
  readonly rssMb: readonly number[];
  readonly open: number;
  readonly started: number;
}

const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
const folder = mkdtempSync(join(tmpdir(), "lockstitch-soak-"));
exitOnSignals(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const servers: SoakedServer[] = [];

async function startDatabase(kind: string) {
  const program = kind === "postgres" ? findProgram("postgres") : null;
  if (program === null) throw new Error(`--database ${kind}: there is no such program here`);
  return await startPostgres(program, { settings: ["fsync=on", "max_connections=100"] });
}

/** Calls go to the hosts in turn; one whose host cannot be reached for a moment is made again. */
async function request(
  path: string,
  method: "GET" | "POST" | "PUT",
  body?: unknown,
  host = calls++ % servers.length,
) {
  for (let tries = 0; ; tries++) {
    const answer = await agent.request({
      origin: servers[host]?.address ?? "",
      path: `/api/v1${path}`,
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode === 503 && servers.length > 1 && tries < TRIES) await delay(200);
    else if (answer.statusCode >= 300)
      throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    else return JSON.parse(text) as { readonly id: string; readonly openRuns: number };
  }
}
let calls = 0;

async function openRunsOfAll(): Promise<number> {
  const stats = await Promise.all(servers.map((_, at) => request("/engine", "GET", undefined, at)));
  return stats.reduce((sum, { openRuns }) => sum + openRuns, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

const database = options.database === undefined ? null : await startDatabase(options.database);
const env: Record<string, string> =
  database === null ? {} : { LOCKSTITCH_DATABASE_URL: database.url("postgres") };
for (let host = 1; host <= hostsCount; host++)
  servers.push(await startSoaked(join(folder, `data-${host}`), env));
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
    const openRuns = await openRunsOfAll();
    const underWay: Promise<unknown>[] = [];
    for (let missing = Math.min(startsMax, runsOpen - openRuns); missing > 0; missing--)
      underWay.push(startOne());
    while ((toSignal[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= performance.now()) {
      const { id } = toSignal.shift() ?? { id: "" };
      underWay.push(request(`/runs/${id}/signal`, "POST", { name: "go", payload: { n: started } }));
    }
    await Promise.all(underWay);
    if (performance.now() - sampledMs >= SAMPLE_MS && openRuns >= runsOpen * OPEN_MIN) {
      sampledMs = performance.now();
      const memories = await Promise.all(servers.map((server) => server.memory()));
      const atS = Math.round((performance.now() - beganMs) / 1_000);
      const heapMb = memories.map(({ used }) => used / 2 ** 20);
      const rssMb = memories.map(({ rss }) => rss / 2 ** 20);
      samples.push({ atS, heapMb, rssMb, open: openRuns, started });
      const of = heapMb.map(
        (heap, at) => `heap ${heap.toFixed(1)} MB  rss ${(rssMb[at] ?? 0).toFixed(1)} MB`,
      );
      if (!options.json)
        process.stdout.write(
          `${String(atS).padStart(4)} s  ${of.join("  |  ")}  ${openRuns} open, ${started} started\n`,
        );
    }
    await delay(TICK_MS);
  }
} finally {
  for (const server of servers) await server.end();
  await agent.close();
  await database?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const settled = samples.filter(({ atS }) => atS * 1_000 >= FIRST_MS - SAMPLE_MS / 2);
if (settled.length < 2 * MEDIAN_OF) {
  process.stderr.write(
    `Only ${settled.length} samples after ${FIRST_MS / 60_000} min with ${runsOpen} runs open: this machine does not keep up, or --minutes is too short.\n`,
  );
  process.exit(2);
}
const growth = (of: (sample: Sample) => number) =>
  median(settled.slice(-MEDIAN_OF).map(of)) / median(settled.slice(0, MEDIAN_OF).map(of)) - 1;
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const grown = servers.map((_, host) => ({
  heap: growth(({ heapMb }) => heapMb[host] ?? 0),
  rss: growth(({ rssMb }) => rssMb[host] ?? 0),
}));
if (options.json) process.stdout.write(`${JSON.stringify({ grown, samples }, null, 2)}\n`);
else
  for (const [host, { heap, rss }] of grown.entries())
    process.stdout.write(
      `${hostsCount > 1 ? `host ${host + 1}, ` : ""}after ${FIRST_MS / 60_000} min: heap ${percent(heap)}, rss ${percent(rss)}\n`,
    );
if (grown.some(({ heap, rss }) => heap >= GROWTH_MAX || rss >= GROWTH_MAX)) process.exitCode = 1;
