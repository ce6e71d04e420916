/**
 * Groups and their figures, kept up to date record by record, as data.group computes them of a list.
 * Figures that need all values at once (median, values, unique) are not among them.
 *
 * What a group has lies in columns, numbers in typed arrays: an object a group, with a number in it
 * that is new with every record, is three times as large and keeps the collector busy.
 */
import { type Aggregate, figureOf } from "../pure/aggregate.ts";
import { compareJson, identityOf } from "../pure/compare-json.ts";
import { fieldNames, readField } from "../pure/field-path.ts";

type RunningOp = "count" | "sum" | "avg" | "min" | "max" | "first" | "last";

type Aggregates = Readonly<Record<string, Aggregate>>;

/** One figure of all groups. */
interface Column {
  readonly name: string;
  readonly op: RunningOp;
  readonly aggregate: Aggregate;
  readonly names: readonly string[];
  /** How many values there were. */
  counts: Float64Array<ArrayBuffer>;
  /** Of sum and avg. */
  sums: Float64Array<ArrayBuffer>;
  /** The value that the others keep. */
  readonly values: unknown[];
}

/** Bytes by estimate. */
const KEY_SIZE = 90;
const CHARACTER_SIZE = 2;
const FIGURE_SIZE = 24;
const SLOTS_MIN = 16;

/** Whether a group's records must be there all at once. */
export function needsItems(aggregates: Aggregates): boolean {
  return Object.values(aggregates).some(({ op }) => !isRunning(op));
}

function isRunning(op: Aggregate["op"]): op is RunningOp {
  return op !== "median" && op !== "values" && op !== "unique";
}

export class GroupTable {
  readonly #columns: readonly Column[];
  /** Groups by key; keys that are lists or objects by their identity, which could be a text key too. */
  readonly #slots = new Map<unknown, number>();
  readonly #slotsOfObjects = new Map<string, number>();
  #keys: unknown[] = [];
  #counts = new Float64Array(SLOTS_MIN);
  #size = 0;

  constructor(aggregates: Aggregates) {
    this.#columns = Object.entries(aggregates).map(([name, aggregate]) => {
      const { op, field } = aggregate;
      if (!isRunning(op)) throw new Error(`${op} is no running figure`);
      const names = field === undefined ? [] : fieldNames(field);
      const counts = new Float64Array(SLOTS_MIN);
      const sums = new Float64Array(isSum(op) ? SLOTS_MIN : 0);
      return { name, op, aggregate, names, counts, sums, values: [] };
    });
  }

  get length(): number {
    return this.#keys.length;
  }

  /** What it takes, in bytes by estimate. */
  get size(): number {
    return this.#size;
  }

  /** The group of `key`; undefined: there is none. */
  slotOf(key: unknown): number | undefined {
    return typeof key === "object" && key !== null
      ? this.#slotsOfObjects.get(identityOf(key))
      : this.#slots.get(key);
  }

  /** A new group, the last in order. */
  open(key: unknown): number {
    const slot = this.#keys.length;
    if (slot === this.#counts.length) this.#grow();
    this.#keys.push(key);
    if (typeof key === "object" && key !== null) {
      const identity = identityOf(key);
      this.#slotsOfObjects.set(identity, slot);
      this.#size += 4 * CHARACTER_SIZE * identity.length;
    } else {
      this.#slots.set(key, slot);
      if (typeof key === "string") this.#size += CHARACTER_SIZE * key.length;
    }
    this.#size += KEY_SIZE + FIGURE_SIZE * this.#columns.length;
    return slot;
  }

  add(slot: number, record: unknown): void {
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    for (const column of this.#columns) {
      const value = readField(record, column.names);
      if (value !== null && value !== undefined) addValue(column, slot, value, record);
    }
  }

  /** As data.group gives it. */
  result(slot: number): Record<string, unknown> {
    const result: [string, unknown][] = [
      ["key", this.#keys[slot]],
      ["count", this.#counts[slot] ?? 0],
    ];
    for (const column of this.#columns) result.push([column.name, figureAt(column, slot)]);
    return Object.fromEntries(result);
  }

  /** Plain JSON of a group, for restore(). */
  saved(slot: number): unknown {
    const figures = this.#columns.map((column) => [column.counts[slot], keptAt(column, slot)]);
    return [this.#keys[slot], this.#counts[slot], ...figures];
  }

  restore(saved: unknown): void {
    const [key, count, ...figures] = saved as [unknown, number, ...[number, unknown][]];
    const slot = this.open(key);
    this.#counts[slot] = count;
    for (const [at, column] of this.#columns.entries()) {
      const [values, kept] = figures[at] ?? [0, null];
      column.counts[slot] = values;
      if (isSum(column.op)) column.sums[slot] = kept as number;
      else column.values[slot] = kept;
    }
  }

  /** Without groups. */
  clear(): void {
    this.#slots.clear();
    this.#slotsOfObjects.clear();
    this.#keys = [];
    this.#size = 0;
    this.#counts.fill(0);
    for (const { counts, sums, values } of this.#columns) {
      counts.fill(0);
      sums.fill(0);
      values.length = 0;
    }
  }

  #grow(): void {
    this.#counts = grown(this.#counts);
    for (const column of this.#columns) {
      column.counts = grown(column.counts);
      column.sums = grown(column.sums);
    }
  }
}

function isSum(op: RunningOp): boolean {
  return op === "sum" || op === "avg";
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}

function addValue(column: Column, slot: number, value: unknown, record: unknown): void {
  const { op, counts, sums, values } = column;
  const before = counts[slot] ?? 0;
  if (op === "sum" || op === "avg") {
    // What does not fit is refused in the words of the list form.
    if (typeof value !== "number")
      figureOf(`aggregates.${column.name}`, column.aggregate, [record]);
    sums[slot] = (sums[slot] ?? 0) + (value as number);
  } else if (op === "last" || (op !== "count" && before === 0)) values[slot] = value;
  else if (op === "min" || op === "max") {
    const order = compareJson(value, values[slot]);
    if (op === "max" ? order > 0 : order < 0) values[slot] = value;
  }
  counts[slot] = before + 1;
}

function keptAt({ op, sums, values }: Column, slot: number): unknown {
  return isSum(op) ? sums[slot] : (values[slot] ?? null);
}

function figureAt(column: Column, slot: number): unknown {
  const count = column.counts[slot] ?? 0;
  if (column.op === "count") return count;
  const kept = keptAt(column, slot);
  return column.op === "avg" ? (count === 0 ? null : (kept as number) / count) : kept;
}
