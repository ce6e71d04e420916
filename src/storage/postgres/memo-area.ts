/**
 * Results that turns remember and forget with a commit, and what goes for them when a limit is passed
 * (M2). Totals are kept along by a trigger (migrations), split so that hosts do not wait for each
 * other's; commits of several hosts at once may pass a limit by what they write, and the next evicts it.
 */
import type { MemoWrite } from "#ports/memo-store.ts";
import { MEMO_OVERHEAD_BYTES, type MemoLimits } from "../memo-limits.ts";
import { bigints, booleans, ints, texts, utf8s } from "./columns.ts";
import type { Statement } from "./connection.ts";
import type { MemoUses } from "./memo-uses.ts";
import { EVICT_MEMOS } from "./sql/evict-memos.ts";
import { SAVE_MEMOS } from "./sql/save-memos.ts";
import { USE_MEMOS } from "./sql/use-memos.ts";
import type { PlacedTurn, WaveArea } from "./wave.ts";

/** What one commit evicts at most; what is left over a limit then goes with the next ones. */
const MEMO_EVICTED_MAX = 10_000;

interface Word {
  readonly position: number;
  readonly tenant: string;
  readonly runId: string;
  readonly key: string;
  /** null: it is forgotten. */
  readonly memo: MemoWrite | null;
  readonly size: number;
}

export function memoArea(limits: MemoLimits, uses: MemoUses): WaveArea {
  return {
    after({ turns, nowMs }) {
      const words = turns.flatMap((placed) => wordsOf(placed, limits));
      if (words.length === 0) return [];
      const statements = [saveMemos(words, nowMs)];
      if (words.some(({ memo }) => memo !== null))
        statements.push(...useMemos(uses), evictMemos(limits));
      return statements;
    },
  };
}

/** What waits to be written of uses; none: no statement. */
export function useMemos(uses: MemoUses): readonly Statement[] {
  const taken = uses.take();
  if (taken.length === 0) return [];
  const values = [bigints(taken.map(([number]) => number)), bigints(taken.map(([, atMs]) => atMs))];
  return [{ sql: USE_MEMOS, values }];
}

export function evictMemos({ entriesMax, bytesMax }: MemoLimits): Statement {
  return {
    sql: EVICT_MEMOS,
    values: [entriesMax, bytesMax, MEMO_EVICTED_MAX, MEMO_OVERHEAD_BYTES],
  };
}

/** An output that is larger than the limit is not kept, and nor is what was there under its key. */
function wordsOf({ turn, position }: PlacedTurn, { bytesMax }: MemoLimits): readonly Word[] {
  const { tenant, runId, memos = [], forgets = [] } = turn;
  const said = { position, tenant, runId };
  return [
    ...memos.map((memo) => {
      const { key, output } = memo;
      const bytes = "text" in output ? Buffer.byteLength(output.text) : output.blob.bytes;
      const size = bytes + MEMO_OVERHEAD_BYTES;
      return { ...said, key, memo: size > bytesMax ? null : memo, size };
    }),
    ...forgets.map((key) => ({ ...said, key, memo: null, size: 0 })),
  ];
}

function saveMemos(words: readonly Word[], nowMs: number): Statement {
  const memos = words.map(({ memo }) => memo);
  const text = (of: (memo: MemoWrite) => string | null) =>
    memos.map((memo) => (memo === null ? null : of(memo)));
  const values = [
    ints(words.map(({ position }) => position)),
    texts(words.map(({ tenant }) => tenant)),
    texts(words.map(({ key }) => key)),
    booleans(memos.map((memo) => memo !== null)),
    texts(text(({ scope }) => scope)),
    texts(text(({ label }) => label)),
    texts(text(({ uses }) => uses)),
    texts(text(({ workflow }) => workflow)),
    texts(text(({ path }) => path)),
    texts(words.map(({ runId }) => runId)),
    utf8s(text(({ output }) => ("text" in output ? output.text : null))),
    texts(text(({ output }) => ("blob" in output ? output.blob.hash : null))),
    bigints(words.map(({ size }) => size)),
    bigints(memos.map((memo) => memo?.createdAtMs ?? null)),
    bigints(memos.map((memo) => memo?.expiresAtMs ?? null)),
    nowMs,
  ];
  return { sql: SAVE_MEMOS, values };
}
