/**
 * The coverage gate: at least 80 % of all executable lines of src/, and at least 80 % of those
 * that changed since the base, were run by the tests, in the test runner or in a process that a
 * test started. A statement counts for the line it starts on, as in Istanbul's line coverage.
 *
 * The base is LOCKSTITCH_BASE, else where this branch left origin/main, else the commit before.
 * A clone too shallow to know any of them is judged overall only, and the report says so.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { processCoverage, type RanElsewhere } from "./process-coverage.ts";

export const OVERALL_PERCENT_MIN = 80;
export const CHANGED_PERCENT_MIN = 80;

/** Per file (relative path) and executable line: whether a test ran it. */
export type LineCoverage = ReadonlyMap<string, ReadonlyMap<number, boolean>>;

/** Per file the lines that changed, or "all" for a file that the base does not have. */
export type ChangedLines = ReadonlyMap<string, ReadonlySet<number> | "all">;

export interface Share {
  readonly covered: number;
  readonly total: number;
}

interface IstanbulFile {
  readonly path: string;
  readonly statementMap: Readonly<
    Record<string, { readonly start: { readonly line: number; readonly column: number } }>
  >;
  readonly s: Readonly<Record<string, number>>;
}

/** Reads Istanbul's coverage-final.json; `ranElsewhere` is asked about what did not run there. */
export function lineCoverage(
  json: string,
  root: string,
  ranElsewhere: RanElsewhere = () => false,
): LineCoverage {
  const report = JSON.parse(json) as Record<string, IstanbulFile>;
  const files = new Map<string, Map<number, boolean>>();
  for (const file of Object.values(report)) {
    const name = relative(root, file.path).replaceAll("\\", "/");
    const lines = new Map<number, boolean>();
    for (const [id, { start }] of Object.entries(file.statementMap)) {
      const ran =
        lines.get(start.line) === true ||
        (file.s[id] ?? 0) > 0 ||
        ranElsewhere(name, start.line, start.column);
      lines.set(start.line, ran);
    }
    files.set(name, lines);
  }
  return files;
}

/** The lines that a unified diff without context (`git diff -U0`) adds, by file. */
export function addedLines(diff: string): Map<string, Set<number>> {
  const files = new Map<string, Set<number>>();
  let current: Set<number> | null = null;
  for (const line of diff.split("\n")) {
    if (line.startsWith("+++ ")) {
      current = null;
      if (!line.startsWith("+++ b/")) continue;
      current = new Set();
      files.set(line.slice("+++ b/".length), current);
      continue;
    }
    const hunk = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk === null || current === null) continue;
    const first = Number(hunk[1]);
    for (let offset = 0; offset < Number(hunk[2] ?? 1); offset++) current.add(first + offset);
  }
  return files;
}

/** How many executable lines ran, of all or only of those that changed. */
export function share(coverage: LineCoverage, changed?: ChangedLines): Share {
  let covered = 0;
  let total = 0;
  for (const [file, lines] of coverage) {
    const only = changed === undefined ? "all" : changed.get(file);
    if (only === undefined) continue;
    for (const [line, ran] of lines) {
      if (only !== "all" && !only.has(line)) continue;
      total++;
      if (ran) covered++;
    }
  }
  return { covered, total };
}

/** Executable lines that changed and did not run, as `file:3-5,9`. */
export function unrun(coverage: LineCoverage, changed: ChangedLines): string[] {
  return [...coverage].flatMap(([file, lines]) => {
    const only = changed.get(file);
    if (only === undefined) return [];
    const missed = [...lines]
      .filter(([line, ran]) => !ran && (only === "all" || only.has(line)))
      .map(([line]) => line)
      .sort((one, other) => one - other);
    return missed.length === 0 ? [] : [`${file}:${ranges(missed)}`];
  });
}

function ranges(lines: readonly number[]): string {
  const found: { from: number; to: number }[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && last.to + 1 === line) last.to = line;
    else found.push({ from: line, to: line });
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

/**
 * Prints both shares, with the changed lines that did not run, and answers what is not high enough.
 * `processFolder` holds what V8 counted in processes that tests started.
 */
export function coverageComplaints(
  reportPath: string,
  root: string,
  processFolder: string,
): string[] {
  const coverage = lineCoverage(
    readFileSync(reportPath, "utf8"),
    root,
    processCoverage(processFolder, root),
  );
  const base = baseCommit();
  const overall = judge("all lines", share(coverage), OVERALL_PERCENT_MIN);
  if (base === null) {
    process.stdout.write("changed lines: not judged, this clone has no earlier commit\n");
    return overall;
  }
  const lines = changedSince(base);
  const what = `lines changed since ${base.slice(0, 10)}`;
  const changed = judge(what, share(coverage, lines), CHANGED_PERCENT_MIN);
  const missed = unrun(coverage, lines).map((places) => `not run: ${places}`);
  for (const line of missed) process.stdout.write(`${line}\n`);
  return [...overall, ...changed, ...(changed.length === 0 ? [] : missed)];
}

/** Prints the share, and answers a complaint where it is too small. */
function judge(what: string, { covered, total }: Share, percentMin: number): string[] {
  const percent = total === 0 ? 100 : (100 * covered) / total;
  const passes = percent >= percentMin;
  const said =
    `${what}: ${covered} of ${total} ran, ${percent.toFixed(1)} %` +
    `${passes ? "" : `, less than the required ${percentMin} %`}`;
  process.stdout.write(`${said}\n`);
  return passes ? [] : [said];
}

function baseCommit(): string | null {
  const named = process.env["LOCKSTITCH_BASE"];
  if (named !== undefined && named !== "") return git("rev-parse", "--verify", `${named}^{commit}`);
  const head = git("rev-parse", "HEAD");
  const left = git("merge-base", "HEAD", "origin/main");
  return left !== null && left !== head ? left : git("rev-parse", "--verify", "HEAD~1^{commit}");
}

function changedSince(base: string): ChangedLines {
  const changed = new Map<string, ReadonlySet<number> | "all">(
    addedLines(git("diff", "-U0", "--no-color", "--no-ext-diff", base, "--", "src") ?? ""),
  );
  const untracked = git("ls-files", "--others", "--exclude-standard", "--", "src") ?? "";
  for (const file of untracked.split("\n")) if (file !== "") changed.set(file, "all");
  return changed;
}

/** What git answers, or null where it cannot (no repository, unknown commit). */
function git(...args: string[]): string | null {
  try {
    const text = execFileSync("git", args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 256 * 1024 * 1024,
    });
    return text.trim();
  } catch {
    return null;
  }
}
