/**
 * `node bench/hosts.ts [--rounds N] [--hosts N] [--at-once N] [--seconds N] [--json]`: benchmark A (runs
 * of 5 steps, 100 at once in all) of one host on PostgreSQL, and of several that share the same load on
 * the same server. Both take turns, each on a database of its own; hosts that have no turn are idle.
 * Target: three hosts do at least 80 % of what one does, on two processors. Afterwards both journals
 * are counted.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import pg from "pg";
import { findProgram } from "../scripts/programs.ts";
import { exitOnSignals } from "../test/support/kill-with-us.ts";
import { startPostgres } from "../test/support/real-server.ts";
import { percentile, spreadOf, spreadText, text } from "./figures.ts";
import { type HostProcess, startHostProcess } from "./host-process.ts";
import { checkKeptIn } from "./kept.ts";
import { Claims } from "./subject.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    hosts: { type: "string", default: "3" },
    "at-once": { type: "string", default: "100" },
    seconds: { type: "string", default: "4" },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
const atOnce = Number(options["at-once"]);
const forMs = Number(options.seconds) * 1_000;
const BEGIN_MS = 1_500;
/** A host of Node has its pace after some 60,000 steps. */
const WARM_STEPS = 60_000;
/** Linux counts processor time of processes in hundredths of a second. */
const TICK_MS = 10;

interface Side {
  readonly name: string;
  readonly url: string;
  readonly hosts: readonly HostProcess[];
  readonly stepsPerSecond: number[];
  readonly commitsPerSecond: number[];
  /** Microseconds of processor time for a step, of all hosts, and of the server. */
  readonly hostUs: number[];
  readonly serverUs: number[];
}

async function main(): Promise<void> {
  const program = findProgram("postgres");
  if (program === null) throw new Error("there is no PostgreSQL here: npm run setup installs it");
  await using server = await startPostgres(program, {
    settings: ["fsync=on", "max_connections=100"],
  });
  exitOnSignals(() => undefined);
  const root = new pg.Client({ connectionString: server.url("postgres") });
  await root.connect();
  const sides: Side[] = [];
  for (const [name, count] of [
    ["one", 1],
    ["several", Number(options.hosts)],
  ] as const) {
    await root.query(`CREATE DATABASE ${name}`);
    const url = server.url(name);
    const hosts: HostProcess[] = [];
    // One after another: the first makes the tables.
    for (let at = 0; at < count; at++) hosts.push(await startHostProcess(url));
    sides.push({
      name,
      url,
      hosts,
      stepsPerSecond: [],
      commitsPerSecond: [],
      hostUs: [],
      serverUs: [],
    });
  }
  process.stderr.write("warming up\n");
  for (const { hosts } of sides) for (const host of hosts) await host.warmUp(WARM_STEPS);
  for (let round = 1; round <= rounds; round++)
    for (const side of round % 2 === 1 ? sides : sides.toReversed()) {
      await measure(side, root);
      const figure = Math.round(side.stepsPerSecond.at(-1) ?? 0);
      process.stderr.write(`round ${round} of ${rounds}: ${side.name} ${figure} steps/s\n`);
    }
  await root.end();
  const kept: string[] = [];
  for (const { name, url, hosts } of sides) {
    const all = new Claims();
    for (const host of hosts) {
      const { runs, steps } = await host.close();
      all.runs += runs;
      all.steps += steps;
    }
    kept.push(`${name}: ${(await checkKeptIn(url, all)).join("; ")}`);
  }
  print(sides, kept);
}

/** Each host has its part of the load. */
async function measure(side: Side, root: pg.Client): Promise<void> {
  const { name, hosts } = side;
  const count = hosts.length;
  const before = await commitsOf(root, name);
  const server = await serverMs(root, name);
  const beganMs = performance.now();
  const figures = await Promise.all(
    hosts.map((host, at) =>
      host.measure({
        atOnce: Math.floor((atOnce + at) / count),
        beginMs: BEGIN_MS,
        forMs,
      }),
    ),
  );
  const seconds = (performance.now() - beganMs) / 1_000;
  const stepsPerSecond = figures.reduce((sum, one) => sum + one.stepsPerSecond, 0);
  const busyMs = figures.reduce((sum, one) => sum + one.busyMs, 0);
  side.stepsPerSecond.push(stepsPerSecond);
  side.hostUs.push((busyMs * 1_000) / stepsPerSecond);
  side.serverUs.push((((await serverMs(root, name)) - server) * 1_000) / seconds / stepsPerSecond);
  side.commitsPerSecond.push(((await commitsOf(root, name)) - before) / seconds);
}

/** Processor time so far of the server's processes for a database, those for all included; NaN without /proc. */
async function serverMs(root: pg.Client, database: string): Promise<number> {
  const { rows } = await root.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE datname = $1 OR datname IS NULL",
    [database],
  );
  let ticks = 0;
  for (const { pid } of rows)
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      return Number.NaN;
    }
  return ticks * TICK_MS;
}

/** Of any kind; statistics come some time after them, which evens out. */
async function commitsOf(root: pg.Client, database: string): Promise<number> {
  const { rows } = await root.query<{ count: string }>(
    "SELECT xact_commit AS count FROM pg_stat_database WHERE datname = $1",
    [database],
  );
  return Number(rows[0]?.count ?? 0);
}

function print(sides: readonly Side[], kept: readonly string[]): void {
  const [one, several] = sides.map((side) => percentile(side.stepsPerSecond, 0.5));
  const share = Math.round(((several ?? 0) / (one ?? 1)) * 100);
  if (options.json) {
    const figures = sides.map(({ hosts, ...side }) => ({ ...side, hosts: hosts.length }));
    process.stdout.write(`${JSON.stringify({ share, figures, kept }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`A, ${atOnce} runs of 5 steps at once in all\n`);
  for (const { hosts, ...side } of sides)
    process.stdout.write(
      `  ${String(hosts.length).padStart(2)} host(s)  ${spreadText(spreadOf(side.stepsPerSecond)).padEnd(28)} steps/s  ${spreadText(spreadOf(side.commitsPerSecond)).padEnd(24)} commits/s  ${text(percentile(side.hostUs, 0.5))} + ${text(percentile(side.serverUs, 0.5))} us of processor a step, hosts + server\n`,
    );
  process.stdout.write(`  several do ${share} % of one (target: 80 %)\n`);
  for (const line of kept) process.stdout.write(`${line}\n`);
  process.stdout.write(
    `machine: ${availableParallelism()} cores, load ${loadavg()
      .map((value) => value.toFixed(1))
      .join(" ")}\n`,
  );
}

await main();
