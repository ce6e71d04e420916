/**
 * How the tables of a copy (ports/store-copy.ts) are read from and written to this store's. Most
 * columns are the same; what differs is said here: counters that are split are copied as sums,
 * booleans as numbers, and text that lies here as bytes as text.
 */
import type { CopyKind, CopyTable } from "#ports/store-copy.ts";

/** Values longer than this are read one by one, so that a copy takes little memory. */
const LONG_BYTES = 65_536;

interface Difference {
  /** Read as an expression of another form; name to SQL. */
  readonly read?: Readonly<Record<string, string>>;
  /** Written as an expression of `g.NAME`; name to SQL. */
  readonly write?: Readonly<Record<string, string>>;
  /** Columns that are text in a copy, and bytes here. */
  readonly asBytes?: readonly string[];
  /** The column that may be long. */
  readonly long?: string;
  readonly order?: string;
  readonly group?: string;
  /** Columns that a copy does not have; name to SQL. */
  readonly more?: Readonly<Record<string, string>>;
  readonly join?: string;
}

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  runs: { more: { owner_epoch: "0" } },
  trigger_marks: { order: "number" },
  turns: { long: "events", order: "run, last_seq" },
  checkpoints: {
    ...{ read: { is_pinned: "is_pinned::int" }, write: { is_pinned: "g.is_pinned <> 0" } },
    long: "state",
  },
  // Whose sender is not known is carried to runs that have ended by whoever finds it.
  messages: { long: "body", order: "number", more: { from_run: "0" } },
  workflows: { long: "definition" },
  workflow_names: {
    more: { hash: "w.hash" },
    join: "JOIN workflows AS w ON w.tenant = g.tenant AND w.name = g.name AND w.version = g.newest",
  },
  blobs: {
    ...{ read: { is_compressed: "is_compressed::int" } },
    ...{ write: { is_compressed: "g.is_compressed <> 0" }, long: "body" },
  },
  memos: { long: "output", order: "number" },
  rate_starts: { order: "number" },
  step_logs: { asBytes: ["text", "fields"], long: "text", order: "run, position" },
  shared_state: { asBytes: ["value"], long: "value" },
  shared_state_changes: { asBytes: ["before", "after"], order: "number" },
  shared_usage: {
    read: { names: "sum(names)::bigint", bytes: "sum(bytes)::bigint" },
    ...{ group: "tenant, scope, workflow", more: { writer: "0" } },
  },
};

const TYPES: Readonly<Record<CopyKind, string>> = { int: "bigint", text: "text", bytes: "bytea" };

function differenceOf({ name }: CopyTable): Difference {
  return DIFFERENCES[name] ?? {};
}

export function isBytesHere(table: CopyTable, column: string): boolean {
  return differenceOf(table).asBytes?.includes(column) === true;
}

/** The queries that together read a table; `isLong`: each row may be large. */
export function readsOf(
  table: CopyTable,
): readonly { readonly sql: string; readonly isLong: boolean }[] {
  const { read = {}, long, order, group } = differenceOf(table);
  const items = Object.keys(table.columns).map((column) => {
    const expression = read[column];
    return expression === undefined ? `"${column}"` : `${expression} AS "${column}"`;
  });
  const select = `SELECT ${items.join(", ")} FROM ${table.name}`;
  const end = `${group === undefined ? "" : ` GROUP BY ${group}`}${order === undefined ? "" : ` ORDER BY ${order}`}`;
  if (long === undefined) return [{ sql: `${select}${end}`, isLong: false }];
  const length = `coalesce(octet_length("${long}"), 0)`;
  return [
    { sql: `${select} WHERE ${length} <= ${LONG_BYTES}${end}`, isLong: false },
    { sql: `${select} WHERE ${length} > ${LONG_BYTES}${end}`, isLong: true },
  ];
}

/** Inserts rows given as one array for each column; of step logs also one of positions, the last. */
export function writeOf(table: CopyTable): string {
  const { write = {}, more = {}, join = "" } = differenceOf(table);
  const columns = Object.entries(table.columns).map(([column, kind]) => {
    const type = TYPES[isBytesHere(table, column) ? "bytes" : kind];
    return { column, type, value: write[column] ?? `g."${column}"` };
  });
  if (table.name === "step_logs")
    columns.push({ column: "position", type: "bigint", value: "g.position" });
  const added = Object.entries(more).map(([column, value]) => ({ column, value }));
  const into = [...columns, ...added].map(({ column }) => `"${column}"`).join(", ");
  const values = [...columns, ...added].map(({ value }) => value).join(", ");
  const given = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ");
  const names = columns.map(({ column }) => `"${column}"`).join(", ");
  return `INSERT INTO ${table.name} (${into})
SELECT ${values} FROM unnest(${given}) WITH ORDINALITY AS g (${names}, place) ${join} ORDER BY g.place`;
}

/** Of this schema's tables those that a copy leaves out: they are about hosts, counted along, or told anew by the
 * hosts that find the runs again (SlotDemand.runs). */
export const NOT_COPIED = [
  "run_counts",
  "migrations",
  "meta",
  "hosts",
  "host_asks",
  "commit_marks",
  "memo_totals",
  "usage_minutes",
  "stored_bytes",
  "start_places",
  "rate_tokens",
  "slot_shares",
  "run_slots",
];
