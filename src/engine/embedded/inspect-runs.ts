/**
 * Looks at every open run of a store that somebody else may be running: can it be folded, what does
 * it wait for, do its checkpoints say what its journal says. Changes nothing.
 */
import { isSameState } from "#kernel/checkpoint.ts";
import { explainRun } from "#kernel/explain.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { CheckpointMark, RunHead } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import { explainView } from "./explain-view.ts";
import { Plans } from "./plans.ts";
import { engineContext } from "./run-facts.ts";
import { RunLoader } from "./run-loader.ts";

export interface OpenRunFinding {
  readonly runId: string;
  readonly workflow: string;
  readonly createdAtMs: number;
  /** What it waits for, or why it cannot be read. */
  readonly text: string;
}

export interface RunsFinding {
  readonly open: number;
  /** Open for longest, the oldest first. */
  readonly oldest: readonly OpenRunFinding[];
  /** Cannot be folded: an engine parks them. */
  readonly unreadable: readonly OpenRunFinding[];
  /** A checkpoint is corrupt, or says something else than the journal. Only looked for when deep. */
  readonly checkpoints: readonly OpenRunFinding[];
  /** Keep checkpoints that somebody pinned; `text` says which. Of those that were folded. */
  readonly pinned: readonly OpenRunFinding[];
}

const RUNS_PER_READ = 200;
const OLDEST_SHOWN = 5;
/** Without `isDeep` only so many are folded. */
const FOLDED_MAX = 200;

export async function inspectRuns(
  store: Store,
  nodes: NodeRegistry,
  options: { readonly nowMs: number; readonly isDeep: boolean },
): Promise<RunsFinding> {
  const plans = new Plans(store.catalogue, nodes);
  const oldest: OpenRunFinding[] = [];
  const unreadable: OpenRunFinding[] = [];
  const checkpoints: OpenRunFinding[] = [];
  const pinned: OpenRunFinding[] = [];
  let open = 0;
  for await (const head of openRuns(store)) {
    open++;
    if (!options.isDeep && open > FOLDED_MAX) continue;
    const complaints: string[] = [];
    const say = (_fields: unknown, message: string) => void complaints.push(message);
    const logger = { debug: say, info: say, warn: say, error: say };
    const finding = (text: string): OpenRunFinding => {
      const { runId, workflow, createdAtMs } = head;
      return { runId, workflow, createdAtMs, text };
    };
    try {
      const context = engineContext(head.tenant);
      const loaded = await new RunLoader(store, plans, logger).load(context, head.runId);
      if (loaded === null) continue;
      if (oldest.length < OLDEST_SHOWN) {
        const waits = explainRun(loaded.state, options.nowMs);
        oldest.push(finding(explainView(head, waits).sentence));
      }
      const marks = await store.journal.checkpointMarks(context, head.runId);
      const pins = marks.filter(({ isPinned }) => isPinned);
      if (pins.length > 0) pinned.push(finding(pinnedText(pins)));
      if (!options.isDeep) continue;
      const folded = await new RunLoader(withoutCheckpoints(store), plans, logger).load(
        context,
        head.runId,
      );
      // Somebody may have gone on with it in between.
      const isSame =
        folded === null ||
        folded.state.seq !== loaded.state.seq ||
        isSameState(folded.state, loaded.state);
      if (!isSame) complaints.push("a checkpoint says something else than the journal");
      for (const complaint of complaints) checkpoints.push(finding(complaint));
    } catch (error) {
      unreadable.push(finding(error instanceof Error ? error.message : String(error)));
    }
  }
  return { open, oldest, unreadable, checkpoints, pinned };
}

/** `at event 12, 35 KiB`, `at events 3, 12, 70 KiB`; the oldest first. */
function pinnedText(pins: readonly CheckpointMark[]): string {
  const bytes = pins.reduce((sum, mark) => sum + mark.bytes, 0);
  const at = pins.map(({ seq }) => seq).sort((a, b) => a - b);
  return `at event${at.length === 1 ? "" : "s"} ${at.join(", ")}, ${Math.ceil(bytes / 1024)} KiB`;
}

async function* openRuns(store: Store): AsyncGenerator<RunHead> {
  let after: RunHead | null = null;
  for (;;) {
    const heads: readonly RunHead[] = await store.journal.openRuns(after, RUNS_PER_READ);
    yield* heads;
    after = heads.at(-1) ?? after;
    if (heads.length < RUNS_PER_READ) return;
  }
}

function withoutCheckpoints(store: Store): Store {
  const journal = new Proxy(store.journal, {
    get(target, name) {
      if (name === "checkpoints") return async () => [];
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { ...store, journal };
}
