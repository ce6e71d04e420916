/**
 * The MemoStore port: entries come in with commits (memo-writer.ts), are found by the reading
 * connection, and are dropped by the writer.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { MemoEntry, MemoFacts, MemoFilter, MemoStore } from "#ports/memo-store.ts";
import { numberBefore } from "../list-cursors.ts";
import { type MemoFactsRow, memoFacts } from "../memo-facts.ts";
import { MEMO_ROWS_MAX } from "../memo-limits.ts";
import { FIND_MEMO } from "./sql/find-memo.ts";
import { LIST_MEMOS } from "./sql/list-memos.ts";
import type { StoreParts } from "./store-parts.ts";

/** A use is told to the writer when the last one that is written is older than this. */
const USE_GRAIN_MS = 60_000;
/** Entries whose last use is remembered here until the writer has written it. */
const USES_MAX = 10_000;

type Row = MemoFactsRow & { readonly output: Uint8Array | null; readonly blobHash: string | null };

export class SqliteMemoStore implements MemoStore {
  readonly #parts: StoreParts;
  readonly #uses = new Map<number, number>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async find(context: CallContext, key: string, nowMs: number): Promise<MemoEntry | null> {
    const row = this.#parts.read("reading a memo", (reader) =>
      reader.get<Row>(FIND_MEMO, context.tenant, key, nowMs),
    );
    if (row === undefined) return null;
    this.#use(row, this.#parts.nowMs());
    const { output, blobHash, ...rest } = row;
    const facts = memoFacts(rest);
    if (output !== null)
      return { ...facts, output: { text: Buffer.from(output).toString("utf8") } };
    return { ...facts, output: { blob: { hash: blobHash ?? "", bytes: facts.bytes } } };
  }

  async list(
    context: CallContext,
    filter: MemoFilter & { readonly cursor?: string | undefined; readonly limit: number },
    nowMs: number,
  ): Promise<{ readonly items: readonly MemoFacts[]; readonly cursor: string | null }> {
    const { workflow = null, key = null, limit } = filter;
    const before = numberBefore(filter.cursor);
    const named = { tenant: context.tenant, before, workflow, key, nowMs, limit: limit + 1 };
    const rows = this.#parts.read("listing memos", (reader) =>
      reader.allNamed<MemoFactsRow>(LIST_MEMOS, named),
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items: page.map(memoFacts), cursor: isMore ? String(last.number) : null };
  }

  async clear(context: CallContext, filter: MemoFilter): Promise<number> {
    const { workflow = null, key = null } = filter;
    let cleared = 0;
    for (;;) {
      const input = { tenant: context.tenant, workflow, key };
      const gone = await this.#parts.writer.call("clearMemos", input);
      cleared += gone;
      if (gone < MEMO_ROWS_MAX) return cleared;
    }
  }

  #use({ number, usedAtMs }: Row, nowMs: number): void {
    const known = Math.max(usedAtMs, this.#uses.get(number) ?? 0);
    if (nowMs - known < USE_GRAIN_MS) return;
    if (this.#uses.size >= USES_MAX) this.#uses.clear();
    this.#uses.set(number, nowMs);
    // A use that is not written costs an entry its place in the order of eviction, and nothing else.
    this.#parts.writer.call("useMemo", { number, atMs: nowMs }).catch(() => {});
  }
}
