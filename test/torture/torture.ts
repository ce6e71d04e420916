/**
 * Torture of the real thing: `lockstitch start` on a data directory on disk, clients over HTTP, a
 * witness beside it, and `kill -9` again and again; then a calm in which every run must end; then
 * journals, answers and witness are compared (reading.ts says what must hold).
 */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { NamedValue } from "#engine/named-values.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { seededRandom } from "../kernel/random-definition.ts";
import { canSeal } from "../plugins/plugin-fixture.ts";
import { DatabaseGate } from "./database-gate.ts";
import {
  type Disturbance,
  disturb,
  planDisturbances,
  type SharedDatabase,
} from "./disturbances.ts";
import { openFront } from "./front.ts";
import { readJournals } from "./journals.ts";
import { CROWD, type Kill, killAt, planKills } from "./kills.ts";
import { leftovers } from "./leftovers.ts";
import { Ownerless } from "./ownerless.ts";
import { pause } from "./pause.ts";
import { Reading } from "./reading.ts";
import { Victim } from "./victim.ts";
import { startWitness } from "./witness.ts";
import { Workload } from "./workload.ts";

const SIDECAR = new URL("./sidecar/", import.meta.url);
const OPEN_RUNS_AIM = 32;
/** Runs of a host that was killed rest for a lease: so many are kept open for each host, */
const OPEN_RUNS_AIM_PER_HOST = 44;
/** and effects take longer, so that every host has enough in flight on as many processors as before. */
const SLOWER = 4;
const CALM_MS = 180_000;
/** No wait of the workload is half as long: where nothing happens for this time, nothing will. */
const STILL_MS = 25_000;
const CALM_LOOK_MS = 200;
/** A host's, and what may pass after it until somebody has its runs. */
const LEASE_MS = 10_000;
const OWNERLESS_MS_MAX = 5_000;
/** After what disturbs all hosts nobody is judged for a lease. */
const OWNERLESS_JUDGED_MIN = 0.3;

export interface TortureOptions {
  readonly kills: number;
  readonly seed: number;
  /** An empty folder: the victim's working directory. */
  readonly folder: string;
  /** The victim's data directory; default: in `folder`. */
  readonly dataDir?: string;
  /** A bug of test/simulation/plants.ts to load the victim with. */
  readonly plant?: string;
  /** Several hosts on one database instead of one on a data directory. */
  readonly shared?: SharedDatabase;
  /** Of several hosts: whether limits over all of them are compared too. */
  readonly judgesLimits?: boolean;
  readonly onProgress?: (line: string) => void;
}

export interface TortureReport {
  readonly seed: number;
  readonly kills: readonly Kill[];
  readonly seconds: number;
  /** Median and largest time from spawn to serving. */
  readonly startMs: { readonly median: number; readonly max: number };
  readonly calmSeconds: number;
  readonly starts: { readonly begun: number; readonly acknowledged: number };
  readonly signalsAcknowledged: number;
  readonly counts: Reading["counts"];
  /** How much there was to break of sagas, chains, limits and remembered results. */
  readonly rules: Reading["rules"];
  /** Share of kills that met at least CROWD steps in flight. */
  readonly crowdedShare: number;
  /** Of the store's file; null: a database server looks after its own. */
  readonly integrity: string | null;
  /** What happened to the database and the ways to it, how often. */
  readonly disturbances: Readonly<Record<string, number>>;
  /** How long an open run had no host, at most, and in which part of the time that was looked at. */
  readonly ownerless: { readonly longestMs: number; readonly judgedShare: number } | null;
  readonly broken: Reading["broken"];
  /** Answers that may not be, deaths that nobody caused. */
  readonly complaints: readonly string[];
}

export async function torture(options: TortureOptions): Promise<TortureReport> {
  const beganMs = performance.now();
  const { folder, seed } = options;
  const dataDir = options.dataDir ?? join(folder, "data");
  const random = seededRandom(seed);
  await mkdir(folder, { recursive: true });
  await using witness = await startWitness(
    join(folder, "witness.sock"),
    join(folder, "witness.jsonl"),
  );
  const sidecar = join(folder, "sidecar");
  await cp(SIDECAR, sidecar, { recursive: true });
  await writeFile(join(folder, "lockstitch.config.ts"), configText(witness.socketPath));
  await using stack = new AsyncDisposableStack();
  const { shared } = options;
  const gates: DatabaseGate[] = [];
  for (let at = 0; at < (shared?.hosts ?? 0); at++)
    gates.push(stack.use(await DatabaseGate.to(shared?.port ?? 0)));
  const victims = newVictims(options, dataDir, gates);
  for (const victim of victims) stack.defer(() => victim.kill());
  await firstStart(victims);
  const [first] = victims;
  if (first === undefined) throw new Error("there is no host to torture");
  const front =
    shared === undefined
      ? first
      : stack.use(await openFront(() => victims.map(({ port }) => port), random));
  const ownerless = shared === undefined ? null : new Ownerless(shared.url, LEASE_MS);
  ownerless?.begin();
  const workload = new Workload({
    baseUrl: front.baseUrl,
    random,
    openRunsAim: shared === undefined ? OPEN_RUNS_AIM : OPEN_RUNS_AIM_PER_HOST * shared.hosts,
    token: `${seed}-${Date.now()}`,
  });
  await workload.begin();
  const plan =
    shared === undefined
      ? new Map<number, Disturbance>()
      : planDisturbances(options.kills, shared, { random, leaseMs: LEASE_MS });
  const disturbances: Record<string, number> = {};
  let disturbing: Promise<void> = Promise.resolve();
  const kills: Kill[] = [];
  let victim = first;
  const isConnected = (one: Victim) => gates[victims.indexOf(one)]?.isOpen !== false;
  for (const phase of planKills(options.kills, random)) {
    const due = plan.get(kills.length);
    if (due !== undefined && shared !== undefined && ownerless !== null) {
      await disturbing;
      // Whoever is left must be able to take what others lose.
      const others = victims.filter((_, at) => at !== due.host);
      if (due.host !== null) await Promise.any(others.map((one) => one.ready()));
      disturbing = disturb(due, { shared, gates, ownerless });
      disturbances[due.kind] = (disturbances[due.kind] ?? 0) + 1;
    }
    const killed = await killAt(phase, {
      ...{ victims, victim, isConnected, witness, workload, random },
    });
    kills.push(killed.kill);
    victim = killed.victim;
    victim.spawn();
    options.onProgress?.(progressText(kills, options.kills, performance.now() - beganMs));
  }
  await disturbing;
  const killedMs = performance.now();
  workload.stopStarting();
  for (const one of victims) await one.ready();
  const reading = new Reading();
  options.onProgress?.("calm: every run must end");
  await calm(workload, reading);
  const calmSeconds = (performance.now() - killedMs) / 1_000;
  await workload.end();
  options.onProgress?.("reading the journals");
  for await (const journal of readJournals(workload.client)) reading.addJournal(journal);
  reading.compareValues(await storedValues(workload));
  options.onProgress?.("stopping");
  await ownerless?.end();
  await Promise.all(victims.map((one) => one.stop()));
  const left = await leftovers(sidecar);
  options.onProgress?.("comparing with the witness");
  reading.compareAcknowledged(workload.acknowledged);
  await reading.compareWitness(witness.records());
  const startedInMs = victims.flatMap((one) => one.startedInMs);
  return {
    seed,
    kills,
    seconds: (performance.now() - beganMs) / 1_000,
    startMs: {
      median: startedInMs.toSorted((a, b) => a - b)[startedInMs.length >> 1] ?? 0,
      max: Math.max(...startedInMs),
    },
    calmSeconds,
    starts: { begun: workload.runsBegun, acknowledged: workload.acknowledged.starts.size },
    signalsAcknowledged: workload.acknowledged.signals.size,
    counts: reading.counts,
    rules: reading.rules,
    crowdedShare: kills.filter(({ inFlight }) => inFlight >= CROWD).length / kills.length,
    integrity: shared === undefined ? integrityOf(join(dataDir, "store.db")) : null,
    disturbances,
    ownerless:
      ownerless === null
        ? null
        : { longestMs: ownerless.longestMs, judgedShare: ownerless.judgedShare },
    broken: shared === undefined ? reading.broken : ofManyHosts(reading.broken, options),
    complaints: [
      ...workload.complaints,
      ...victims
        .flatMap((one) => one.diedByItself)
        .map((how) => `the victim died by itself: ${how}`),
      ...left.map((line) => `a process has outlived its victim: ${line}`),
    ],
  };
}

function newVictims(
  { folder, plant, shared }: TortureOptions,
  dataDir: string,
  gates: readonly DatabaseGate[],
): Victim[] {
  if (shared === undefined) return [new Victim(folder, dataDir, { plant })];
  return gates.map((gate, at) => {
    const url = new URL(shared.url);
    url.port = String(gate.port);
    const env = {
      LOCKSTITCH_DATABASE_URL: url.toString(),
      LOCKSTITCH_TORTURE_SLOWER: String(SLOWER),
    };
    const name = `host ${at + 1}`;
    return new Victim(folder, `${dataDir}-${at + 1}`, { name, plant, env, isPatient: true });
  });
}

/** Only a process that ends by itself leaves its compiled code to the next ones. */
async function firstStart(victims: readonly Victim[]): Promise<void> {
  const [first] = victims;
  first?.spawn();
  await first?.ready();
  await first?.stop();
  for (const victim of victims) victim.spawn();
  for (const victim of victims) await victim.ready();
}

/** Results are remembered together, but two hosts may be at one at the same time. */
function ofManyHosts(
  broken: Reading["broken"],
  { judgesLimits = false }: TortureOptions,
): Reading["broken"] {
  return { ...broken, overrun: judgesLimits ? broken.overrun : [], recalled: [] };
}

/** What makes the report a bad one; empty: all promises were kept, and were really at stake. */
export function faultsOf(report: TortureReport): readonly string[] {
  const faults = Object.entries(report.broken).flatMap(([name, lines]) =>
    lines.map((line) => `${name}: ${line}`),
  );
  faults.push(...report.complaints);
  if (report.integrity !== null && report.integrity !== "ok")
    faults.push(`integrity_check: ${report.integrity}`);
  if (report.ownerless !== null) {
    const { longestMs, judgedShare } = report.ownerless;
    if (longestMs > OWNERLESS_MS_MAX)
      faults.push(`an open run had no host for ${Math.round(longestMs)} ms`);
    if (judgedShare < OWNERLESS_JUDGED_MIN)
      faults.push(`hosts of runs were judged ${Math.round(judgedShare * 100)} % of the time only`);
  }
  if (report.counts.repeats === 0)
    faults.push("no attempt was ever repeated: the kills hit nothing");
  if (report.crowdedShare <= 0.5)
    faults.push(`only ${Math.round(report.crowdedShare * 100)} % of the kills met ${CROWD} steps`);
  return faults;
}

/** Until no run is open; one that is open when nothing happens any more is stuck, and says what it waits for. */
async function calm(workload: Workload, reading: Reading): Promise<void> {
  const untilMs = performance.now() + CALM_MS;
  let stillSinceMs = performance.now();
  let before = "";
  let open = await workload.openRuns();
  while (open.length > 0) {
    const now = open.map(({ id, seq }) => `${id} ${seq}`).join();
    if (now !== before) stillSinceMs = performance.now();
    before = now;
    if (performance.now() > Math.min(untilMs, stillSinceMs + STILL_MS)) break;
    await pause(CALM_LOOK_MS);
    open = await workload.openRuns();
  }
  for (const { id, status } of open) {
    const { sentence } = await workload.client.explain(id);
    reading.addStuck(id, `${status}, ${sentence}`);
  }
}

async function storedValues({ client }: Workload): Promise<readonly NamedValue[]> {
  return (await client.values.list(LOCAL_CONTEXT, { limit: 100 })).items;
}

function configText(socketPath: string): string {
  const node = new URL("./effect-node.ts", import.meta.url).href;
  return `import { effectNode } from ${JSON.stringify(node)};\nexport default { nodes: [effectNode(${JSON.stringify(socketPath)})], plugins: [{ from: "./sidecar", sealed: ${canSeal} }] };\n`;
}

function progressText(kills: readonly Kill[], of: number, passedMs: number): string {
  const last = kills.at(-1);
  const perSecond = (kills.length / passedMs) * 1_000;
  return `${kills.length}/${of} kills, ${perSecond.toFixed(2)} a second, ${last?.inFlight ?? 0} steps in flight (${last?.phase ?? ""})`;
}

function integrityOf(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("PRAGMA integrity_check").all();
    return rows.map((row) => String(row["integrity_check"])).join("; ");
  } finally {
    database.close();
  }
}
