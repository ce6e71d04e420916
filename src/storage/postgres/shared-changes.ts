/** What operators change of shared values, inside a transaction. */
import type { SharedChange, SharedEntry } from "#ports/state-store.ts";
import type { Ask } from "./connection.ts";
import { lockOfNames, sharedRow, sharedRowName } from "./shared-names.ts";
import { ADD_SHARED_CHANGE } from "./sql/add-shared-change.ts";
import { CHANGE_SHARED } from "./sql/change-shared.ts";
import { FIND_SHARED } from "./sql/find-shared.ts";
import { FORGET_SHARED_CHANGES } from "./sql/forget-shared-changes.ts";

/** Operators' changes that are kept of each tenant. */
const CHANGES_KEPT = 1_000;

export type EntryRow = Omit<SharedEntry, "value"> & { readonly value: Buffer };

export interface ChangeBy {
  readonly tenant: string;
  readonly by: string;
  readonly nowMs: number;
  /** The opening that counts. */
  readonly epoch: number;
}

/** Answers what there was. */
export async function changeShared(
  ask: Ask,
  { value, reason, ...key }: SharedChange,
  { tenant, by, nowMs, epoch }: ChangeBy,
): Promise<EntryRow | null> {
  const row = sharedRow(tenant, key);
  const lock = lockOfNames([{ name: sharedRowName(row), isLooking: false }]);
  await ask(lock.sql, ...lock.values);
  const [before = null] = (await ask<EntryRow>(FIND_SHARED, ...row)).rows;
  // As the kernel's own: greater than any that a value of this name can have had.
  const revision = Math.max((before?.revision ?? 0) + 1, Math.floor(nowMs) * 1_000);
  const body = value === null ? null : Buffer.from(value);
  await ask(CHANGE_SHARED, ...row, revision, nowMs, by, body, epoch);
  await ask(ADD_SHARED_CHANGE, ...row, nowMs, by, reason, before?.value ?? null, body);
  await ask(FORGET_SHARED_CHANGES, tenant, CHANGES_KEPT);
  return before;
}
