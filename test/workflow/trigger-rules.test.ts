import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TriggerRule } from "#workflow/definition.ts";
import {
  type EdgeCounts,
  type EdgeSource,
  type EdgeState,
  ruleOutcome,
  sourceEdgeState,
} from "#workflow/trigger-rules.ts";

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
const RULES: TriggerRule[] = ["all_success", "none_failed", "any_success", "all_done"];
const plain = { port: null, implied: false, acceptsFailure: false };
const source = (change: Partial<EdgeSource>): EdgeSource => ({
  status: "succeeded",
  handled: null,
  port: null,
  skippedByIf: false,
  ...change,
});

/** Counts of `edges`, as the kernel keeps them. */
function count(edges: readonly { state: EdgeState; implied: boolean }[]): EdgeCounts {
  const counts: Record<string, number> = { ...NONE };
  for (const { state, implied } of edges) {
    const key = implied ? `implied${state[0]?.toUpperCase()}${state.slice(1)}` : state;
    if (key in counts) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts as unknown as EdgeCounts;
}

const settled: EdgeState[] = ["taken", "passed", "untaken", "failed", "cancelled"];
const edge = fc.record({ state: fc.constantFrom(...settled), implied: fc.boolean() });

describe("sourceEdgeState", () => {
  it.each<[string, EdgeSource, string | null, EdgeState]>([
    ["not settled", source({ status: "open" }), null, "open"],
    ["succeeded", source({}), null, "taken"],
    ["port chosen", source({ port: "true" }), "true", "taken"],
    ["port not chosen", source({ port: "false" }), "true", "untaken"],
    ["plain edge of a branching step", source({ port: "false" }), null, "taken"],
    ["succeeded, error port", source({}), "error", "untaken"],
    ["failed", source({ status: "failed" }), null, "failed"],
    ["failed, handled by onError", source({ status: "failed", handled: "onError" }), null, "taken"],
    ["onError and error port", source({ status: "failed", handled: "onError" }), "error", "taken"],
    ["onError and a port", source({ status: "failed", handled: "onError" }), "true", "untaken"],
    ["handled by error port", source({ status: "failed", handled: "port" }), "error", "taken"],
    ["plain beside error port", source({ status: "failed", handled: "port" }), null, "untaken"],
    ["own if false", source({ status: "skipped", skippedByIf: true }), null, "passed"],
    ["own if false, port", source({ status: "skipped", skippedByIf: true }), "true", "untaken"],
    ["skipped as untaken", source({ status: "skipped" }), null, "untaken"],
    ["blocked", source({ status: "blocked" }), null, "failed"],
    ["cancelled", source({ status: "cancelled" }), null, "cancelled"],
  ])("%s", (_name, from, port, expected) => {
    expect(sourceEdgeState(from, { ...plain, port })).toBe(expected);
  });

  it("lets an implied edge accept a failure", () => {
    const reader = { port: null, implied: true, acceptsFailure: true };
    for (const status of ["failed", "blocked", "cancelled"] as const) {
      expect(sourceEdgeState(source({ status }), reader)).toBe("passed");
      expect(sourceEdgeState(source({ status }), { ...reader, acceptsFailure: false })).not.toBe(
        "passed",
      );
    }
  });
});

describe("ruleOutcome", () => {
  it("never depends on the order in which edges settle", () => {
    const cases = fc.record({
      rule: fc.constantFrom(...RULES),
      edges: fc.array(fc.tuple(edge, fc.nat()), { maxLength: 6 }),
    });
    const seen = new Set<string>();
    fc.assert(
      fc.property(cases, ({ rule, edges }) => {
        const final = ruleOutcome(rule, count(edges.map(([item]) => item)));
        expect(final).not.toBe("wait");
        seen.add(final);
        const order = edges.toSorted(([, left], [, right]) => left - right).map(([item]) => item);
        for (let done = 0; done <= order.length; done += 1) {
          const partial = order.map((item, at) =>
            at < done ? item : { ...item, state: "open" as const },
          );
          const now = ruleOutcome(rule, count(partial));
          if (now !== "wait") expect(now).toBe(final);
        }
      }),
      { numRuns: 3000 },
    );
    expect([...seen].sort()).toEqual(["blocked", "ready", "skipped"]);
  });

  it("never makes a step untaken by an implied edge alone", () => {
    for (const rule of RULES) {
      expect(ruleOutcome(rule, count([{ state: "untaken", implied: true }]))).toBe("ready");
      expect(ruleOutcome(rule, count([{ state: "failed", implied: true }]))).toBe("blocked");
      expect(ruleOutcome(rule, count([{ state: "cancelled", implied: true }]))).toBe("skipped");
    }
  });

  it("starts any_success at the first taken edge, once implied ones are settled", () => {
    expect(ruleOutcome("any_success", { ...NONE, open: 2, taken: 1 })).toBe("ready");
    expect(ruleOutcome("any_success", { ...NONE, open: 2, taken: 1, impliedOpen: 1 })).toBe("wait");
    expect(ruleOutcome("any_success", { ...NONE, open: 2, failed: 1 })).toBe("wait");
    expect(ruleOutcome("all_success", { ...NONE, open: 1, failed: 1 })).toBe("wait");
  });
});
