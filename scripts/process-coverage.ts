/**
 * What ran in the processes and worker threads that tests start, where the test runner's own
 * coverage cannot look. `npm test` names a folder in LOCKSTITCH_PROCESS_COVERAGE, the test set-up
 * (test/process-coverage.setup.ts) hands it to child processes as NODE_V8_COVERAGE, and each of
 * them that ends in an orderly way leaves V8's counts there.
 *
 * Node strips types by blanking them out, so V8's offsets are offsets into the source as written.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface Report {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
}

/** Whether the code at a place (1-based line, 0-based column) of a file below `root` ran anywhere. */
export type RanElsewhere = (file: string, line: number, column: number) => boolean;

/** Reads all reports of `folder`; one that is cut short (its process was killed) is left out. */
export function processCoverage(folder: string, root: string): RanElsewhere {
  const scripts = new Map<string, Range[][]>();
  for (const name of reportsIn(folder)) {
    for (const { url, functions } of parse(readFileSync(join(folder, name), "utf8"))) {
      if (!url.startsWith(`${pathToFileURL(join(root, "src")).href}/`)) continue;
      const file = relative(root, fileURLToPath(url)).replaceAll("\\", "/");
      const runs = scripts.get(file) ?? [];
      runs.push(functions.flatMap(({ ranges }) => ranges));
      scripts.set(file, runs);
    }
  }
  const lineStarts = new Map<string, readonly number[]>();
  return (file, line, column) => {
    const runs = scripts.get(file);
    if (runs === undefined) return false;
    let starts = lineStarts.get(file);
    if (starts === undefined) {
      starts = lineStartsOf(readFileSync(join(root, file), "utf8"));
      lineStarts.set(file, starts);
    }
    const offset = (starts[line - 1] ?? 0) + column;
    return runs.some((ranges) => countAt(ranges, offset) > 0);
  };
}

/** V8 nests ranges: the smallest one around an offset has its count. */
function countAt(ranges: readonly Range[], offset: number): number {
  let smallest: Range | null = null;
  for (const range of ranges) {
    if (offset < range.startOffset || offset >= range.endOffset) continue;
    const size = range.endOffset - range.startOffset;
    if (smallest === null || size < smallest.endOffset - smallest.startOffset) smallest = range;
  }
  return smallest?.count ?? 0;
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function reportsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}

function parse(text: string): Report["result"] {
  try {
    return (JSON.parse(text) as Report).result;
  } catch {
    return [];
  }
}
