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
import { readJournals } from "./journals.ts";
import { CROWD, type Kill, killAt, planKills } from "./kills.ts";
import { leftovers } from "./leftovers.ts";
import { pause } from "./pause.ts";
import { Reading } from "./reading.ts";
import { Victim } from "./victim.ts";
import { startWitness } from "./witness.ts";
import { Workload } from "./workload.ts";

const SIDECAR = new URL("./sidecar/", import.meta.url);
const OPEN_RUNS_AIM = 32;
const CALM_MS = 180_000;
/** No wait of the workload is half as long: where nothing happens for this time, nothing will. */
const STILL_MS = 25_000;
const CALM_LOOK_MS = 200;

export interface TortureOptions {
  readonly kills: number;
  readonly seed: number;
  /** An empty folder: the victim's working directory. */
  readonly folder: string;
  /** The victim's data directory; default: in `folder`. */
  readonly dataDir?: string;
  /** A bug of test/simulation/plants.ts to load the victim with. */
  readonly plant?: string;
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
  readonly integrity: string;
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
  const victim = new Victim(folder, dataDir, options.plant ?? null);
  stack.defer(() => victim.kill());
  // Only a process that ends by itself leaves its compiled code to the next ones.
  victim.spawn();
  await victim.ready();
  await victim.stop();
  victim.spawn();
  await victim.ready();
  const workload = new Workload({
    baseUrl: victim.baseUrl,
    random,
    openRunsAim: OPEN_RUNS_AIM,
    token: `${seed}-${Date.now()}`,
  });
  await workload.begin();
  const kills: Kill[] = [];
  for (const phase of planKills(options.kills, random)) {
    kills.push(await killAt(phase, { victim, witness, workload, random }));
    victim.spawn();
    options.onProgress?.(progressText(kills, options.kills, performance.now() - beganMs));
  }
  const killedMs = performance.now();
  workload.stopStarting();
  await victim.ready();
  const reading = new Reading();
  options.onProgress?.("calm: every run must end");
  await calm(workload, reading);
  const calmSeconds = (performance.now() - killedMs) / 1_000;
  await workload.end();
  options.onProgress?.("reading the journals");
  for await (const journal of readJournals(workload.client)) reading.addJournal(journal);
  reading.compareValues(await storedValues(workload));
  options.onProgress?.("stopping");
  await victim.stop();
  const left = await leftovers(sidecar);
  options.onProgress?.("comparing with the witness");
  reading.compareAcknowledged(workload.acknowledged);
  await reading.compareWitness(witness.records());
  return {
    seed,
    kills,
    seconds: (performance.now() - beganMs) / 1_000,
    startMs: {
      median: victim.startedInMs.toSorted((a, b) => a - b)[victim.startedInMs.length >> 1] ?? 0,
      max: Math.max(...victim.startedInMs),
    },
    calmSeconds,
    starts: { begun: workload.runsBegun, acknowledged: workload.acknowledged.starts.size },
    signalsAcknowledged: workload.acknowledged.signals.size,
    counts: reading.counts,
    rules: reading.rules,
    crowdedShare: kills.filter(({ inFlight }) => inFlight >= CROWD).length / kills.length,
    integrity: integrityOf(join(dataDir, "store.db")),
    broken: reading.broken,
    complaints: [
      ...workload.complaints,
      ...victim.diedByItself.map((how) => `the victim died by itself: ${how}`),
      ...left.map((line) => `a process has outlived its victim: ${line}`),
    ],
  };
}

/** What makes the report a bad one; empty: all promises were kept, and were really at stake. */
export function faultsOf(report: TortureReport): readonly string[] {
  const faults = Object.entries(report.broken).flatMap(([name, lines]) =>
    lines.map((line) => `${name}: ${line}`),
  );
  faults.push(...report.complaints);
  if (report.integrity !== "ok") faults.push(`integrity_check: ${report.integrity}`);
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
