/**
 * The MemoStore port: entries come in with commits (memo-commits.ts) and are found and dropped
 * here. Uses wait in memory (memo-uses.ts) for a commit that remembers something, or a quiet minute.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { MemoEntry, MemoFacts, MemoFilter, MemoStore } from "#ports/memo-store.ts";
import { numberBefore } from "../list-cursors.ts";
import { type MemoFactsRow, memoFacts } from "../memo-facts.ts";
import { MEMO_ROWS_MAX } from "../memo-limits.ts";
import type { MemoUses } from "./memo-uses.ts";
import { CLEAR_MEMOS } from "./sql/clear-memos.ts";
import { FIND_MEMO } from "./sql/find-memo.ts";
import { LIST_MEMOS } from "./sql/list-memos.ts";
import type { StoreParts } from "./store-parts.ts";

type Row = MemoFactsRow & { readonly output: Buffer | null; readonly blobHash: string | null };

export class PostgresMemoStore implements MemoStore {
  readonly #parts: StoreParts;
  readonly #uses: MemoUses;

  constructor(parts: StoreParts, uses: MemoUses) {
    this.#parts = parts;
    this.#uses = uses;
  }

  async find({ tenant }: CallContext, key: string, nowMs: number): Promise<MemoEntry | null> {
    const { sessions } = this.#parts;
    const row = await sessions.get<Row>("reading a memo", FIND_MEMO, tenant, key, nowMs);
    if (row === undefined) return null;
    this.#uses.use(row.number, row.usedAtMs, this.#parts.nowMs());
    const { output, blobHash, ...rest } = row;
    const facts = memoFacts(rest);
    if (output !== null) return { ...facts, output: { text: output.toString("utf8") } };
    return { ...facts, output: { blob: { hash: blobHash ?? "", bytes: facts.bytes } } };
  }

  async list(
    { tenant }: CallContext,
    filter: MemoFilter & { readonly cursor?: string | undefined; readonly limit: number },
    nowMs: number,
  ): Promise<{ readonly items: readonly MemoFacts[]; readonly cursor: string | null }> {
    const { workflow = null, key = null, limit } = filter;
    const values = [tenant, numberBefore(filter.cursor), workflow, key, nowMs, limit + 1];
    const rows = await this.#parts.sessions.all<MemoFactsRow>(
      "listing memos",
      LIST_MEMOS,
      ...values,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items: page.map(memoFacts), cursor: isMore ? String(last.number) : null };
  }

  async clear({ tenant }: CallContext, filter: MemoFilter): Promise<number> {
    const { workflow = null, key = null } = filter;
    let cleared = 0;
    for (;;) {
      const values = [tenant, workflow, key, MEMO_ROWS_MAX];
      const { count } = await this.#parts.sessions.change("clearing memos", CLEAR_MEMOS, ...values);
      cleared += count;
      if (count < MEMO_ROWS_MAX) return cleared;
    }
  }
}
