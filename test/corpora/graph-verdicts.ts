/**
 * The recorded cases that do not simply match: *better*, where what was recorded is a fault, with what
 * we do instead, and *out of scope*, with a reason. These lists may only shrink: a case that matches
 * by now fails the test until it is taken off.
 */
import { isDeepStrictEqual } from "node:util";
import { NODE } from "./graph-cases.ts";
import type { Outcome } from "./graph-runner.ts";

export interface Verdict {
  readonly kind: "better" | "out of scope";
  /** The recorded fault, or why the case says nothing about us. */
  readonly why: string;
  /** What we do. */
  readonly holds: (outcome: Outcome) => boolean;
  /** The recorded choice is random, so ours may be the same. */
  readonly mayMatch: boolean;
}

const verdicts = new Map<string, Verdict>();

export function verdictOf(key: string): Verdict | null {
  return verdicts.get(key) ?? null;
}

/** How many cases have a verdict; both lists may only shrink. */
export function verdictCount(kind: Verdict["kind"]): number {
  return [...verdicts.values()].filter((verdict) => verdict.kind === kind).length;
}

type Holds = Verdict["holds"];

function better(keys: readonly string[], why: string, holds: Holds, mayMatch = false): void {
  for (const key of keys) verdicts.set(key, { kind: "better", why, holds, mayMatch });
}

function outOfScope(keys: readonly string[], why: string, holds: Holds = () => true): void {
  for (const key of keys) verdicts.set(key, { kind: "out of scope", why, holds, mayMatch: false });
}

const keysOf = (file: string, ...indexes: readonly number[]): string[] =>
  indexes.map((index) => `${file} ${index}`);

const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** The outcome's results have these, by node. */
const gives =
  (expected: Readonly<Record<string, unknown>>): Holds =>
  (outcome) =>
    outcome.error === null &&
    Object.entries(expected).every(([id, value]) => isDeepStrictEqual(outcome.results[id], value));

const outputs =
  (expected: unknown): Holds =>
  (outcome) =>
    outcome.error === null && isDeepStrictEqual(outcome.output, expected);

const failsAt =
  (node: string): Holds =>
  (outcome) =>
    outcome.error?.nodes.includes(node) === true;

// --- expressions -------------------------------------------------------------------------------

const NO_COMPARISON = "The value of a comparison is an error; only conditions can compare.";
better(keysOf("expressions", 133, 137, 139, 141), NO_COMPARISON, outputs(true));
better(keysOf("expressions", 135), NO_COMPARISON, outputs(false));

// --- nodes -------------------------------------------------------------------------------------

const NULL_LIST = "Where a list has no items the result is null and not an empty list.";
better(
  keysOf("nodes", 3),
  NULL_LIST,
  gives({ [NODE]: { chunks: [], chunk_count: 0, chunk_size: 2, input_count: 0 } }),
);
better(
  keysOf("nodes", 59),
  NULL_LIST,
  gives({ [NODE]: { flattened: [], field: "", input_count: 0, output_count: 0 } }),
);
const parts = (passed: readonly number[], failed: readonly number[]): Holds =>
  gives({
    [NODE]: {
      ...{ passed, failed, passed_count: passed.length, failed_count: failed.length },
      input_count: passed.length + failed.length,
      condition: "variables.item > 10",
    },
  });
better(keysOf("nodes", 69), NULL_LIST, parts([15, 20, 30], []));
better(keysOf("nodes", 70), NULL_LIST, parts([], [1, 2, 3]));
better(keysOf("nodes", 71), NULL_LIST, parts([], []));
better(
  keysOf("nodes", 116),
  NULL_LIST,
  gives({ [NODE]: { unique: [], input_count: 0, output_count: 0, removed: 0 } }),
);

const PASSED_THROUGH =
  "What is no list passes a filter unfiltered, with a warning in the result that nobody reads.";
better(keysOf("nodes", 32, 33, 35, 36), PASSED_THROUGH, failsAt(NODE));
better(
  keysOf("nodes", 34),
  "An object passes a filter unfiltered; the filter of the catalogue takes its fields one by one.",
  (outcome) =>
    outcome.error === null &&
    isDeepStrictEqual(outcome.results[NODE], {
      ...{ filtered: { key: "value" }, input_count: 1, output_count: 1, skipped_count: 0 },
      ...{ error_count: 0, condition: "true", is_array: false },
    }),
);
better(
  keysOf("nodes", 94, 110, 111),
  "The error stands in the result of a node that succeeds, and what follows computes with it.",
  failsAt(NODE),
);
better(
  keysOf("nodes", 86),
  "The choice is another one at every look; ours depends on the run, and a replay makes it again.",
  (outcome) => isSampleOf(outcome, [1, 2, 3, 4, 5], 2),
  true,
);
better(
  keysOf("nodes", 88),
  "The choice is another one at every look; ours depends on the run, and a replay makes it again.",
  (outcome) => isSampleOf(outcome, [1, 2, 3], 1),
  true,
);
better(
  keysOf("nodes", 189),
  "YAML is taken for lines of `key: value`; a text alone is YAML too.",
  gives({ [NODE]: "no colon separator here" }),
);

function isSampleOf(outcome: Outcome, items: readonly number[], count: number): boolean {
  if (outcome.error !== null) return false;
  const { sample, ...rest } = outcome.results[NODE] as { readonly sample: readonly number[] };
  return (
    new Set(sample).size === count &&
    sample.every((item) => items.includes(item)) &&
    isDeepStrictEqual(rest, { method: "random", input_count: items.length, output_count: count })
  );
}

outOfScope(
  keysOf("nodes", ...from(201, 213), ...from(250, 254)),
  "Clock: `requests_count` tells how many calls one process has seen in a window, over all runs.",
  (outcome) => outcome.error === null && has(outcome.results[NODE], { rate_limited: true }),
);
outOfScope(
  keysOf("nodes", ...from(214, 218), ...from(256, 258)),
  "Clock: `delay_ms` tells how long one process has waited since a call of another run.",
  (outcome) => outcome.error === null && has(outcome.results[NODE], { throttled: true }),
);

function has(value: unknown, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(
    ([name, field]) => (value as Readonly<Record<string, unknown>> | null)?.[name] === field,
  );
}

// --- workflows ---------------------------------------------------------------------------------

better(keysOf("workflows", 118), PASSED_THROUGH, failsAt("filter"));
better(
  keysOf("workflows", 145),
  "Of two end nodes the output has the first only.",
  outputs({
    2: { operation: "set", var_name: "myVar", value: 42 },
    3: { operation: "increment", value: 5 },
  }),
);
better(
  keysOf("workflows", 152),
  "Going on from a snapshot counts again what was counted before it was taken.",
  outputs({ operation: "increment", value: 1 }),
);
better(
  keysOf("workflows", 197, 198, 199),
  "`input != null` is false for a value that is there.",
  (outcome) =>
    outcome.error === null &&
    has(outcome.output, { matched: true, output_path: "matched", case_index: 0 }),
);
better(
  keysOf("workflows", 213),
  "A loop does not find the list in the result of the range before it.",
  (outcome) =>
    outcome.error === null &&
    isDeepStrictEqual(outcome.output, {
      ...{ input_count: 100, iterations: 100, successful: 100, failed: 0 },
    }),
);

outOfScope(
  keysOf("workflows", 106, 133),
  "A limit on the nodes of one run, counted by that engine; ours limits the steps of a definition.",
);
outOfScope(
  keysOf("workflows", 113),
  "A nil pointer handed to that engine's constructor; there is no graph in the case.",
);
outOfScope(
  keysOf("workflows", 202),
  "A limit of 100 characters on variables, set in that engine's constructor; ours bounds every output.",
);
