/**
 * `npm test`: everything a change must pass, one stage after the other: the programs that tests
 * need, lint, types, all tests with coverage, the coverage gate. Every stage runs even when an
 * earlier one failed, so that one run shows all that is wrong.
 *
 * Its last lines name what failed (last-words.ts), for whoever has only the end of the output. The last
 * one is `N passed, N failed, N skipped`: the tests, and each stage beside them as one.
 * `npm test -- PATTERN...` runs only matching test files, without the gate.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { coverageComplaints } from "./coverage-gate.ts";
import { type FailedStage, firstLine, lastWords, testFailures } from "./last-words.ts";
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
  /** Why it failed; null: it passed. */
  run(): readonly string[] | null;
}

process.chdir(ROOT);
const patterns = process.argv.slice(2);
const needsAll = process.env["CI"] === "true";

const stages: Stage[] = [
  {
    name: "programs",
    run: () => {
      const missing = setUp();
      return missing.length === 0 || !needsAll ? null : [`missing: ${missing.join(", ")}`];
    },
  },
  { name: "lint", run: () => told("biome", "check", "--error-on-warnings", ".") },
  {
    name: "types",
    run: () => {
      const all = [told("tsc", "-p", "."), told("tsc", "-p", "tsconfig.pure.json")];
      return all.every((one) => one === null) ? null : all.flatMap((one) => one ?? []);
    },
  },
  { name: "tests", run: runTests },
];
if (patterns.length === 0) {
  stages.push({
    name: "coverage",
    run: () => {
      if (!existsSync(COVERAGE_REPORT)) return ["the tests left no report"];
      const complaints = coverageComplaints(COVERAGE_REPORT, ROOT, PROCESS_COVERAGE);
      return complaints.length === 0 ? null : complaints;
    },
  });
}

rmSync(TEST_REPORT, { force: true });
rmSync(COVERAGE_REPORT, { force: true });
rmSync(PROCESS_COVERAGE, { recursive: true, force: true });
if (patterns.length === 0) process.env["LOCKSTITCH_PROCESS_COVERAGE"] = PROCESS_COVERAGE;
const failures = stages.flatMap((stage, index): FailedStage[] => {
  const causes = timed(stage, index);
  return causes === null ? [] : [{ name: stage.name, causes }];
});
const failedStages = failures.map(({ name }) => name);
const tests = testCounts();
// The stage "tests" is already in the counts, unless it failed without a single failed test
// (a file that does not load, an unhandled rejection).
const counted = failedStages.filter((name) => name !== "tests" || tests.failed === 0);
const passedStages = stages.filter(
  ({ name }) => name !== "tests" && !failedStages.includes(name),
).length;
for (const line of ["", ...lastWords(failures)]) process.stdout.write(`${line}\n`);
process.stdout.write(
  `\n${tests.passed + passedStages} passed, ${tests.failed + counted.length} failed, ` +
    `${tests.skipped} skipped\n`,
);
process.exitCode = failedStages.length === 0 ? 0 : 1;

function timed(stage: Stage, index: number): readonly string[] | null {
  process.stdout.write(`\n[${index + 1}/${stages.length}] ${stage.name}\n`);
  const startedMs = performance.now();
  const causes = stage.run();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`${stage.name}: ${causes === null ? "ok" : "FAILED"} in ${seconds} s\n`);
  return causes;
}

function runTests(): readonly string[] | null {
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  const { status, signal } = spawnSync(
    commandPath("vitest"),
    [
      "run",
      ...(patterns.length === 0 ? ["--coverage"] : patterns),
      ...["--reporter=default", "--reporter=json", `--outputFile.json=${TEST_REPORT}`],
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  if (status === 0) return null;
  const causes = existsSync(TEST_REPORT)
    ? testFailures(readFileSync(TEST_REPORT, "utf8"), ROOT)
    : ["the test runner left no report"];
  const how = signal === null ? `exit code ${status}` : signal;
  return causes.length > 0 ? causes : [`no test failed, but something beside them (${how}): above`];
}

/** Runs a command of node_modules/.bin, shows what it says, and answers its first words if it fails. */
function told(command: string, ...args: string[]): readonly string[] | null {
  const { status, stdout, stderr, error } = spawnSync(commandPath(command), args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  const faults = `${stderr ?? ""}${error ?? ""}`;
  process.stdout.write(`${stdout ?? ""}${faults}`);
  return status === 0 ? null : [`${command}: ${firstLine(faults) || firstLine(stdout ?? "")}`];
}

function commandPath(command: string): string {
  return join(ROOT, "node_modules", ".bin", command);
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
