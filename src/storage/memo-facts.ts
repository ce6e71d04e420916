/** What stores answer of a remembered result, from the columns of its row. */
import type { MemoFacts } from "#ports/memo-store.ts";
import { MEMO_OVERHEAD_BYTES } from "./memo-limits.ts";

export type MemoFactsRow = Omit<MemoFacts, "bytes"> & {
  readonly number: number;
  readonly size: number;
};

export function memoFacts({ number: _, size, ...facts }: MemoFactsRow): MemoFacts {
  return { ...facts, bytes: size - MEMO_OVERHEAD_BYTES };
}
