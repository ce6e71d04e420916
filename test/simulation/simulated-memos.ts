/** What a simulated disk remembers of results: the promises of ports/memo-store.ts in a plain map. */
import { LockstitchError } from "#errors/errors.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { MemoEntry, MemoFacts, MemoFilter, MemoWrite } from "#ports/memo-store.ts";

const OVERHEAD_BYTES = 512;
const USE_GRAIN_MS = 60_000;

export interface SimulatedMemoLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

interface Row extends MemoEntry {
  readonly tenant: string;
  readonly number: number;
  usedAtMs: number;
}

export class SimulatedMemos {
  limits: SimulatedMemoLimits = { entriesMax: 100_000, bytesMax: 256 * 1_048_576 };
  readonly #rows = new Map<string, Row>();
  #number = 0;

  commit({ tenant, runId, memos, forgets }: TurnCommit, nowMs: number): void {
    for (const memo of memos ?? []) this.#save(tenant, runId, memo, nowMs);
    for (const key of forgets ?? []) this.#rows.delete(`${tenant}\n${key}`);
  }

  #save(tenant: string, runId: string, memo: MemoWrite, nowMs: number): void {
    this.#rows.delete(`${tenant}\n${memo.key}`);
    const { output } = memo;
    const bytes = "text" in output ? Buffer.byteLength(output.text) : output.blob.bytes;
    if (bytes + OVERHEAD_BYTES > this.limits.bytesMax) return;
    const number = ++this.#number;
    this.#rows.set(`${tenant}\n${memo.key}`, {
      ...memo,
      tenant,
      runId,
      bytes,
      number,
      usedAtMs: nowMs,
    });
  }

  /** After a group. */
  evict(): void {
    const oldest = [...this.#rows].sort(
      ([, a], [, b]) => a.usedAtMs - b.usedAtMs || a.number - b.number,
    );
    let bytes = oldest.reduce((sum, [, row]) => sum + row.bytes + OVERHEAD_BYTES, 0);
    for (const [name, row] of oldest) {
      if (this.#rows.size <= this.limits.entriesMax && bytes <= this.limits.bytesMax) return;
      this.#rows.delete(name);
      bytes -= row.bytes + OVERHEAD_BYTES;
    }
  }

  /** `usedAtMs` is the disk's own time. */
  find(tenant: string, key: string, nowMs: number, usedAtMs: number): MemoEntry | null {
    const row = this.#rows.get(`${tenant}\n${key}`);
    if (row === undefined || isOver(row, nowMs)) return null;
    const { number: _number, tenant: _tenant, ...entry } = row;
    if (usedAtMs - row.usedAtMs >= USE_GRAIN_MS) row.usedAtMs = usedAtMs;
    return entry;
  }

  list(
    tenant: string,
    filter: MemoFilter & { readonly cursor?: string | undefined; readonly limit: number },
    nowMs: number,
  ): { readonly items: readonly MemoFacts[]; readonly cursor: string | null } {
    const before = filter.cursor === undefined ? Number.POSITIVE_INFINITY : Number(filter.cursor);
    if (Number.isNaN(before)) throw new LockstitchError("request_invalid", "not a cursor");
    const rows = [...this.#rows.values()]
      .filter((row) => row.tenant === tenant && row.number < before && !isOver(row, nowMs))
      .filter((row) => matches(row, filter))
      .sort((a, b) => b.number - a.number);
    const page = rows.slice(0, filter.limit);
    const items = page.map(({ number: _n, tenant: _t, output: _o, ...facts }) => facts);
    const isMore = rows.length > page.length;
    return { items, cursor: isMore ? String(page.at(-1)?.number) : null };
  }

  clear(tenant: string, filter: MemoFilter): number {
    let cleared = 0;
    for (const [name, row] of this.#rows) {
      if (row.tenant !== tenant || !matches(row, filter)) continue;
      this.#rows.delete(name);
      cleared++;
    }
    return cleared;
  }
}

function isOver({ expiresAtMs }: MemoEntry, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

function matches({ workflow, label, key }: MemoEntry, filter: MemoFilter): boolean {
  if (filter.workflow !== undefined && filter.workflow !== workflow) return false;
  return filter.key === undefined || filter.key === label || filter.key === key;
}
