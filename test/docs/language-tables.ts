/** The tables of docs/language.md that are made from the code: edges, trigger rules, problem codes. */
import type { TriggerRule } from "#workflow/definition.ts";
import { PROBLEM_CODES } from "#workflow/problem.ts";
import {
  type EdgeCounts,
  type EdgeSource,
  type EdgeState,
  ruleOutcome,
  sourceEdgeState,
} from "#workflow/trigger-rules.ts";

const PLAIN = { port: null, implied: false, acceptsFailure: false };
const EDGES = [
  PLAIN,
  { ...PLAIN, port: "chosen" },
  { ...PLAIN, port: "other" },
  { ...PLAIN, port: "error" },
  { ...PLAIN, implied: true },
  { ...PLAIN, implied: true, acceptsFailure: true },
];
const SOURCE: EdgeSource = {
  status: "succeeded",
  handled: null,
  port: "chosen",
  skippedByIf: false,
};
const SOURCES: readonly (readonly [string, EdgeSource])[] = [
  ["succeeded", SOURCE],
  ["failed", { ...SOURCE, status: "failed" }],
  ["failed, handled by `onError`", { ...SOURCE, status: "failed", handled: "onError" }],
  ["failed, handled by its port `error`", { ...SOURCE, status: "failed", handled: "port" }],
  ["skipped: its own `if` was false", { ...SOURCE, status: "skipped", skippedByIf: true }],
  ["skipped: untaken itself", { ...SOURCE, status: "skipped" }],
  ["blocked", { ...SOURCE, status: "blocked" }],
  ["cancelled", { ...SOURCE, status: "cancelled" }],
];

/** How each edge stands once its source has settled. */
export function edgeTable(): string {
  const head = [
    "the source",
    "plain edge",
    "edge of the chosen port",
    "edge of another port",
    "edge of port `error`",
    "implied edge",
    "implied, accepts failure",
  ];
  const rows = SOURCES.map(([name, source]) => [
    name,
    ...EDGES.map((edge) => sourceEdgeState(source, edge)),
  ]);
  return table(head, rows);
}

const RULES: readonly TriggerRule[] = ["all_success", "none_failed", "any_success", "all_done"];
const STATES: readonly EdgeState[] = ["taken", "passed", "untaken", "failed", "cancelled", "open"];
const NONE: EdgeCounts = {
  open: 0,
  taken: 0,
  passed: 0,
  untaken: 0,
  failed: 0,
  cancelled: 0,
  impliedOpen: 0,
  impliedFailed: 0,
  impliedCancelled: 0,
};

/** What each rule makes of every pair of edges, and of one taken edge beside an implied one. */
export function ruleTable(): string {
  const pairs = STATES.flatMap((first, at) =>
    STATES.slice(at).map((second) => {
      const counts: Record<string, number> = { ...NONE };
      for (const state of [first, second]) counts[state] = (counts[state] ?? 0) + 1;
      return [`${first} + ${second}`, counts as unknown as EdgeCounts] as const;
    }),
  );
  const implied = [
    ["no edge", NONE],
    ["taken + implied open", { ...NONE, taken: 1, impliedOpen: 1 }],
    ["taken + implied failed", { ...NONE, taken: 1, impliedFailed: 1 }],
    ["taken + implied cancelled", { ...NONE, taken: 1, impliedCancelled: 1 }],
  ] as const;
  const rows = [...pairs, ...implied].map(([name, counts]) => [
    name,
    ...RULES.map((rule) => ruleOutcome(rule, counts)),
  ]);
  return table(["edges", ...RULES], rows);
}

/** Every kind of mistake that is found before a run. */
export function problemTable(): string {
  const rows = Object.entries(PROBLEM_CODES).map(([code, text]) => [`\`${code}\``, text]);
  return table(["code", "meaning"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
