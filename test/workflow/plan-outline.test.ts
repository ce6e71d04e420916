/** The outline of a plan: waves, policies after defaults, warnings, and any size of plan. */
import { expect, test } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { outlineOf } from "#workflow/plan-outline.ts";

const LIMITS = { httpCallsPerRunMax: 100, eventsWarned: 200_000 };

function outline(fields: Record<string, unknown>) {
  const definition = { language: 1, name: "x", ...fields } as unknown as WorkflowDefinition;
  return outlineOf(compilePlan(definition, createRegistry()), LIMITS);
}

const noop = (id: string, more: Record<string, unknown> = {}) => ({ id, uses: "noop", ...more });
const read = (id: string, more: Record<string, unknown> = {}) => ({
  ...{ id, uses: "file.read", with: { path: "a" } },
  ...more,
});

test("O1 steps of one wave do not wait for each other", () => {
  const { steps } = outline({
    steps: [
      noop("a"),
      noop("b"),
      noop("left", { needs: ["b"] }),
      noop("right", { needs: ["b"] }),
      noop("join", { needs: ["left", "right"], triggerRule: "none_failed" }),
      noop("free", { needs: [] }),
      { id: "reads", uses: "noop", needs: [], with: { value: "${{ steps.join.output }}" } },
    ],
  });
  expect(steps.map(({ id, wave }) => `${id} ${wave}`)).toEqual([
    "a 1",
    "b 2",
    "left 3",
    "right 3",
    "join 4",
    "free 1",
    "reads 5",
  ]);
  expect(steps.at(-1)?.after).toEqual([{ step: "join", port: null, implied: true }]);
});

test("heartbeatTimeout is in force from the step and from defaults", () => {
  const { steps } = outline({
    defaults: { heartbeatTimeout: "30s" },
    steps: [read("own", { heartbeatTimeout: "5s" }), read("given")],
  });
  expect(steps.map(({ policies }) => policies["heartbeatTimeout"])).toEqual(["5s", "30s"]);
});

test("scopes, policies after defaults, secrets and node types", () => {
  const { steps, secrets, nodeTypes } = outline({
    defaults: { timeout: "10s" },
    steps: [
      {
        id: "each",
        uses: "for_each",
        with: { items: [1, 2, 3], concurrency: 2 },
        defaults: { retry: { attempts: 3 } },
        steps: [
          {
            id: "call",
            uses: "http.request",
            with: { url: "u", auth: { type: "bearer", token: "${{ secrets.KEY }}" } },
          },
        ],
      },
      {
        ...{ id: "pick", uses: "switch", with: { value: 1 } },
        cases: { yes: { equals: 1, steps: [noop("yes")] } },
        default: { steps: [noop("no")] },
      },
    ],
    finally: [read("last", { timeout: "1s" })],
  });
  const brief = steps.map(({ path, depth, part, does }) => `${path} ${depth} ${part} ${does}`);
  expect(brief).toEqual([
    "each 0 null scope",
    "each.call 1 null effect",
    "pick 0 null scope",
    "pick.yes.yes 1 yes pure",
    "pick.default.no 1 default pure",
    "finally.last 0 finally effect",
  ]);
  expect(steps[0]).toMatchObject({ atOnce: 2, times: 3 });
  expect(steps[1]?.policies).toEqual({ timeout: "10s", retry: { attempts: 3 } });
  expect(steps[5]?.policies).toEqual({ timeout: "1s" });
  expect(secrets).toEqual(["KEY"]);
  expect(nodeTypes.map(({ type, steps: n }) => `${type} ${n}`)).toEqual([
    "file.read 1",
    "for_each 1",
    "http.request 1",

    "noop 2",
    "switch 1",
  ]);
});

test("what could stop it short is told", () => {
  const { warnings } = outline({
    steps: [
      read("bare"),
      read("timed", { timeout: "1s" }),
      {
        id: "loop",
        uses: "while",
        with: { condition: "true", maxIterations: 100_000 },
        steps: [{ id: "call", uses: "http.request", with: { url: "u" }, timeout: "1s" }],
      },
    ],
  });
  expect(warnings).toEqual([
    { path: "bare", message: expect.stringContaining("no timeout") },
    { path: "loop", message: expect.stringContaining("500000 events") },
    { path: "loop.call", message: expect.stringContaining("100 calls") },
  ]);
});

test("10,000 steps in one chain, and in one that is written backwards, are outlined in no time", () => {
  const forwards = Array.from({ length: 10_000 }, (_, n) => noop(`s${n}`));
  const backwards = forwards.map((step, n) => ({
    ...step,
    needs: n === 9_999 ? [] : [`s${n + 1}`],
  }));
  for (const steps of [forwards, backwards]) {
    const outlined = outline({ steps });
    expect(Math.max(...outlined.steps.map(({ wave }) => wave))).toBe(10_000);
    expect(outlined.commits.path).toBe(1);
  }
});
