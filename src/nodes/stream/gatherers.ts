/** The steps of a stream that must have all records before they give one: by node type. */

import type { Aggregate } from "../pure/aggregate.ts";
import { type SortHow, sortKeysOf } from "../pure/data-sort.ts";
import type { FieldPath } from "../pure/field-path.ts";
import { type ItemFunction, itemFunction } from "../pure/item-function.ts";
import type { StreamStep } from "../pure/stream-value.ts";
import { batchFunctions } from "./batch-functions.ts";
import { ExternalGroup, type SavedGroups } from "./external-group.ts";
import { ExternalSort, type SavedSort } from "./external-sort.ts";
import { stepConfig } from "./step-config.ts";

export interface Gatherer {
  /** `first` is the index of the first of `records` among all. */
  add(records: readonly unknown[], first: number): void;
  /** What a gatherer needs to go on after a crash; durable when it returns. */
  save(): unknown;
  /** Nothing comes any more: as save(), for results(). */
  finish(): unknown;
  /** In order, of a gatherer that was finished, here or before a crash. */
  results(): Iterable<unknown>;
}

export interface GatherOptions {
  readonly folder: string;
  readonly stage: number;
  readonly heldSizeMax?: number;
}

const GATHERERS: ReadonlyMap<
  string,
  (step: StreamStep, options: GatherOptions, saved: unknown) => Gatherer
> = new Map([
  ["data.sort", sorting],
  ["data.group", grouping],
]);

export function isGathering({ uses }: StreamStep): boolean {
  return GATHERERS.has(uses);
}

/** `saved`: what save() or finish() gave; null: it begins. */
export function gathererOf(step: StreamStep, options: GatherOptions, saved: unknown): Gatherer {
  const make = GATHERERS.get(step.uses);
  if (make === undefined) throw new Error(`${step.uses} gathers nothing`);
  return make(step, options, saved);
}

function sorting(step: StreamStep, options: GatherOptions, saved: unknown): Gatherer {
  const functions = batchFunctions(step.functions, { isShifted: false });
  const keys = sortKeysOf(stepConfig<SortHow>(step, functions.callables));
  const { folder, stage, heldSizeMax } = options;
  const how = { folder, name: `${stage}-sort`, signs: keys.map(({ sign }) => sign) };
  const sort = new ExternalSort(
    heldSizeMax === undefined ? how : { ...how, heldSizeMax },
    saved as SavedSort | null,
  );
  return {
    add(records, first) {
      functions.renew(first);
      for (const [at, record] of records.entries())
        sort.add(
          keys.map(({ read }) => read(record, first + at)),
          record,
        );
    },
    save: () => sort.save(),
    finish: () => sort.finish(),
    *results() {
      for (const { value } of sort.sorted()) yield value;
    },
  };
}

interface GroupConfig {
  readonly by?: ItemFunction;
  readonly field?: FieldPath;
  readonly aggregates?: Readonly<Record<string, Aggregate>>;
  readonly withItems?: boolean;
}

function grouping(step: StreamStep, options: GatherOptions, saved: unknown): Gatherer {
  const functions = batchFunctions(step.functions, { isShifted: false });
  const config = stepConfig<GroupConfig>(step, functions.callables);
  const { by, field, aggregates, withItems } = config;
  const { folder, stage, heldSizeMax } = options;
  const group = new ExternalGroup(
    {
      ...{ folder, name: `${stage}-group`, keyOf: itemFunction(by, field) },
      aggregates: aggregates ?? {},
      isListed: withItems ?? aggregates === undefined,
      ...(heldSizeMax === undefined ? {} : { heldSizeMax, groupsSizeMax: heldSizeMax }),
    },
    saved as SavedGroups | null,
  );
  return {
    add(records, first) {
      functions.renew(first);
      for (const [at, record] of records.entries()) group.add(record, first + at);
    },
    save: () => group.save(),
    finish: () => group.finish(),
    results: () => group.results(),
  };
}
