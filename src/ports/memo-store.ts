/**
 * Results that are kept to be used again, by key. An entry is written in the transaction of the
 * event that made its result (TurnCommit.memos) and in no other way, so there is none of a result
 * that never was, and a refused commit leaves none behind.
 *
 * Promises (test/contract/memo-store.ts):
 *   M1. find() answers what was committed last under that key, never an entry that has expired at
 *       the instant the caller names, and never another tenant's.
 *   M2. The store is bounded in entries and bytes: a commit that passes a bound evicts what was
 *       used longest ago, of all tenants. An output larger than the bound is not kept.
 *   M3. An entry of scope `run` is dropped some time after its run has ended, and with it when the
 *       run is deleted; no other run ever finds it, because the run is part of its key.
 *   M4. Finding an entry counts as using it. Uses are written now and then, none costs a commit; a
 *       crash may forget the last ones.
 *   M5. A blob that an entry names must not be swept: memos.blob_hash in SQLite.
 *
 * The key is opaque here (engine/embedded/memo-key.ts makes it), so that cached state and batches
 * can keep theirs in the same store. Bytes are those of the output's JSON text in UTF-8.
 */
import type { CallContext } from "./call-context.ts";

export type MemoScope = "run" | "workflow" | "tenant";

/** JSON text, or the blob that holds it when it is over 64 KiB. */
export type MemoOutput =
  | { readonly text: string }
  | { readonly blob: { readonly hash: string; readonly bytes: number } };

/** A result to keep. Its run is that of the turn it comes with. */
export interface MemoWrite {
  /** SHA-256 of everything that the result depends on, hex. */
  readonly key: string;
  readonly scope: MemoScope;
  /** The user's key as text, for people; null: the whole configuration is the key. */
  readonly label: string | null;
  readonly uses: string;
  readonly workflow: string;
  readonly path: string;
  readonly output: MemoOutput;
  readonly createdAtMs: number;
  /** null: until it is evicted or cleared. */
  readonly expiresAtMs: number | null;
}

export interface MemoFacts extends Omit<MemoWrite, "output"> {
  readonly runId: string;
  readonly bytes: number;
  /** To the minute. */
  readonly usedAtMs: number;
}

export interface MemoEntry extends MemoFacts {
  readonly output: MemoOutput;
}

/** Which entries; fields that are missing mean all. */
export interface MemoFilter {
  readonly workflow?: string | undefined;
  /** A label or a full key. */
  readonly key?: string | undefined;
}

export interface MemoStore {
  find(context: CallContext, key: string, nowMs: number): Promise<MemoEntry | null>;
  /** Newest first, expired ones left out; `cursor` is opaque, from the answer before. */
  list(
    context: CallContext,
    filter: MemoFilter & { readonly cursor?: string | undefined; readonly limit: number },
    nowMs: number,
  ): Promise<{ readonly items: readonly MemoFacts[]; readonly cursor: string | null }>;
  /** Answers how many are gone. Durable when it resolves. */
  clear(context: CallContext, filter: MemoFilter): Promise<number>;
}
