/**
 * Groups more than fits into memory. Groups are kept in memory as running figures until there are
 * too many; records of keys that are not among them are sorted by key on disk, and so are all
 * records when groups list their items.
 *
 *   G1. Each group's records are added up in the order they came in: sums are those of the list
 *       form to the last bit, whatever was spilled and wherever it was resumed.
 *   G2. Groups come in the order in which their keys first appeared. Those in memory appeared before
 *       all others, since no new one is taken in once there are too many.
 *   G3. After save() everything added so far survives a crash.
 */
import { join } from "node:path";
import { NodeError } from "#errors/step-error.ts";
import { type Aggregate, figureOf } from "../pure/aggregate.ts";
import { identityOf } from "../pure/compare-json.ts";
import { ExternalSort, type SavedSort } from "./external-sort.ts";
import { GroupTable, needsItems } from "./group-figures.ts";
import { readRun, writeRun } from "./run-file.ts";

/** What groups in memory may take, in bytes by estimate. */
const GROUPS_SIZE_MAX = 12 * 1024 * 1024;
/** Characters of JSON of the records that one group may list. */
const ITEMS_SIZE_MAX = 10 * 1024 * 1024;

export interface GroupOptions {
  readonly folder: string;
  readonly name: string;
  readonly keyOf: (record: unknown, index: number) => unknown;
  readonly aggregates: Readonly<Record<string, Aggregate>>;
  readonly isListed: boolean;
  readonly groupsSizeMax?: number;
  readonly heldSizeMax?: number;
}

export interface SavedGroups {
  /** The file of the groups in memory. */
  readonly groups: string;
  readonly next: number;
  /** Records of other groups, by key. */
  readonly others: SavedSort;
  /** Other groups in order, once all records are there. */
  readonly results: SavedSort | null;
}

interface OpenGroup {
  add(record: unknown): void;
  end(): unknown;
}

export class ExternalGroup {
  readonly #options: GroupOptions;
  readonly #needsItems: boolean;
  readonly #groups: GroupTable;
  readonly #others: ExternalSort;
  readonly #results: ExternalSort;
  #isFinished: boolean;
  #next: number;

  constructor(options: GroupOptions, saved: SavedGroups | null) {
    this.#options = options;
    this.#needsItems = options.isListed || needsItems(options.aggregates);
    this.#groups = new GroupTable(this.#needsItems ? {} : options.aggregates);
    this.#others = new ExternalSort(this.#sortOptions("others", [1, 1]), saved?.others ?? null);
    this.#results = new ExternalSort(this.#sortOptions("groups", [1]), saved?.results ?? null);
    this.#isFinished = (saved?.results ?? null) !== null;
    this.#next = saved?.next ?? 0;
    if (saved !== null)
      for (const group of readRun(join(options.folder, saved.groups))) this.#groups.restore(group);
  }

  /** `index` is the record's among all. */
  add(record: unknown, index: number): void {
    const key = this.#options.keyOf(record, index) ?? null;
    let slot = this.#groups.slotOf(key);
    if (slot === undefined) {
      const sizeMax = this.#options.groupsSizeMax ?? GROUPS_SIZE_MAX;
      if (this.#needsItems || this.#groups.size > sizeMax)
        return this.#others.add([identityOf(key), index], [key, record]);
      slot = this.#groups.open(key);
    }
    this.#groups.add(slot, record);
  }

  save(): SavedGroups {
    const groups = `${this.#options.name}-memory-${this.#next}.run`;
    this.#next += 1;
    writeRun(join(this.#options.folder, groups), this.#lines());
    return {
      groups,
      next: this.#next,
      others: this.#others.save(),
      results: this.#isFinished ? this.#results.save() : null,
    };
  }

  /** Nothing comes any more. */
  finish(): SavedGroups {
    this.#others.finish();
    if (!this.#isFinished) {
      for (const { index, result } of this.#otherGroups()) this.#results.add([index], result);
      this.#results.finish();
      this.#isFinished = true;
    }
    return this.save();
  }

  /** After finish(). */
  *results(): Iterable<unknown> {
    for (let slot = 0; slot < this.#groups.length; slot += 1) yield this.#groups.result(slot);
    for (const { value } of this.#results.sorted()) yield value;
  }

  *#lines(): Iterable<string> {
    for (let slot = 0; slot < this.#groups.length; slot += 1)
      yield JSON.stringify(this.#groups.saved(slot));
  }

  #sortOptions(what: string, signs: readonly 1[]) {
    const { folder, name, heldSizeMax } = this.#options;
    return { folder, name: `${name}-${what}`, signs, ...(heldSizeMax ? { heldSizeMax } : {}) };
  }

  *#otherGroups(): Iterable<{ readonly index: number; readonly result: unknown }> {
    const start = this.#needsItems ? this.#listed.bind(this) : this.#running();
    let open: { readonly group: OpenGroup; readonly identity: string; index: number } | null = null;
    for (const { keys, value } of this.#others.sorted()) {
      const [identity, index] = keys as [string, number];
      const [key, record] = value as [unknown, unknown];
      if (open === null || open.identity !== identity) {
        if (open !== null) yield { index: open.index, result: open.group.end() };
        open = { group: start(key), identity, index };
      }
      open.group.add(record);
    }
    if (open !== null) yield { index: open.index, result: open.group.end() };
  }

  /** One group at a time. */
  #running(): (key: unknown) => OpenGroup {
    const table = new GroupTable(this.#options.aggregates);
    return (key) => {
      table.clear();
      const slot = table.open(key);
      return { add: (record) => table.add(slot, record), end: () => table.result(slot) };
    };
  }

  #listed(key: unknown): OpenGroup {
    const { aggregates, isListed } = this.#options;
    const items: unknown[] = [];
    let size = 0;
    return {
      add(record: unknown) {
        size += JSON.stringify(record).length;
        if (size > ITEMS_SIZE_MAX) throw tooLarge(key);
        items.push(record);
      },
      end: () => ({
        key,
        count: items.length,
        ...Object.fromEntries(
          Object.entries(aggregates).map(([name, aggregate]) => [
            name,
            figureOf(`aggregates.${name}`, aggregate, items),
          ]),
        ),
        ...(isListed ? { items } : {}),
      }),
    };
  }
}

function tooLarge(key: unknown): NodeError {
  return new NodeError(
    "limit_exceeded",
    `The group ${JSON.stringify(key).slice(0, 80)} has more than ${ITEMS_SIZE_MAX} characters of records to list; ask for figures instead (withItems: false; not median, values or unique).`,
    { details: { limit: "groupSize", max: ITEMS_SIZE_MAX } },
  );
}
