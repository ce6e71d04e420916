/**
 * A run as lines of JSON, and back: `run` (its row and where it comes from), `definition`, one
 * `turn` for each of the journal with its events as stored, one `blob` for each they refer to,
 * one `log` for each line that a step logged, `end` with the counts. Checkpoints are left out: they
 * follow from the turns.
 *
 *   L1. Reading gives the same events, values and state as the store did.
 *   L2. A file without its `end`, or with other counts, is refused: it is not whole.
 *   L3. Of a run that another host removes meanwhile there is no `end`: it rejects with run_not_found.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import { VALUE_FIELDS } from "#kernel/value-fields.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { RunHead, TurnRecord } from "#ports/journal.ts";
import { matchingLines, type StepLogLine } from "#ports/step-logs.ts";
import type { Store } from "#ports/store.ts";
import { blobLink, eventsOf, hasBlobs, type StoredEvent } from "./event-blobs.ts";

const FORMAT = 1;
const TURNS_PER_READ = 200;
const LOG_LINES_PER_READ = 1_000;

const Line = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("run"), format: z.literal(FORMAT), head: z.custom<RunHead>() }),
  z.object({
    kind: z.literal("definition"),
    workflow: z.custom<WorkflowVersion & { readonly definition: string }>(),
  }),
  z.object({
    kind: z.literal("turn"),
    firstSeq: z.int(),
    lastSeq: z.int(),
    atMs: z.int(),
    events: z.string(),
  }),
  z.object({ kind: z.literal("blob"), hash: z.string(), base64: z.string() }),
  z.object({ kind: z.literal("log"), line: z.custom<StepLogLine>() }),
  z.object({
    kind: z.literal("end"),
    turns: z.int(),
    blobs: z.int(),
    // Archives from before step logs were kept have none.
    logs: z.int().default(0),
  }),
]);
type Line = z.infer<typeof Line>;

export async function* archiveLines(
  store: Store,
  context: CallContext,
  head: RunHead,
): AsyncGenerator<string> {
  const text = (line: Line) => JSON.stringify(line);
  yield text({ kind: "run", format: FORMAT, head });
  const workflow = await store.catalogue.find(context, head.workflow, head.version);
  if (workflow !== null) yield text({ kind: "definition", workflow });
  const hashes = new Set<string>();
  let turns = 0;
  let blobs = 0;
  let seq = 0;
  while (seq < head.seq) {
    const page = await store.journal.turns(context, head.runId, seq, TURNS_PER_READ);
    if (page.length === 0) break;
    for (const turn of page) {
      const { firstSeq, lastSeq, atMs, events } = turn;
      yield text({ kind: "turn", firstSeq, lastSeq, atMs, events });
      turns++;
      for (const hash of blobsOf(turn)) {
        if (hashes.has(hash)) continue;
        hashes.add(hash);
        const bytes = await store.blobs.get(context, hash);
        // A blob that is lost stays lost; that must not keep the rest in the store for ever.
        if (bytes === null) continue;
        yield text({ kind: "blob", hash, base64: Buffer.from(bytes).toString("base64") });
        blobs++;
      }
      seq = lastSeq;
    }
  }
  let logs = 0;
  for await (const line of logLines(store, context, head.runId)) {
    yield text({ kind: "log", line });
    logs++;
  }
  // Its rows go after the run itself: while that is there, all of them were.
  if ((await store.journal.head(context, head.runId)) === null)
    throw new LockstitchError(
      "run_not_found",
      `Run ${head.runId} was removed while it was read for the archive.`,
    );
  yield text({ kind: "end", turns, blobs, logs });
}

async function* logLines(
  { logs }: Store,
  context: CallContext,
  runId: string,
): AsyncGenerator<StepLogLine> {
  for (let after = 0; ; ) {
    const page = await logs.read(context, runId, { after, limit: LOG_LINES_PER_READ });
    yield* page;
    if (page.length < LOG_LINES_PER_READ) return;
    after = page.at(-1)?.position ?? after;
  }
}

/** Of a turn that nobody can read, none: what is in it is lost already, and the rest is kept. */
function blobsOf(turn: TurnRecord): readonly string[] {
  return readable(turn)
    .filter(hasBlobs)
    .flatMap((event) => [...VALUE_FIELDS].map((field) => blobLink(event, field)?.hash ?? null))
    .filter((hash) => hash !== null);
}

function readable(turn: TurnRecord): readonly StoredEvent[] {
  try {
    return eventsOf(turn);
  } catch (error) {
    // A newer release can read it, and knows its blobs.
    if ((error as LockstitchError).code !== "store_corrupt") throw error;
    return [];
  }
}

/** The lines of one run as a store that holds it alone and takes nothing. Throws request_invalid. */
export async function archivedStore(
  lines: AsyncIterable<string>,
): Promise<{ readonly store: Store; readonly head: RunHead }> {
  const turns: TurnRecord[] = [];
  const blobs = new Map<string, Uint8Array>();
  const logs: StepLogLine[] = [];
  let head: RunHead | null = null;
  let workflow: (WorkflowVersion & { readonly definition: string }) | null = null;
  let isWhole = false;
  for await (const text of lines) {
    const line = parsedLine(text);
    switch (line.kind) {
      case "run":
        head = line.head;
        break;
      case "definition":
        workflow = line.workflow;
        break;
      case "turn": {
        const { kind: _, ...turn } = line;
        turns.push({ runId: head?.runId ?? "", ...turn });
        break;
      }
      case "blob": {
        const bytes = Buffer.from(line.base64, "base64");
        if (createHash("sha256").update(bytes).digest("hex") === line.hash)
          blobs.set(line.hash, bytes);
        break;
      }
      case "log":
        logs.push(line.line);
        break;
      case "end":
        isWhole =
          line.turns === turns.length && line.blobs === blobs.size && line.logs === logs.length;
        break;
    }
  }
  if (head === null || !isWhole) throw notWhole();
  return { head, store: frozenStore({ head, turns, blobs, logs, workflow }) };
}

function parsedLine(text: string): Line {
  try {
    return Line.parse(JSON.parse(text));
  } catch (error) {
    throw notAnArchive(error);
  }
}

function notAnArchive(cause: unknown): LockstitchError {
  return new LockstitchError("request_invalid", "The file is no archive of a run.", { cause });
}

function notWhole(): LockstitchError {
  return new LockstitchError("request_invalid", "The archive is not whole: its end is missing.");
}

function frozenStore(held: {
  readonly head: RunHead;
  readonly turns: readonly TurnRecord[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly logs: readonly StepLogLine[];
  readonly workflow: (WorkflowVersion & { readonly definition: string }) | null;
}): Store {
  const { head, turns, blobs, logs, workflow } = held;
  const refuse = () =>
    Promise.reject(new LockstitchError("request_invalid", "An archived run cannot change."));
  const isIt = (runId: string) => runId === head.runId;
  return {
    epoch: head.epoch,
    describe: async () => ({ adapter: "archive" }),
    close: async () => {},
    blobs: { put: refuse, get: async (_context, hash) => blobs.get(hash) ?? null },
    memos: {
      find: async () => null,
      list: async () => ({ items: [], cursor: null }),
      clear: refuse,
    },
    state: {
      find: async () => null,
      usage: async () => ({ names: 0, bytes: 0 }),
      totals: refuse,
      list: async () => ({ items: [], cursor: null }),
      change: refuse,
      changes: async () => [],
    },
    triggers: {
      find: async () => null,
      list: async () => ({ items: [], cursor: null }),
      matching: async () => [],
      due: async () => [],
      nextDueAtMs: async () => null,
      save: refuse,
      marks: async () => [],
    },
    logs: {
      read: async (_context, runId, query) => (isIt(runId) ? matchingLines(logs, query) : []),
    },
    catalogue: {
      save: refuse,
      find: async () => workflow,
      list: async () => (workflow === null ? [] : [workflow]),
      versions: async () => (workflow === null ? [] : [workflow]),
    },
    journal: {
      commit: refuse,
      committed: async () => false,
      admission: async () => ({ starts: [], breakers: [] }),
      head: async (_context, runId) => (isIt(runId) ? head : null),
      heads: async () => ({ items: [head], cursor: null }),
      counts: refuse,
      openRuns: async () => [],
      turns: async (_context, runId, afterSeq, limit) =>
        isIt(runId) ? turns.filter(({ lastSeq }) => lastSeq > afterSeq).slice(0, limit) : [],
      turnAt: async (_context, runId, seq) =>
        (isIt(runId) ? turns.find((turn) => turn.firstSeq <= seq && seq <= turn.lastSeq) : null) ??
        null,
      checkpoints: async () => [],
      checkpointMarks: async () => [],
      messages: async () => [],
      startKey: async () => null,
    },
  };
}
