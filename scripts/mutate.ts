/**
 * Mutation testing of the rooms that everything else rests on: Stryker changes the source in one
 * place, the tests of that room must notice. `npm run mutate -- [--mutate PATH,...] [--sample N]`
 *
 * --mutate PATH  a file or folder (default: all of both rooms)
 * --sample N     one mutant in N, chosen by a hash of what it is: the same ones everywhere
 * --fresh        forget what an earlier whole run knew of mutants and tests that have not changed
 * --survivors    print each mutant that lived, with what it says instead
 *
 * Exit code 1 below SCORE_PERCENT_MIN, 2 when the tests do not even pass without a mutant.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
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

/** Bytes of source with mutants in it at a time: each place that can be mutated slows all tests down. */
const GROUP_BYTES_MAX = 60_000;

interface Wish {
  readonly oneIn: number;
  readonly fresh: boolean;
  readonly survivors: boolean;
}

/** Files in their order, as many together as may be mutated at a time. */
function groupsOf(files: readonly string[]): string[][] {
  const groups: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const file of files) {
    const { size } = statSync(file);
    if (bytes + size > GROUP_BYTES_MAX) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(file);
    bytes += size;
  }
  return groups;
}

async function mutate(room: Room, files: readonly string[], wish: Wish): Promise<MutationReport> {
  const report = `${REPORTS}/last.json`;
  const memory = `${REPORTS}/${room.name}-incremental.json`;
  const isWhole = wish.oneIn === 1;
  if (wish.fresh) rmSync(memory, { force: true });
  rmSync(report, { force: true });
  mkdirSync(REPORTS, { recursive: true });
  const options = {
    testRunner: "in-process",
    plugins: [new URL("./mutation/in-process-runner.ts", import.meta.url).pathname],
    inProcess: {
      tests: room.tests.flatMap((glob) => globSync(glob)).sort(),
      leaveOut: LARGE,
      oneIn: wish.oneIn,
    },
    mutate: [...files],
    ignorePatterns: ["**", "!src/**", "!test/**", "!docs/**", "!package.json"],
    coverageAnalysis: "perTest",
    concurrency: 1,
    // The runner itself measures processor time; a busy machine may take this long for a little of it.
    timeoutMS: 900_000,
    dryRunTimeoutMinutes: 20,
    incremental: isWhole,
    incrementalFile: memory,
    reporters: ["json"],
    logLevel: "error",
    jsonReporter: { fileName: report },
    tsconfigFile: "none",
    tempDirName: ".stryker-tmp",
    warnings: { slow: false },
  };
  await new Stryker(options as never).runMutationTest();
  if (!existsSync(report)) throw new Error("Stryker left no report");
  return sampled(JSON.parse(readFileSync(report, "utf8")) as MutationReport, wish.oneIn);
}

function row(name: string, score: Score): string {
  const cells = [score.tested, score.killed, score.survived, score.unmet].map((one) =>
    String(one).padStart(7),
  );
  return `${name.padEnd(46)}${cells.join("")}${percent(score).toFixed(1).padStart(8)}`;
}

async function mutateRoom(room: Room, wanted: readonly string[], wish: Wish): Promise<Score> {
  const files = globSync(`${room.source}/**/*.ts`)
    .filter((file) => wanted.some((path) => `${file}/`.startsWith(`${path.replace(/\/$/, "")}/`)))
    .sort();
  const found: Score[] = [];
  for (const group of groupsOf(files)) {
    const report = await mutate(room, group, wish);
    for (const [file, score] of scores(report)) {
      found.push(score);
      write(row(file, score));
    }
    if (wish.survivors) for (const line of survivors(report)) write(line);
  }
  const all = sum(found);
  if (files.length > 1) write(row(`all of ${room.name}`, all));
  return all;
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

const { values } = parseArgs({
  options: {
    mutate: { type: "string" },
    sample: { type: "string", default: "1" },
    fresh: { type: "boolean", default: false },
    survivors: { type: "boolean", default: false },
  },
});
Object.assign(process.env, FEWER_SEEDS);
const paths = (values.mutate ?? ROOMS.map(({ source }) => source).join(",")).split(",");
const wish: Wish = {
  oneIn: Number(values.sample),
  fresh: values.fresh,
  survivors: values.survivors,
};
write(`${"file".padEnd(46)} tested killed  lived  unmet   score`);
const total: Score[] = [];
for (const room of ROOMS) total.push(await mutateRoom(room, paths, wish));
const overall = sum(total);
if (overall.tested === 0) throw new Error(`no mutant in ${paths.join(", ")}`);
const [low, high] = interval(overall);
const share =
  wish.oneIn === 1
    ? ""
    : `; one in ${wish.oneIn} was tried: of all it is ${low.toFixed(1)} to ${high.toFixed(1)} %, with 95 % confidence`;
write(`${percent(overall).toFixed(1)} % of ${overall.tested} mutants killed${share}`);
if (percent(overall) < SCORE_PERCENT_MIN) process.exitCode = 1;
