/**
 * `npm test`: everything a change must pass, one stage after the other: the programs that tests
 * need, lint, types, all tests with coverage, the coverage gate. Every stage runs even when an
 * earlier one failed, so that one run shows all that is wrong.
 *
 * The last line is `N passed, N failed, N skipped`: the tests, and each stage beside them as one.
 * `npm test -- PATTERN...` runs only matching test files, without the gate.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { passesCoverageGate } from "./coverage-gate.ts";
import { setUp } from "./setup.ts";

const ROOT = join(import.meta.dirname, "..");
const TEST_REPORT = join(ROOT, "reports", "tests.json");
const COVERAGE_REPORT = join(ROOT, "coverage", "coverage-final.json");
const PROCESS_COVERAGE = join(ROOT, "reports", "processes");

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Stage {
  readonly name: string;
  run(): boolean;
}

process.chdir(ROOT);
const patterns = process.argv.slice(2);
const needsAll = process.env["CI"] === "true";

const stages: Stage[] = [
  {
    name: "programs",
    run: () => setUp().length === 0 || !needsAll,
  },
  { name: "lint", run: () => runs("biome", "check", "--error-on-warnings", ".") },
  {
    name: "types",
    run: () => [runs("tsc", "-p", "."), runs("tsc", "-p", "tsconfig.pure.json")].every(Boolean),
  },
  { name: "tests", run: runTests },
];
if (patterns.length === 0) {
  stages.push({
    name: "coverage",
    run: () =>
      existsSync(COVERAGE_REPORT) && passesCoverageGate(COVERAGE_REPORT, ROOT, PROCESS_COVERAGE),
  });
}

rmSync(TEST_REPORT, { force: true });
rmSync(COVERAGE_REPORT, { force: true });
rmSync(PROCESS_COVERAGE, { recursive: true, force: true });
if (patterns.length === 0) process.env["LOCKSTITCH_PROCESS_COVERAGE"] = PROCESS_COVERAGE;
const failedStages = stages.filter((stage, index) => !timed(stage, index)).map(({ name }) => name);
const tests = testCounts();
// The stage "tests" is already in the counts, unless it failed without a single failed test
// (a file that does not load, an unhandled rejection).
const counted = failedStages.filter((name) => name !== "tests" || tests.failed === 0);
const passedStages = stages.filter(
  ({ name }) => name !== "tests" && !failedStages.includes(name),
).length;
if (failedStages.length > 0) process.stdout.write(`\nfailed: ${failedStages.join(", ")}\n`);
process.stdout.write(
  `\n${tests.passed + passedStages} passed, ${tests.failed + counted.length} failed, ` +
    `${tests.skipped} skipped\n`,
);
process.exitCode = failedStages.length === 0 ? 0 : 1;

function timed(stage: Stage, index: number): boolean {
  process.stdout.write(`\n[${index + 1}/${stages.length}] ${stage.name}\n`);
  const startedMs = performance.now();
  const passed = stage.run();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`${stage.name}: ${passed ? "ok" : "FAILED"} in ${seconds} s\n`);
  return passed;
}

function runTests(): boolean {
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  return runs(
    "vitest",
    "run",
    ...(patterns.length === 0 ? ["--coverage"] : patterns),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${TEST_REPORT}`,
  );
}

/** Runs a command of node_modules/.bin in the open and says whether it exited 0. */
function runs(command: string, ...args: string[]): boolean {
  const path = join(ROOT, "node_modules", ".bin", command);
  return spawnSync(path, args, { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
}

function testCounts(): Counts {
  if (!existsSync(TEST_REPORT)) return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(readFileSync(TEST_REPORT, "utf8")) as Record<string, number>;
  return {
    passed: report["numPassedTests"] ?? 0,
    failed: report["numFailedTests"] ?? 0,
    skipped: (report["numPendingTests"] ?? 0) + (report["numTodoTests"] ?? 0),
  };
}
