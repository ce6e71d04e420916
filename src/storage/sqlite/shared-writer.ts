/**
 * Shared values inside the writer's transaction: what turns have seen and change of them, and what
 * operators change. The promises stand in ports/state-store.ts.
 */
import type { TurnCommit } from "#ports/journal.ts";
import type { SharedChange, SharedEntry, SharedKey, SharedUse } from "#ports/state-store.ts";
import type { Connection } from "./connection.ts";
import { ADD_SHARED_CHANGE } from "./sql/add-shared-change.ts";
import { ADD_SHARED_USAGE } from "./sql/add-shared-usage.ts";
import { DROP_SHARED } from "./sql/drop-shared.ts";
import { FIND_SHARED } from "./sql/find-shared.ts";
import { FORGET_SHARED_CHANGES } from "./sql/forget-shared-changes.ts";
import { SAVE_SHARED } from "./sql/save-shared.ts";
import { SHARED_REVISION } from "./sql/shared-revision.ts";
import { SHARED_SIZE } from "./sql/shared-size.ts";

interface Seen {
  readonly revision: number;
  readonly value: string;
}

/** Operators' changes that are kept of each tenant. */
const CHANGES_KEPT = 1_000;

/**
 * Whether the turn's uses still fit what is there (V1). Looks only, so that a turn which does not
 * fit has written nothing: several uses of one name follow from each other.
 */
export function fitsShared(
  connection: Connection,
  tenant: string,
  uses: readonly SharedUse[],
): boolean {
  const made = new Map<string, number>();
  for (const { scope, workflow, name, revision, seen, change } of uses) {
    const key = `${scope}\n${workflow}\n${name}`;
    const own = made.get(key);
    const row = [tenant, scope, workflow, name] as const;
    const there = own === undefined ? connection.get<Seen>(SHARED_REVISION, ...row) : undefined;
    if ((own ?? there?.revision ?? 0) !== revision) return false;
    if (there !== undefined && seen !== undefined && there.value !== seen) return false;
    if (change !== null) made.set(key, change.value === null ? 0 : change.revision);
  }
  return true;
}

export function writeShared(
  connection: Connection,
  { tenant, runId }: TurnCommit,
  uses: readonly SharedUse[],
): void {
  for (const { scope, workflow, name, change, path, atMs } of uses) {
    if (change === null) continue;
    const key = [tenant, scope, workflow, name] as const;
    countShared(connection, key, change.value);
    if (change.value === null) connection.run(DROP_SHARED, ...key);
    else {
      const by = `run:${runId}/${path}`;
      connection.run(SAVE_SHARED, ...key, change.revision, atMs, by, change.value);
    }
  }
}

type Row = readonly [tenant: string, scope: string, workflow: string, name: string];

/** Before the value changes. Most changes of a counter change neither number nor length. */
function countShared(connection: Connection, key: Row, value: string | null): void {
  const there = connection.get<{ bytes: number }>(SHARED_SIZE, ...key);
  const names = (value === null ? 0 : 1) - (there === undefined ? 0 : 1);
  const bytes = (value === null ? 0 : Buffer.byteLength(value)) - (there?.bytes ?? 0);
  if (names === 0 && bytes === 0) return;
  const [tenant, scope, workflow] = key;
  connection.run(ADD_SHARED_USAGE, tenant, scope, workflow, names, bytes);
}

/** Answers what there was. */
export function changeShared(
  connection: Connection,
  { tenant, by, nowMs, ...change }: SharedChange & SharedKey & ChangeBy,
): SharedEntry | null {
  const { scope, workflow, name, value, reason } = change;
  const key = [tenant, scope, workflow, name] as const;
  const before = connection.get<SharedEntry>(FIND_SHARED, ...key) ?? null;
  countShared(connection, key, value);
  if (value === null) connection.run(DROP_SHARED, ...key);
  else {
    // As the kernel's own: greater than any that a value of this name can have had.
    const revision = Math.max((before?.revision ?? 0) + 1, Math.floor(nowMs) * 1_000);
    connection.run(SAVE_SHARED, ...key, revision, nowMs, by, value);
  }
  connection.run(ADD_SHARED_CHANGE, ...key, nowMs, by, reason, before?.value ?? null, value);
  connection.run(FORGET_SHARED_CHANGES, tenant, CHANGES_KEPT);
  return before;
}

interface ChangeBy {
  readonly tenant: string;
  readonly by: string;
  readonly nowMs: number;
}
