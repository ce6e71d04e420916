/**
 * Counts the HTTP calls of each run against the operator's limit: the brake for a loop that calls
 * a service without end. Counts live in this process; a run that moves or restarts begins anew.
 */
import { NodeError } from "#errors/step-error.ts";
import type { HttpRules, NodeContext } from "../define-node.ts";

/** Runs remembered; the one counted longest ago is forgotten first. */
const RUNS_MAX = 20_000;

/** One count for all node types that call: they work under the same rules object of their host. */
const BY_RULES = new WeakMap<HttpRules, Map<string, number>>();

/** Counts one call. Throws NodeError `http_limit` when the run has used up its calls. */
export function countCall(
  rules: HttpRules,
  { tenant, runId }: Pick<NodeContext, "tenant" | "runId">,
): void {
  const counts = BY_RULES.get(rules) ?? new Map<string, number>();
  BY_RULES.set(rules, counts);
  const key = `${tenant}\n${runId}`;
  const calls = (counts.get(key) ?? 0) + 1;
  if (calls > rules.callsPerRunMax)
    throw new NodeError(
      "http_limit",
      `The run has made its ${rules.callsPerRunMax} HTTP calls; the operator can raise the limit.`,
      { details: { limit: "callsPerRun", max: rules.callsPerRunMax } },
    );
  counts.delete(key);
  counts.set(key, calls);
  if (counts.size > RUNS_MAX) {
    const [oldest] = counts.keys();
    if (oldest !== undefined) counts.delete(oldest);
  }
}
