/**
 * How far a stream's work has come, in a file of its scratch folder: replaced as a whole, durable,
 * and only good for the same work on the same source.
 */
import { hash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { isMissing } from "#errors/is-missing.ts";

interface Saved<State> {
  readonly work: string;
  readonly state: State;
}

/** Names `work`, which is JSON: the same stream used up in the same way. */
export function workName(work: unknown): string {
  return hash("sha256", JSON.stringify(work));
}

/** null: nothing was saved, or of other work. */
export function savedState<State>(folder: string, work: string): State | null {
  try {
    const saved = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as Saved<State>;
    return saved.work === work ? saved.state : null;
  } catch (error) {
    // Its end can be missing after a power cut: then the work begins anew, as without it.
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}

export function saveState<State>(folder: string, work: string, state: State): void {
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, "state.draft");
  const file = openSync(draft, "w", 0o600);
  try {
    writeSync(file, JSON.stringify({ work, state } satisfies Saved<State>));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, join(folder, "state.json"));
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
