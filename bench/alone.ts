/**
 * D and F: what is measured of Lockstitch alone, each time in a fresh process. Figures by what they
 * are of, a few rounds of each.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ManyItems } from "./many-items.ts";
import { makeOpenRuns, measureOpenRuns } from "./open-runs.ts";

const MANY_ITEMS = fileURLToPath(new URL("many-items.ts", import.meta.url));
const BUFFER_BYTES = 1_048_576;

export type Note = (benchmark: string, subject: string, ...values: readonly number[]) => void;

export interface AloneSize {
  readonly rounds: number;
  /** D: items of the one loop. */
  readonly items: number;
  /** F: open runs at the start. */
  readonly openRuns: number;
}

export const ALONE = ["D", "F"] as const;

export async function measureAlone(
  folder: string,
  size: AloneSize,
  { note, wants }: { readonly note: Note; wants(benchmark: string): boolean },
): Promise<void> {
  for (let round = 1; wants("D") && round <= size.rounds; round += 1) {
    process.stderr.write(`round ${round} of ${size.rounds}: D\n`);
    noteItems(await manyItems(folder, size.items), note);
  }
  if (!wants("F")) return;
  for (let round = 1; round <= size.rounds; round += 1) {
    process.stderr.write(`round ${round} of ${size.rounds}: F\n`);
    // Made anew: an attempt that is lost too often ends its run.
    const own = mkdtempSync(join(folder, "open-"));
    await makeOpenRuns(own, size.openRuns);
    const { servingMs, loadedMs } = await measureOpenRuns(own, size.openRuns);
    rmSync(own, { recursive: true, force: true });
    note("F", "until the API answers, ms", servingMs);
    note("F", "until all runs are loaded, ms", loadedMs);
  }
}

async function manyItems(folder: string, items: number): Promise<ManyItems> {
  const own = mkdtempSync(join(folder, "many-"));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--expose-gc", MANY_ITEMS, own, String(items)],
    { maxBuffer: BUFFER_BYTES },
  );
  rmSync(own, { recursive: true, force: true });
  return JSON.parse(stdout) as ManyItems;
}

function noteItems(found: ManyItems, note: Note): void {
  note("D", "items/s, all", found.perSecond);
  note("D", "items/s, first fifth", found.first);
  note("D", "items/s, last fifth", found.last);
  note("D", "last fifth, % of the first", (found.last / found.first) * 100);
  note("D", "heap bytes a settled step", found.heapBytesPerStep);
  note(
    "D",
    "checkpoints, % of the journal's bytes",
    (found.checkpointBytes / found.journalBytes) * 100,
  );
}
