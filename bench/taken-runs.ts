/**
 * `node bench/taken-runs.ts [--runs 10000] [--json]`: F on PostgreSQL. A host with so many open runs
 * (timers, signals, attempts under way: open-runs.ts) is killed, and its lease runs out. Time until
 * another host has them all in memory, with every attempt made again or in line, first of a host that was
 * there already, then, after that one was killed too, of one that starts. Target: 10 s.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import pg from "pg";
import { findProgram } from "../scripts/programs.ts";
import { READER } from "../src/engine/embedded/options.ts";
import { openHostEngine } from "../src/engine/hosts/host-engine.ts";
import { createRegistry } from "../src/nodes/registry.ts";
import { standardErrorLogger } from "../src/observe/logger.ts";
import { openPostgresStore } from "../src/storage/postgres/open-postgres-store.ts";
import { systemClock } from "../src/system/system-clock.ts";
import { systemIds } from "../src/system/system-ids.ts";
import { systemRandom } from "../src/system/system-random.ts";
import { exitOnSignals, killWithUs } from "../test/support/kill-with-us.ts";
import { startPostgres } from "../test/support/real-server.ts";
import { type Child, freePort, startChild } from "./child.ts";
import { callJson } from "./http-json.ts";
import { hang } from "./lockstitch.config.ts";
import { LEASE_MS, NO_HTTP } from "./lockstitch.ts";
import { type EngineStats, fillWithOpenRuns, until, workingOf } from "./open-runs.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    json: { type: "boolean", default: false },
    make: { type: "string" },
  },
});
const runs = Number(options.runs);
const LOOK_MS = 20;

interface Host {
  readonly child: Child;
  readonly stats: () => Promise<EngineStats>;
  readonly startedMs: number;
}

/** All in ms. */
interface Taken {
  /** From the end of the lease to the first claim; of a host that starts, from its process on. */
  readonly claimMs: number;
  /** From the first claim until all are loaded. */
  readonly loadedMs: number;
}

/** Makes the runs, tells so, and drives them until it is killed. */
async function make(url: string): Promise<void> {
  const logger = standardErrorLogger("error", (line) => line);
  const host = { name: "maker", reader: READER, leaseMs: LEASE_MS };
  const store = await openPostgresStore({ url, logger, host });
  const { hosts } = store;
  if (hosts === undefined) throw new Error("the store has no hosts");
  const engine = await openHostEngine(
    {
      ...{ store, clock: systemClock, random: systemRandom, ids: systemIds(systemClock), logger },
      nodes: createRegistry([hang]),
      services: { fileRoot: null, http: NO_HTTP },
    },
    { hosts, takesRuns: true },
  );
  await fillWithOpenRuns(engine, store, runs);
  process.send?.("made");
}

async function startHost(url: string, folder: string): Promise<Host> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const stats = async () => (await callJson(`${address}/api/v1/engine`, "GET")) as EngineStats;
  const startedMs = performance.now();
  const child = await startChild(
    process.execPath,
    [
      join(ROOT, "bin/lockstitch.js"),
      ...["start", "--json", "--port", String(port), "--data", join(folder, String(port))],
      ...["--config", join(ROOT, "bench/lockstitch.config.ts")],
    ],
    {
      env: { LOCKSTITCH_DATABASE_URL: url },
      isReady: () =>
        stats().then(
          () => true,
          () => false,
        ),
    },
  );
  return { child, stats, startedMs };
}

/** Resolves when all runs are the host's and in its memory. */
async function taken(database: pg.Client, host: Host, fromMs: number): Promise<Taken> {
  let claimedMs = 0;
  let loadedMs = 0;
  await until(async () => {
    if (claimedMs === 0) {
      const { rows } = await database.query(
        "SELECT 1 FROM lockstitch.runs AS r JOIN lockstitch.hosts AS h ON h.host = r.owner AND h.expires_at > now() WHERE r.status <= 3 LIMIT 1",
      );
      if (rows.length > 0) claimedMs = performance.now();
    }
    const { openRuns, runningAttempts, queuedAttempts } = await host.stats();
    const isAll = openRuns === runs && runningAttempts + queuedAttempts === workingOf(runs);
    loadedMs = performance.now();
    if (!isAll) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    return isAll;
  });
  return { claimMs: claimedMs - fromMs, loadedMs: loadedMs - claimedMs };
}

/** Resolves when no host that has open runs has a lease any more. */
async function leaseIsOver(database: pg.Client): Promise<void> {
  await until(async () => {
    const { rows } = await database.query(
      "SELECT 1 FROM lockstitch.hosts AS h WHERE h.expires_at > now() AND EXISTS (SELECT FROM lockstitch.runs AS r WHERE r.owner = h.host AND r.status <= 3)",
    );
    return rows.length === 0;
  });
}

async function made(child: ChildProcess): Promise<void> {
  const [said] = await Promise.race([once(child, "message"), once(child, "exit")]);
  if (said !== "made") throw new Error(`the runs were not made (${String(said)})`);
}

async function main(): Promise<void> {
  const program = findProgram("postgres");
  if (program === null) throw new Error("there is no PostgreSQL here: npm run setup installs it");
  const folder = mkdtempSync(join(tmpdir(), "lockstitch-taken-"));
  exitOnSignals(() => rmSync(folder, { recursive: true, force: true }));
  await using server = await startPostgres(program, { settings: ["fsync=on"] });
  const url = server.url("postgres");
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  const hosts: Host[] = [];
  try {
    process.stderr.write(`making ${runs} open runs\n`);
    const maker = fork(fileURLToPath(import.meta.url), ["--make", url, "--runs", String(runs)]);
    killWithUs(maker);
    await made(maker);
    process.stderr.write("made; a host that is there\n");
    const present = await startHost(url, folder);
    hosts.push(present);
    maker.kill("SIGKILL");
    process.stderr.write("its lease runs out\n");
    await leaseIsOver(database);
    const there = await taken(database, present, performance.now());
    process.stderr.write("a host that starts\n");
    process.kill(present.child.pid, "SIGKILL");
    await leaseIsOver(database);
    const starting = await startHost(url, folder);
    hosts.push(starting);
    const started = await taken(database, starting, starting.startedMs);
    print(there, started);
  } finally {
    for (const { child } of hosts) {
      killNow(child.pid);
      await child.end();
    }
    await database.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** As a crash would: attempts that are told to end would end their runs. */
function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function print(there: Taken, started: Taken): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ runs, there, started })}\n`);
    return;
  }
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  process.stdout.write(
    `F on PostgreSQL: ${runs} open runs of a host that was killed
  a host that was there:  claims ${seconds(there.claimMs)} after the end of the lease, has all ${seconds(there.loadedMs)} later
  a host that starts:     claims ${seconds(started.claimMs)} after the start of its process, has all ${seconds(started.loadedMs)} later
`,
  );
}

if (options.make === undefined) await main();
else await make(options.make);
