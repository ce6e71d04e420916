/**
 * The writing half of the memo store, on the writer's connection and inside its transactions:
 * keeps results, evicts what was used longest ago, forgets what is over.
 *
 *   1. After save() and evict() the store is within its limits, as far as it was measured.
 *   2. The totals in memory are those of the table, or null (measured before they are needed): a
 *      rolled back transaction, and rows that went with their run, make them null.
 *   3. Uses wait in memory for a transaction that is there anyway, or for idle time.
 */
import type { MemoWrite } from "#ports/memo-store.ts";
import { MEMO_OVERHEAD_BYTES, MEMO_ROWS_MAX, type MemoLimits } from "../memo-limits.ts";
import type { Connection } from "./connection.ts";
import { CLEAR_MEMOS } from "./sql/clear-memos.ts";
import { DROP_MEMO } from "./sql/drop-memo.ts";
import { EVICT_MEMO } from "./sql/evict-memo.ts";
import { FORGET_EXPIRED_MEMOS } from "./sql/forget-expired-memos.ts";
import { FORGET_RUN_MEMOS } from "./sql/forget-run-memos.ts";
import { MEASURE_MEMOS } from "./sql/measure-memos.ts";
import { SAVE_MEMO } from "./sql/save-memo.ts";
import { USE_MEMO } from "./sql/use-memo.ts";

interface Totals {
  entries: number;
  bytes: number;
}

export class MemoWriter {
  readonly #connection: Connection;
  readonly #limits: MemoLimits;
  #totals: Totals | null = null;
  #hasRows: boolean | null = null;
  readonly #uses = new Map<number, number>();

  constructor(connection: Connection, limits: MemoLimits) {
    this.#connection = connection;
    this.#limits = limits;
  }

  /** `run` is the number of the run that gave the result. */
  save(memo: MemoWrite, of: MemoOwner): void {
    const { tenant, run, runId, nowMs } = of;
    const { key, scope, label, uses, workflow, path, output, createdAtMs, expiresAtMs } = memo;
    const text = "text" in output ? output.text : null;
    const bytes = "text" in output ? Buffer.byteLength(output.text) : output.blob.bytes;
    const size = bytes + MEMO_OVERHEAD_BYTES;
    const totals = this.#measured();
    const before = this.#connection.get<{ size: number }>(DROP_MEMO, tenant, key);
    if (before !== undefined) this.#took(totals, before.size);
    if (size > this.#limits.bytesMax) return;
    this.#connection.run(
      SAVE_MEMO,
      ...([tenant, key, scope, scope === "run" ? run : null, label, uses, workflow] as const),
      ...([runId, path, text, "blob" in output ? output.blob.hash : null] as const),
      ...([size, createdAtMs, expiresAtMs, nowMs] as const),
    );
    totals.entries++;
    totals.bytes += size;
    this.#hasRows = true;
  }

  drop(tenant: string, key: string): void {
    const gone = this.#connection.get<{ size: number }>(DROP_MEMO, tenant, key);
    if (gone !== undefined) this.#took(this.#measured(), gone.size);
  }

  /** Brings the store back within its limits. */
  evict(): void {
    const totals = this.#totals;
    if (totals === null || !this.#isOver(totals)) return;
    this.#writeUses();
    while (this.#isOver(totals)) {
      const gone = this.#connection.get<{ size: number }>(EVICT_MEMO);
      if (gone === undefined) {
        this.#totals = null;
        return;
      }
      this.#took(totals, gone.size);
    }
  }

  used(number: number, atMs: number): void {
    this.#uses.set(number, atMs);
  }

  /** Whether forget() may have something to do. */
  get isUsed(): boolean {
    this.#hasRows ??= this.#measured().entries > 0;
    return this.#hasRows;
  }

  /** In idle time: what has expired, entries of runs that have ended, and the uses that wait. */
  forget(nowMs: number): void {
    this.#writeUses();
    this.#connection.run(FORGET_EXPIRED_MEMOS, nowMs, MEMO_ROWS_MAX);
    this.#connection.run(FORGET_RUN_MEMOS, MEMO_ROWS_MAX);
    this.changed();
  }

  /** Answers how many are gone; fewer than MEMO_ROWS_MAX: those were the last. */
  clear(tenant: string, workflow: string | null, key: string | null): number {
    const values = { tenant, workflow, key, limit: MEMO_ROWS_MAX };
    const gone = this.#connection.allNamed(CLEAR_MEMOS, values).length;
    this.changed();
    return gone;
  }

  /** Rows have gone or come back that were not counted here. */
  changed(): void {
    this.#totals = null;
    this.#hasRows = null;
  }

  #measured(): Totals {
    this.#totals ??= { ...(this.#connection.get<Totals>(MEASURE_MEMOS) ?? EMPTY) };
    return this.#totals;
  }

  #took(totals: Totals, size: number): void {
    totals.entries--;
    totals.bytes -= size;
  }

  #isOver({ entries, bytes }: Totals): boolean {
    return entries > this.#limits.entriesMax || bytes > this.#limits.bytesMax;
  }

  #writeUses(): void {
    for (const [number, atMs] of this.#uses) this.#connection.run(USE_MEMO, number, atMs);
    this.#uses.clear();
  }
}

export interface MemoOwner {
  readonly tenant: string;
  /** The number of the run that gave the result. */
  readonly run: number;
  readonly runId: string;
  readonly nowMs: number;
}

const EMPTY: Totals = { entries: 0, bytes: 0 };
