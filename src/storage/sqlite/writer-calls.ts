/**
 * What can be asked of the writer, wherever it runs: in the calling thread or in a worker. Plain
 * data that survives structured cloning. `nowMs` comes with the call, because the clock is the
 * caller's.
 */
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { SharedChange, SharedEntry } from "#ports/state-store.ts";
import type { TriggerSave, TriggerText } from "#ports/triggers.ts";
import type { StoredUsage } from "#ports/usage.ts";

export interface WriterCalls {
  commit: {
    readonly input: {
      readonly commitId: string;
      readonly turns: readonly TurnCommit[];
      readonly nowMs: number;
    };
    /** `tookMs`: from its beginning to its fsync. */
    readonly output: {
      readonly fenced: readonly string[];
      readonly stale: readonly string[];
      readonly tookMs: number;
    };
  };
  saveWorkflow: {
    readonly input: {
      readonly tenant: string;
      readonly name: string;
      readonly hash: string;
      readonly definition: string;
      readonly atMs: number;
      readonly triggers: readonly TriggerText[];
    };
    readonly output: WorkflowVersion & { readonly created: boolean };
  };
  putBlob: {
    readonly input: {
      readonly tenant: string;
      readonly hash: string;
      readonly bytes: Uint8Array;
      /** Of a blob whose `bytes` were compressed before, where that made them fewer; else the writer tries. */
      readonly size?: number;
      readonly nowMs: number;
    };
    readonly output: null;
  };
  /** See ports/upkeep.ts. */
  removeRun: {
    readonly input: {
      readonly tenant: string;
      readonly runId: string;
      readonly by: string;
      readonly reason: string | null;
      readonly nowMs: number;
    };
    readonly output: "removed" | "open" | "missing";
  };
  purge: {
    readonly input: { readonly rowsMax: number; readonly nowMs: number };
    readonly output: { readonly rows: number; readonly isDone: boolean };
  };
  sweepBlobs: {
    readonly input: { readonly looseBeforeMs: number; readonly blobsMax: number };
    readonly output: { readonly swept: number; readonly bytes: number; readonly isDone: boolean };
  };
  /** Housekeeping, when nothing else waits. */
  tidy: { readonly input: { readonly nowMs: number }; readonly output: null };
  /** Somebody else has written: what this writer knew of rows is out of date. */
  forgetRows: { readonly input: null; readonly output: null };
  /** Every run that has been made stands in the lists afterwards. */
  enlistRuns: { readonly input: null; readonly output: null };
  releaseStore: { readonly input: null; readonly output: null };
  /** What measuring found, see ports/usage.ts. */
  setStored: { readonly input: readonly StoredUsage[]; readonly output: null };
  /** A remembered result was used; written later, with something else. */
  useMemo: {
    readonly input: { readonly number: number; readonly atMs: number };
    readonly output: null;
  };
  /** Drops some of the entries that match; answers how many. */
  clearMemos: {
    readonly input: {
      readonly tenant: string;
      readonly workflow: string | null;
      readonly key: string | null;
    };
    readonly output: number;
  };
  /** An operator changes a shared value: see ports/state-store.ts. */
  changeState: {
    readonly input: SharedChange & {
      readonly tenant: string;
      readonly by: string;
      readonly nowMs: number;
    };
    readonly output: SharedEntry | null;
  };
  /** See ports/triggers.ts. */
  saveTrigger: {
    readonly input: TriggerSave & { readonly tenant: string; readonly nowMs: number };
    readonly output: boolean;
  };
  describe: {
    readonly input: null;
    readonly output: Readonly<Record<string, string | number>>;
  };
}

/** A blob to keep. `bytes` are stored under `hash`, which the caller has checked. */
export type BlobInput = WriterCalls["putBlob"]["input"];

export type WriterCall = keyof WriterCalls;

export interface Writer {
  /** Rejects with LockstitchError. Calls take effect in the order in which they were made. */
  call<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): Promise<WriterCalls[Kind]["output"]>;
  /** Waits for every call made, then closes the connection. Idempotent. */
  close(): Promise<void>;
}
