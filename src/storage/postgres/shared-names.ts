/**
 * Locks that stand for names of shared values, and of gates whose slots hosts share, also of those that
 * are not there yet: advisory
 * locks of the database, held until the transaction ends. Names of a kind share 1,024 of them by their hash,
 * so that a commit of any size takes few; two names with one lock wait for each other, nothing more.
 * Always taken before any row's lock and in one order, so that hosts never wait in a ring.
 */
import { hash } from "node:crypto";
import type { SharedKey } from "#ports/state-store.ts";
import { booleans, ints } from "./columns.ts";
import type { Statement } from "./connection.ts";
import { LOCK_SHARED } from "./sql/lock-shared.ts";

/** Any numbers that other users of the database's advisory locks are unlikely to have: "lkst", "lksl". */
const VALUES_CLASS = 0x6c6b7374;
const GATES_CLASS = 0x6c6b736c;
const BUCKETS = 1_024;

export type SharedRow = readonly [tenant: string, scope: string, workflow: string, name: string];

export function sharedRow(tenant: string, { scope, workflow, name }: SharedKey): SharedRow {
  return [tenant, scope, workflow, name];
}

/** Unlike that of any other name. */
export function sharedRowName(row: SharedRow): string {
  return JSON.stringify(row);
}

/** Those that only look may do so beside each other. */
export function lockOfNames(
  names: readonly { readonly name: string; readonly isLooking: boolean }[],
): Statement {
  return lockOf(VALUES_CLASS, names);
}

/** Who has how many slots of these gates is one transaction's business at a time. */
export function lockOfGates(gates: Iterable<string>): Statement {
  return lockOf(
    GATES_CLASS,
    [...gates].map((name) => ({ name, isLooking: false })),
  );
}

function lockOf(
  lockClass: number,
  names: readonly { readonly name: string; readonly isLooking: boolean }[],
): Statement {
  const buckets = new Map<number, boolean>();
  for (const { name, isLooking } of names) {
    const bucket = hash("sha256", name, "buffer").readUInt32BE(0) % BUCKETS;
    buckets.set(bucket, isLooking && (buckets.get(bucket) ?? true));
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const values = [
    lockClass,
    ints(sorted.map(([bucket]) => bucket)),
    booleans(sorted.map(([, isLooking]) => isLooking)),
  ];
  return { sql: LOCK_SHARED, values };
}
