/**
 * `npm run bench`: what docs/performance.md shows. A, B and C: Lockstitch beside its peer and the
 * floor in the same rounds (one after the other, never at the same time), medians with their spread.
 * E: the same without the peer, which journals nothing of what only computes. D and F: Lockstitch alone.
 *
 *   A  2,000 runs of 5 effectful no-op steps, 100 at once      steps a second
 *   B  one run of 1,000 such steps, one after another          steps a second
 *   C  start to result of a 1-step run at 20 a second          p50 and p99 in ms
 *   E  runs of 1,000 pure steps, each from the one before      steps a second
 *
 *   D  one for_each of 100,000 items, results collected        late as fast as early, memory, checkpoints
 *   F  a server that starts on 10,000 open runs                 ms until it answers, until all are loaded
 *
 * `--only A,C` some of them, `--quick` a tenth of the size, `--rounds N`, `--json` one document on
 * standard output, `--no-peer` without Restate. `--against REF` measures A, B, C and E of another
 * commit in the same rounds instead (against.ts). It fails only where a journal does not hold what was
 * claimed: times on a shared machine gate nothing.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureAgainst } from "./against.ts";
import { ALONE, measureAlone } from "./alone.ts";
import { type Floor, openFloor } from "./floor.ts";
import { closeClient } from "./http-json.ts";
import { pace, sustain } from "./load.ts";
import { lockstitchInProcess, lockstitchOverHttp } from "./lockstitch.ts";
import { ALONE_WARM_MS, measureOnce, PER_SECOND_C, TOGETHER, warmUp } from "./measure.ts";
import { printReport, type Row } from "./report.ts";
import { restate } from "./restate.ts";
import type { Subject } from "./subject.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
    "no-peer": { type: "boolean", default: false },
    against: { type: "string" },
    gate: { type: "boolean", default: false },
  },
});
const only = wantedOf(options.only);
const size = options.quick
  ? { runs: 200, rounds: 3, calls: 40, chains: 10, items: 10_000, openRuns: 1_000 }
  : { runs: 2_000, rounds: 5, calls: 200, chains: 50, items: 100_000, openRuns: 10_000 };
const rounds = Number(options.rounds ?? size.rounds);

/** D and F take long, and are compared with themselves. */
const ALONE_ROUNDS_MAX = 3;

/** Figures of every round, by benchmark and subject. */
const figures = new Map<string, number[]>();

function note(benchmark: string, subject: string, ...values: readonly number[]): void {
  const key = `${benchmark} ${subject}`;
  figures.set(key, [...(figures.get(key) ?? []), ...values]);
}

/** null: all. */
function wantedOf(text: string | undefined): ReadonlySet<string> | null {
  if (text === undefined) return null;
  const names = text.toUpperCase().split(",");
  const known: readonly string[] = [...TOGETHER, ...ALONE];
  for (const name of names)
    if (!known.includes(name))
      throw new Error(`--only ${text}: there is no benchmark ${name}, only ${known.join(", ")}`);
  return new Set(names);
}

async function measureSubject(benchmark: string, subject: Subject): Promise<void> {
  const values = await measureOnce(benchmark, subject, size);
  if (values !== null) note(benchmark, subject.name, ...values);
}

async function measureFloor(benchmark: string, floor: Floor): Promise<void> {
  if (benchmark === "A") note("A", "floor", floor.batched());
  if (benchmark === "B") note("B", "floor", floor.single());
  if (benchmark === "C") {
    const load = { count: size.calls, perSecond: PER_SECOND_C };
    note("C", "floor", ...(await pace(() => floor.hello(), load)));
  }
}

/** The processor alone: its spread over the rounds tells how quiet the machine was. */
function measureProcessor(): void {
  const startedMs = performance.now();
  let sum = 0;
  for (let index = 0; index < 30_000_000; index += 1) sum = (sum * 31 + index) | 0;
  note("processor", sum === 0 ? "" : "ms", performance.now() - startedMs);
}

function installPeers(): void {
  if (existsSync(join(HERE, "node_modules"))) return;
  process.stderr.write("Installing the peer (once) ...\n");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: HERE, stdio: ["ignore", 2, 2] });
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lockstitch-bench-"));
  try {
    if (options.against !== undefined)
      return await measureAgainst(folder, options.against, { ...size, ...options, rounds, only });
    const wants = (benchmark: string) => only === null || only.has(benchmark);
    const kept = TOGETHER.some(wants) ? await measureTogether(folder) : {};
    if (ALONE.some(wants))
      await measureAlone(
        folder,
        { ...size, rounds: Math.min(rounds, ALONE_ROUNDS_MAX) },
        { note, wants },
      );
    const rows: Row[] = [...figures].map(([key, values]) => {
      const [benchmark = "", ...subject] = key.split(" ");
      return { benchmark, subject: subject.join(" "), values };
    });
    const machine = { cores: availableParallelism(), load: loadavg() };
    printReport({ rows, kept, rounds, ...machine }, options.json);
  } finally {
    await closeClient();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A, B, C and E; answers what each subject has kept. */
async function measureTogether(folder: string): Promise<Record<string, readonly string[]>> {
  if (!options["no-peer"]) installPeers();
  const subjects: Subject[] = [];
  const kept: Record<string, readonly string[]> = {};
  try {
    const floor = await openFloor(folder);
    subjects.push(await lockstitchOverHttp(folder));
    if (!options["no-peer"]) subjects.push(await restate(folder));
    subjects.push(await lockstitchInProcess(folder));
    // Just-in-time compilers and pools on all sides get warm before the first round.
    for (const subject of subjects) await warmUp(subject);
    await sustain(() => floor.hello(), { count: 1, forMs: ALONE_WARM_MS, atOnce: 1 });
    for (let round = 1; round <= rounds; round += 1)
      for (const benchmark of TOGETHER) {
        if (only !== null && !only.has(benchmark)) continue;
        process.stderr.write(`round ${round} of ${rounds}: ${benchmark}\n`);
        measureProcessor();
        // Every other round in reverse, so that whoever comes first has no lasting gain.
        for (const subject of round % 2 === 1 ? subjects : subjects.toReversed())
          await measureSubject(benchmark, subject);
        await measureFloor(benchmark, floor);
      }
    await floor.close();
    for (const subject of subjects.splice(0)) kept[subject.name] = await subject.close();
    return kept;
  } finally {
    await Promise.allSettled(subjects.map((subject) => subject.close()));
  }
}

await main();
