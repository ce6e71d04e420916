/**
 * Mutation testing of the rooms that everything else rests on: Stryker changes the source in one
 * place, the tests of that room must notice. `npm run mutate -- [--mutate PATH,...] [--sample N]`
 *
 * --mutate PATH  a file or folder (default: all of both rooms)
 * --sample N     one mutant in N, chosen by a hash of what it is: the same ones everywhere
 * --resume       go on where an earlier run without --sample was ended: see mutation/records.ts
 * --minutes N    with --resume: begin nothing more after so long; 0 prints what is known
 * --survivors    print each mutant that lived, with what it says instead
 *
 * Exit code 1 below SCORE_PERCENT_MIN, 2 when the tests do not even pass without a mutant.
 */
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import {
  type FileRecord,
  hashOf,
  hashOfFiles,
  type Known,
  killedIn,
  knownOf,
  readRecord,
  writeRecord,
} from "./mutation/records.ts";
import {
  interval,
  type MutationReport,
  percent,
  type Score,
  sampled,
  scores,
  sum,
  survivors,
} from "./mutation/score.ts";

const SCORE_PERCENT_MIN = 80;
const REPORTS = "reports/mutation";
const RECORDS = `${REPORTS}/files`;

/** Source and the tests that are quick enough to ask about each of its mutants. */
const ROOMS = [
  {
    name: "expression",
    source: "src/workflow/expression",
    tests: ["test/workflow/expression/*.test.ts", "test/workflow/{mistakes,parse,secrets}.test.ts"],
  },
  {
    name: "kernel",
    source: "src/kernel",
    // Without those of the plan's optimiser, which play every run twice.
    tests: ["test/kernel/!(optimised-runs).test.ts", "test/histories/*.test.ts"],
  },
] as const;

type Room = (typeof ROOMS)[number];

/** Random runs by the hundred are for the tests themselves; a mutant gets fewer. */
const FEWER_SEEDS = {
  KERNEL_SEEDS: "15",
  DIFFERENTIAL_CASES: "500",
};

/** Names of tests that take long: they meet every mutant and notice few that others do not. */
const LARGE = "100,000|10,000|looks ahead at every match|end alike in every order";

/**
 * Bytes of source with mutants in it at a time. Each place that can be mutated slows all tests down, and
 * who ends a run loses what is not recorded yet; yet each group plays all tests once without a mutant.
 */
const GROUP_BYTES_MAX = 25_000;

/** Of a sample, which has little to try in each group. */
const SAMPLE_GROUP_BYTES_MAX = 60_000;

interface Wish {
  readonly oneIn: number;
  readonly resume: boolean;
  /** Nothing is begun after this. */
  readonly endsAtMs: number;
  readonly survivors: boolean;
}

/** Files in their order, as many together as may be mutated at a time. */
function groupsOf(files: readonly string[], bytesMax: number): string[][] {
  const groups: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const file of files) {
    const { size } = statSync(file);
    if (bytes + size > bytesMax) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(file);
    bytes += size;
  }
  return groups;
}

interface Order {
  readonly files: readonly string[];
  readonly oneIn: number;
  /** Names of mutants that are taken to be killed. */
  readonly killed: readonly string[];
}

async function mutate(room: Room, { files, oneIn, killed }: Order): Promise<MutationReport> {
  const report = `${REPORTS}/last.json`;
  const killedFile = resolve(`${REPORTS}/killed.json`);
  rmSync(report, { force: true });
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(killedFile, JSON.stringify(killed));
  const options = {
    testRunner: "in-process",
    plugins: [new URL("./mutation/in-process-runner.ts", import.meta.url).pathname],
    inProcess: {
      tests: room.tests.flatMap((glob) => globSync(glob)).sort(),
      leaveOut: LARGE,
      oneIn,
      killed: killedFile,
    },
    mutate: [...files],
    ignorePatterns: ["**", "!src/**", "!test/**", "!docs/**", "!package.json"],
    coverageAnalysis: "perTest",
    concurrency: 1,
    // The runner itself measures processor time; a busy machine may take this long for a little of it.
    timeoutMS: 900_000,
    dryRunTimeoutMinutes: 20,
    reporters: ["json"],
    logLevel: "error",
    jsonReporter: { fileName: report },
    tsconfigFile: "none",
    tempDirName: ".stryker-tmp",
    warnings: { slow: false },
  };
  await new Stryker(options as never).runMutationTest();
  if (!existsSync(report)) throw new Error("Stryker left no report");
  return sampled(JSON.parse(readFileSync(report, "utf8")) as MutationReport, oneIn);
}

function row(name: string, score: Score): string {
  const cells = [score.tested, score.killed, score.survived, score.unmet].map((one) =>
    String(one).padStart(7),
  );
  return `${name.padEnd(46)}${cells.join("")}${percent(score).toFixed(1).padStart(8)}`;
}

/** The tests of a room, with what lies beside them and helps. */
function testsHashOf(room: Room): string {
  const beside = room.tests.map((glob) => `${dirname(glob)}/!(*.test).ts`);
  return hashOfFiles(globSync([...room.tests, ...beside]));
}

interface Found {
  readonly score: Score;
  /** Files of which nothing is known yet. */
  readonly left: number;
}

async function mutateRoom(room: Room, wanted: readonly string[], wish: Wish): Promise<Found> {
  const files = globSync(`${room.source}/**/*.ts`)
    .filter((file) => wanted.some((path) => `${file}/`.startsWith(`${path.replace(/\/$/, "")}/`)))
    .sort();
  const found: Score[] = [];
  const tell = (report: MutationReport): void => {
    for (const [file, score] of scores(report)) {
      found.push(score);
      write(row(file, score));
    }
    if (wish.survivors) for (const line of survivors(report)) write(line);
  };
  const left = await (wish.oneIn === 1 ? mutateWhole : mutateSample)({ room, files, wish, tell });
  const all = sum(found);
  if (files.length > 1) write(row(`all of ${room.name}`, all));
  return { score: all, left };
}

interface Work {
  readonly room: Room;
  readonly files: readonly string[];
  readonly wish: Wish;
  readonly tell: (report: MutationReport) => void;
}

async function mutateSample({ room, files, wish, tell }: Work): Promise<number> {
  for (const group of groupsOf(files, SAMPLE_GROUP_BYTES_MAX))
    tell(await mutate(room, { files: group, oneIn: wish.oneIn, killed: [] }));
  return 0;
}

/** Answers how many files nothing is known of. */
async function mutateWhole({ room, files, wish, tell }: Work): Promise<number> {
  const tests = testsHashOf(room);
  const knownIn = (file: string): Known => {
    if (!wish.resume) return "nothing";
    return knownOf(readRecord(RECORDS, file), { source: sourceHashOf(file), tests });
  };
  const byKnown = Map.groupBy(files, knownIn);
  const of = (known: Known) => byKnown.get(known) ?? [];
  for (const file of of("all")) tell(recorded(file));
  // Those of which nothing is known come first: a run that is ended early has something to say of each.
  const pieces = [
    ...groupsOf(of("nothing"), GROUP_BYTES_MAX).map((group) => ({ group, isNew: true })),
    ...groupsOf(of("killed"), GROUP_BYTES_MAX).map((group) => ({ group, isNew: false })),
  ];
  let left = 0;
  for (const { group, isNew } of pieces) {
    if (Date.now() < wish.endsAtMs) tell(await mutateGroup(room, group, { tests, isNew }));
    else if (isNew) left += group.length;
    else for (const file of group) tell(recorded(file));
  }
  return left;
}

interface Piece {
  /** Hash of the tests. */
  readonly tests: string;
  /** False: its files have records, of which the killed mutants are taken. */
  readonly isNew: boolean;
}

async function mutateGroup(
  room: Room,
  group: readonly string[],
  { tests, isNew }: Piece,
): Promise<MutationReport> {
  // Before the run: who edits a file meanwhile has a record of what it was.
  const sources = group.map((file) => [file, sourceHashOf(file)] as const);
  const killed = isNew ? [] : group.flatMap((file) => killedIn(file, recordOf(file)));
  const report = await mutate(room, { files: group, oneIn: 1, killed });
  for (const [file, source] of sources) {
    const mutants = report.files[file]?.mutants ?? [];
    writeRecord(RECORDS, file, { source, tests, mutants });
  }
  return report;
}

function sourceHashOf(file: string): string {
  return hashOf(readFileSync(file, "utf8"));
}

function recordOf(file: string): FileRecord {
  const record = readRecord(RECORDS, file);
  if (record === null) throw new Error(`the record of ${file} is gone`);
  return record;
}

/** What a run would report of a file of which all is known. */
function recorded(file: string): MutationReport {
  const { mutants } = recordOf(file);
  return { files: { [file]: { source: readFileSync(file, "utf8"), mutants } } };
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

const { values } = parseArgs({
  options: {
    mutate: { type: "string" },
    sample: { type: "string", default: "1" },
    resume: { type: "boolean", default: false },
    minutes: { type: "string", default: "Infinity" },
    survivors: { type: "boolean", default: false },
  },
});
Object.assign(process.env, FEWER_SEEDS);
const paths = (values.mutate ?? ROOMS.map(({ source }) => source).join(",")).split(",");
const wish: Wish = {
  oneIn: Number(values.sample),
  resume: values.resume,
  endsAtMs: Date.now() + Number(values.minutes) * 60_000,
  survivors: values.survivors,
};
if (wish.resume && wish.oneIn !== 1) throw new Error("--resume is for runs without --sample");
write(`${"file".padEnd(46)} tested killed  lived  unmet   score`);
const total: Found[] = [];
for (const room of ROOMS) total.push(await mutateRoom(room, paths, wish));
const overall = sum(total.map(({ score }) => score));
const left = total.reduce((files, one) => files + one.left, 0);
if (overall.tested === 0 && left === 0) throw new Error(`no mutant in ${paths.join(", ")}`);
write(`${percent(overall).toFixed(1)} % of ${overall.tested} mutants killed${remark()}`);
if (percent(overall) < SCORE_PERCENT_MIN) process.exitCode = 1;

/** What there is to say of mutants that were not tried. */
function remark(): string {
  if (left > 0) return `; ${left} files are left: --resume goes on with them`;
  if (wish.oneIn === 1) return "";
  const [low, high] = interval(overall);
  return `; one in ${wish.oneIn} was tried: of all it is ${low.toFixed(1)} to ${high.toFixed(1)} %, with 95 % confidence`;
}
