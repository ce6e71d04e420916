/**
 * When a step may run: what each edge became once its source settled, and what a trigger rule
 * makes of all edges together. The kernel decides with these two functions only, and the table in
 * docs/language.md is generated from them by a test.
 *
 * R1. all_success, none_failed and all_done decide only when every edge is settled, implied ones
 *     too; any_success decides at the first taken edge once the implied ones are settled. So the
 *     outcome depends on what happened, never on the order in which it happened.
 * R2. An implied edge waits; it blocks when its source failed (unless the reader accepts that) and
 *     never makes a step untaken.
 */
import { unreachable } from "#errors/errors.ts";
import type { TriggerRule } from "./definition.ts";

export type EdgeState = "open" | "taken" | "passed" | "untaken" | "failed" | "cancelled";

/** What an edge must know of its source. A source that has not settled is `open`. */
export interface EdgeSource {
  readonly status: "open" | "succeeded" | "failed" | "skipped" | "blocked" | "cancelled";
  /** Who handled the failure of a failed source: `onError`, the `error` port, or nobody. */
  readonly handled: "onError" | "port" | null;
  /** The port that a succeeded source chose; null for steps without ports. */
  readonly port: string | null;
  /** Of a skipped source: its own `if` was false. */
  readonly skippedByIf: boolean;
}

/** The state of one edge. Implied edges that accept a failure see it as `passed`. */
export function sourceEdgeState(
  source: EdgeSource,
  edge: {
    readonly port: string | null;
    readonly implied: boolean;
    readonly acceptsFailure: boolean;
  },
): EdgeState {
  const state = stateOfEdge(source, edge.port);
  const accepted = edge.implied && edge.acceptsFailure;
  return accepted && (state === "failed" || state === "cancelled") ? "passed" : state;
}

function stateOfEdge(source: EdgeSource, port: string | null): EdgeState {
  switch (source.status) {
    case "open":
      return "open";
    case "succeeded":
      return port === null || port === source.port ? "taken" : "untaken";
    case "failed":
      if (source.handled === null) return "failed";
      if (port === "error") return "taken";
      return source.handled === "onError" && port === null ? "taken" : "untaken";
    case "skipped":
      return source.skippedByIf && port === null ? "passed" : "untaken";
    case "blocked":
      return "failed";
    case "cancelled":
      return "cancelled";
    default:
      return unreachable(source.status);
  }
}

/** How many edges of a step are in which state. The first six count explicit edges only. */
export interface EdgeCounts {
  readonly open: number;
  readonly taken: number;
  readonly passed: number;
  readonly untaken: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly impliedOpen: number;
  readonly impliedFailed: number;
  readonly impliedCancelled: number;
}

export type RuleOutcome = "wait" | "ready" | "blocked" | "skipped";

/** What the rule says now. Once it is not `wait` it never changes. A step without explicit edges has no rule. */
export function ruleOutcome(rule: TriggerRule, counts: EdgeCounts): RuleOutcome {
  if (counts.impliedOpen > 0) return "wait";
  const decided = counts.open === 0 || (rule === "any_success" && counts.taken > 0);
  if (!decided) return "wait";
  if (counts.impliedFailed > 0) return "blocked";
  if (counts.impliedCancelled > 0) return "skipped";
  if (holds(rule, counts)) return "ready";
  return counts.failed > 0 ? "blocked" : "skipped";
}

function holds(rule: TriggerRule, counts: EdgeCounts): boolean {
  const { taken, passed, untaken, failed, cancelled, open } = counts;
  const explicit = open + taken + passed + untaken + failed + cancelled;
  if (explicit === 0) return true;
  switch (rule) {
    case "all_success":
      return taken + passed === explicit;
    case "none_failed":
      return failed === 0 && cancelled === 0 && taken + passed > 0;
    case "any_success":
      return taken > 0;
    case "all_done":
      return untaken < explicit;
    default:
      return unreachable(rule);
  }
}
