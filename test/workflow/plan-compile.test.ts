import { describe, expect, it } from "vitest";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import type { PlanScope } from "#workflow/plan.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { fakeNodes } from "./fake-nodes.ts";

const plan = (steps: readonly Step[], more: Partial<WorkflowDefinition> = {}) =>
  compilePlan({ language: 1, name: "test", steps, ...more }, fakeNodes);
const noop = (id: string, more: Partial<Step> = {}): Step => ({ id, uses: "noop", ...more });
const reading = (id: string, expression: string, more: Partial<Step> = {}): Step =>
  noop(id, { with: { value: `\${{ ${expression} }}` }, ...more });

/** `a -> b`, `a.port -> b`, `a ~> b` (implied), `a ?> b` (implied, accepts failure). */
function edges(scope: PlanScope | undefined): string[] {
  return (scope?.steps ?? []).flatMap((step) =>
    step.in.map(({ from, port, implied, acceptsFailure }) => {
      const arrow = implied ? (acceptsFailure ? "?>" : "~>") : "->";
      const name = scope?.steps[from]?.id;
      return `${name}${port === null ? "" : `.${port}`} ${arrow} ${step.id}`;
    }),
  );
}

describe("edges", () => {
  it("follow the list, and what is read further above", () => {
    const { root } = plan([noop("a"), noop("b"), reading("c", "steps.a.output"), noop("d")]);
    expect(edges(root)).toEqual(["a -> b", "a ~> c", "b -> c", "c -> d"]);
    expect(root.leaves).toEqual([3]);
    expect(root.steps[0]?.out.map(({ to }) => to)).toEqual([1, 2]);
  });

  it("follow needs and reads where needs are given, explicit ones first", () => {
    const { root } = plan([
      noop("a"),
      noop("b", { needs: [] }),
      reading("c", "steps.a.output + steps.b.output", { needs: ["b"] }),
      noop("d", { needs: ["a", "a"], if: "steps.b?.output && steps.c.status" }),
    ]);
    expect(edges(root)).toEqual(["a ~> c", "b -> c", "a -> d", "b ?> d", "c ?> d"]);
    expect(root.leaves).toEqual([2, 3]);
  });

  it("name ports, and foreign ids in every spelling", () => {
    const { root } = plan([
      { id: "node-1", uses: "if", with: { condition: "true" } },
      noop("a.b", { needs: ["node-1.true"] }),
      noop("c", { needs: ['["node-1"].false'] }),
      noop("d", { needs: ["a.b", "node-1.error"], triggerRule: "any_success" }),
      noop("e", { needs: ['["a.b"]'] }),
    ]);
    expect(edges(root)).toEqual([
      "node-1.true -> a.b",
      "node-1.false -> c",
      "node-1.error -> d",
      "a.b -> d",
      "a.b -> e",
    ]);
    expect([...(root.steps[0]?.portsUsed ?? [])]).toEqual(["true", "false", "error"]);
  });

  it("of inner reads belong to the owner in the scope of the source", () => {
    const { root, scopes } = plan([
      noop("a"),
      noop("b", { needs: [] }),
      {
        id: "loop",
        uses: "for_each",
        needs: [],
        with: { items: [1] },
        steps: [
          noop("x"),
          {
            id: "block",
            uses: "try",
            steps: [reading("y", "steps.a.output + steps.x.output + item")],
            catch: [{ steps: [reading("z", "error.code + steps.b?.output")] }],
          },
        ],
        output: "${{ steps.block.output }}",
      },
    ]);
    expect(edges(root)).toEqual(["a ~> loop", "b ?> loop"]);
    expect(edges(scopes[1])).toEqual(["x -> block"]);
    expect(scopes.map(({ slot, pathSegment }) => [slot, pathSegment])).toEqual([
      ["", ""],
      ["body", ""],
      ["body", ""],
      ["catch.0", "catch"],
    ]);
    expect(scopes[1]?.itemName).toBe("item");
    expect([...(scopes[3]?.locals ?? [])]).toEqual(["error"]);
  });

  it("are not drawn for the root's finally, which sees every step", () => {
    const compiled = plan([noop("a"), noop("b", { needs: [] })], {
      finally: [reading("c", "steps.a.output"), reading("d", "steps.b.status + steps.c.output")],
    });
    expect(edges(compiled.finally ?? undefined)).toEqual(["c -> d"]);
    expect(edges(compiled.root)).toEqual([]);
    expect(compiled.stepCount).toBe(4);
  });

  it("cannot lead out of finally, into a try from its catch, or to a branch beside", () => {
    expect(() => plan([reading("a", "steps.c.output")], { finally: [noop("c")] })).toThrow(
      "finally",
    );
    const inTry = {
      id: "t",
      uses: "try",
      steps: [noop("x")],
      catch: [{ steps: [reading("y", "steps.x.output")] }],
    };
    expect(() => plan([inTry])).toThrow("Step `x` stands in the steps of `t`");
    const branches = {
      left: { steps: [noop("x")] },
      right: { steps: [reading("y", "steps.x.output")] },
    };
    expect(() => plan([{ id: "p", uses: "parallel", branches }])).toThrow("`left` of `p`");
  });
});

describe("policies", () => {
  it("come from the step, its scopes, the workflow, each taken whole", () => {
    const { root, scopes } = plan(
      [
        noop("a", { timeout: "1s", retry: { attempts: 2 } }),
        {
          id: "loop",
          uses: "for_each",
          with: { items: [] },
          defaults: { timeout: "2s", priority: 9 },
          steps: [noop("b"), { id: "w", uses: "wait.for", with: { duration: 5 } }],
        },
      ],
      { defaults: { timeout: "9s", retry: { attempts: 5, backoff: "constant", initial: 7 } } },
    );
    const [a, loop] = root.steps;
    const [b, w] = scopes[1]?.steps ?? [];
    expect([a?.timeoutMs, a?.retry?.attempts, a?.retry?.backoff]).toEqual([1000, 2, "exponential"]);
    expect([loop?.timeoutMs, loop?.retry]).toEqual([null, null]);
    expect([b?.timeoutMs, b?.retry?.initialMs, b?.priority]).toEqual([2000, 7, 9]);
    expect([w?.timeoutMs, w?.retry, w?.priority]).toEqual([null, null, null]);
    expect(a?.retry).toEqual({
      attempts: 2,
      backoff: "exponential",
      initialMs: 1000,
      factor: 2,
      maxMs: 60_000,
      jitter: "full",
      errors: null,
    });
  });

  it("compile everything that a step evaluates", () => {
    const { root, scopes } = plan([
      { id: "m", uses: "data.map", with: { items: [1, 2], map: "(x) => x * 2" } },
      {
        id: "loop",
        uses: "while",
        with: { condition: "carry.n < 3", maxIterations: 5, carry: { n: 0 } },
        update: { n: "${{ carry.n + 1 }}" },
        steps: [],
        failFast: true,
      },
      {
        id: "s",
        uses: "switch",
        with: { value: 1 },
        cases: { one: { equals: 1, steps: [] }, big: { when: "value > 9" }, two: {} },
        default: { output: 4 },
      },
      noop("k", {
        concurrency: { key: "'a' + 1", limit: 2 },
        onError: { fallback: "${{ 1 + 1 }}" },
      }),
    ]);
    const [m, loop, s, k] = root.steps;
    expect(m?.with.evaluate({})).toEqual({ items: [1, 2] });
    expect(m?.functions[0]?.expression.callable({})(4)).toBe(8);
    expect(loop?.with.evaluate({})).toEqual({ maxIterations: 5, carry: { n: 0 } });
    expect(loop?.condition?.test({ carry: { n: 2 } })).toBe(true);
    expect(loop?.update?.evaluate({ carry: { n: 2 } })).toEqual({ n: 3 });
    expect(scopes[1]?.failFast).toBe(true);
    expect(
      s?.cases.map((one) => [one.port, one.when?.source ?? null, one.equals?.evaluate({}) ?? null]),
    ).toEqual([
      ["one", null, 1],
      ["big", "value > 9", null],
      ["two", null, "two"],
    ]);
    expect([...(s?.bodies.keys() ?? [])]).toEqual(["one", "default"]);
    expect(s?.bodies.get("default")?.output?.evaluate({})).toBe(4);
    expect(k?.gates?.concurrency?.key.evaluate({})).toBe("a1");
    expect(typeof k?.onError === "object" && k.onError?.fallback.evaluate({})).toBe(2);
  });
});

describe("reachability", () => {
  const check: Step = { id: "c", uses: "if", with: { condition: "true" } };

  it("knows that onError and all_done let steps run", () => {
    const failing = { id: "f", uses: "fail" } as const;
    expect(() => plan([failing, noop("a")])).toThrow("can never run");
    expect(() => plan([{ ...failing, onError: "continue" }, noop("a")])).not.toThrow();
    expect(() => plan([{ ...failing, if: "run.id" }, noop("a")])).not.toThrow();
    expect(() => plan([failing, noop("a", { needs: ["f.error"] })])).not.toThrow();
    const either = noop("a", { needs: ["c.true", "c.false"], triggerRule: "none_failed" });
    expect(() => plan([check, either])).not.toThrow();
    expect(() => plan([check, { ...either, triggerRule: "all_success" }])).toThrow("cannot both");
    const bad = noop("b", { needs: ["c.error"] });
    const after = noop("d", { needs: ["a"], triggerRule: "all_done" });
    const last = noop("e", { needs: ["d", "b"] });
    const yes = noop("a", { needs: ["c.true"] });
    expect(() => plan([check, yes, bad, after, last])).not.toThrow();
  });

  it("tells success and the error port apart", () => {
    const both = [noop("x"), noop("ok", { needs: ["x"] }), noop("bad", { needs: ["x.error"] })];
    const join = noop("j", { needs: ["ok", "bad"] });
    expect(() => plan([...both, join])).toThrow("Step `j` can never run");
    expect(() => plan([...both, { ...join, triggerRule: "any_success" }])).not.toThrow();
    const handled = [noop("x", { onError: "continue" }), ...both.slice(1), join];
    expect(() => plan(handled)).not.toThrow();
  });
});
