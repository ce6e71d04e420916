/**
 * A copy of a store in a file of its own: the rows of its tables, in a form that every store's adapter
 * can write and read, so that a copy of one kind of store can be restored into another.
 *
 *   Y1. What bears the name is whole, checked and fsynced; killed before, nothing bears it.
 *   Y2. A copy is held: whatever is made of it starts paused (ports/upkeep.ts).
 *   Y3. Rows come back as they were given, in their order within a table.
 *   Y4. A file that is damaged, foreign or of a newer release is refused before a row is read.
 */
import type { BackupFacts } from "./upkeep.ts";

export type CopyKind = "int" | "text" | "bytes";

export type CopyValue = number | string | Uint8Array | null;
export type CopyRow = readonly CopyValue[];

export interface CopyTable {
  readonly name: string;
  /** In the order in which rows have their values. */
  readonly columns: Readonly<Record<string, CopyKind>>;
}

const run = { run: "int" } as const;
const tenant = { tenant: "text" } as const;
const shared = { ...tenant, scope: "text", workflow: "text" } as const;

/**
 * Everything that a copy holds, in the order in which it is written and read: rows of a table refer
 * to rows of tables before it. Names are those of the columns in every store; positions and numbers
 * that only order rows are not copied, the rows lie in that order; nor are counters of runs, which
 * every store counts anew.
 */
export const COPY_TABLES: readonly CopyTable[] = [
  {
    name: "runs",
    columns: {
      ...{ number: "int", tenant: "text", run_id: "text", workflow: "text", version: "int" },
      ...{ status: "int", seq: "int", created_at_ms: "int", started_at_ms: "int" },
      ...{ ended_at_ms: "int", labels: "text", parent_run_id: "text", error_code: "text" },
      min_reader: "int",
    },
  },
  {
    name: "labels",
    columns: { ...tenant, name: "text", value: "text", created_at_ms: "int", ...run },
  },
  {
    name: "turns",
    columns: { ...run, first_seq: "int", last_seq: "int", at_ms: "int", events: "bytes" },
  },
  {
    name: "checkpoints",
    columns: {
      ...{ ...run, seq: "int", state_version: "int", state: "bytes", checksum: "bytes" },
      is_pinned: "int",
    },
  },
  {
    name: "messages",
    columns: {
      ...{ ...tenant, message_id: "text", to_run_id: "text", kind: "text", body: "bytes" },
      consumed_at_ms: "int",
    },
  },
  {
    name: "start_keys",
    columns: { ...tenant, key: "text", run_id: "text", body_hash: "text", at_ms: "int" },
  },
  {
    name: "workflows",
    columns: {
      ...{ ...tenant, name: "text", version: "int", hash: "text", created_at_ms: "int" },
      definition: "bytes",
    },
  },
  { name: "workflow_names", columns: { ...tenant, name: "text", newest: "int" } },
  {
    name: "blobs",
    columns: {
      ...{ ...tenant, hash: "text", is_compressed: "int", size: "int", created_at_ms: "int" },
      body: "bytes",
    },
  },
  { name: "blob_refs", columns: { ...run, hash: "text", ...tenant } },
  { name: "blob_loose", columns: { ...tenant, hash: "text", since_ms: "int" } },
  {
    name: "tombstones",
    columns: {
      ...{ ...tenant, run_id: "text", removed_at_ms: "int", removed_by: "text", reason: "text" },
    },
  },
  {
    name: "memos",
    columns: {
      ...{ ...tenant, key: "text", scope: "text", ...run, label: "text", uses: "text" },
      ...{ workflow: "text", run_id: "text", path: "text", blob_hash: "text", size: "int" },
      ...{ created_at_ms: "int", expires_at_ms: "int", used_at_ms: "int", output: "bytes" },
    },
  },
  { name: "rate_starts", columns: { name: "text", at_ms: "int", per_ms: "int" } },
  {
    name: "circuit_breakers",
    columns: {
      ...{ name: "text", failures: "int", opened_at_ms: "int", reset_after_ms: "int" },
      until_ms: "int",
    },
  },
  {
    name: "step_logs",
    columns: {
      ...{ ...run, path: "text", attempt: "int", line: "int", at_ms: "int", level: "int" },
      ...{ text: "text", fields: "text" },
    },
  },
  {
    name: "shared_state",
    columns: {
      ...{ ...shared, name: "text", revision: "int", changed_at_ms: "int", changed_by: "text" },
      value: "text",
    },
  },
  {
    name: "shared_state_changes",
    columns: {
      ...{ ...shared, name: "text", at_ms: "int", by: "text", reason: "text", before: "text" },
      after: "text",
    },
  },
  { name: "shared_usage", columns: { ...shared, names: "int", bytes: "int" } },
  {
    name: "triggers",
    columns: {
      ...{ ...tenant, workflow: "text", id: "text", kind: "text", source: "text", lookup: "text" },
      ...{ revision: "int", created_at_ms: "int", changed_at_ms: "int", due_at_ms: "int" },
      ...{ paused: "text", spec: "text", state: "text" },
    },
  },
  {
    name: "trigger_marks",
    columns: {
      ...{ ...tenant, workflow: "text", id: "text", kind: "text", instant_ms: "int" },
      ...{ until_ms: "int", run_id: "text", reason: "text", at_ms: "int" },
    },
  },
];

/** A copy that is being written. */
export interface CopyDraft {
  /** Resolves when more may be given. */
  add(table: CopyTable, rows: readonly CopyRow[]): Promise<void>;
  /** Gives the file its name; `storeId` is that of the store it comes from. */
  finish(from: { readonly storeId: string; readonly atMs: number }): Promise<BackupFacts>;
  /** Leaves nothing behind; after finish() it does nothing. */
  discard(): Promise<void>;
}

/** A copy that is being read. */
export interface CopySource {
  /** When it was made; null: the file is no backup, but a store's own file. */
  readonly backupAtMs: number | null;
  /** Of the file, hex. */
  readonly sha256: string;
  /** In portions that fit into memory. */
  rows(table: CopyTable): AsyncIterable<readonly CopyRow[]>;
  close(): Promise<void>;
}

export interface StoreCopies {
  /** Rejects with request_invalid where `path` is there already. */
  create(path: string): Promise<CopyDraft>;
  /** Rejects with request_invalid, store_newer, store_corrupt or store_unavailable. */
  open(path: string): Promise<CopySource>;
}
