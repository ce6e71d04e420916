/**
 * Reads that may take long, whatever they are asked: plain data both ways, so that they can be
 * answered in another thread. Point reads are not here: they take microseconds where they are.
 */
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { CheckpointRecord, RunFilter, RunHead, TurnRecord } from "#ports/journal.ts";
import type { StepLogLine, StepLogQuery } from "#ports/step-logs.ts";
import type { RetentionRule } from "#ports/upkeep.ts";
import type { MinuteUsage, StoredUsage } from "#ports/usage.ts";

export interface ReaderCalls {
  heads: {
    readonly input: { readonly tenant: string; readonly filter: RunFilter; readonly epoch: number };
    readonly output: { readonly items: readonly RunHead[]; readonly cursor: string | null };
  };
  turns: {
    readonly input: {
      readonly tenant: string;
      readonly runId: string;
      readonly afterSeq: number;
      readonly limit: number;
    };
    readonly output: readonly TurnRecord[];
  };
  checkpoints: {
    readonly input: { readonly tenant: string; readonly runId: string };
    readonly output: { readonly valid: readonly CheckpointRecord[]; readonly corrupt: number[] };
  };
  blob: {
    readonly input: { readonly tenant: string; readonly hash: string };
    /** `isCorrupt` goes with null bytes. */
    readonly output: { readonly bytes: Uint8Array | null; readonly isCorrupt: boolean };
  };
  logs: {
    readonly input: {
      readonly tenant: string;
      readonly runId: string;
      readonly query: StepLogQuery;
    };
    readonly output: readonly StepLogLine[];
  };
  /** See ports/upkeep.ts. */
  due: {
    readonly input: {
      readonly rules: readonly RetentionRule[];
      readonly limit: number;
      readonly skip: number;
      readonly epoch: number;
    };
    readonly output: readonly RunHead[];
  };
  oldest: {
    readonly input: { readonly limit: number; readonly skip: number; readonly epoch: number };
    readonly output: readonly RunHead[];
  };
  /** See ports/usage.ts; of other openings than `epoch`. */
  usage: {
    readonly input: { readonly fromMs: number; readonly epoch: number };
    readonly output: readonly MinuteUsage[];
  };
  /** null: as it stands; else what is there beside what that opening has counted. */
  stored: {
    readonly input: { readonly measuredBy: number | null };
    readonly output: readonly StoredUsage[];
  };
  workflows: {
    readonly input: { readonly tenant: string; readonly afterName: string; readonly limit: number };
    readonly output: readonly WorkflowVersion[];
  };
  versions: {
    readonly input: { readonly tenant: string; readonly name: string };
    readonly output: readonly WorkflowVersion[];
  };
}

export type ReaderCall = keyof ReaderCalls;

export interface Reader {
  /** Rejects with LockstitchError. Sees what was committed when the call was made. */
  call<Kind extends ReaderCall>(
    kind: Kind,
    input: ReaderCalls[Kind]["input"],
  ): Promise<ReaderCalls[Kind]["output"]>;
  /** Waits for every call made, then closes the connection. Idempotent. */
  close(): Promise<void>;
}
