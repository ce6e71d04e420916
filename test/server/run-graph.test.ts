/** The live graph: shapes of every scope, instances that find their node. */
import { describe, expect, it } from "vitest";
import type { RunStateView, StepView } from "#engine/engine.ts";
import { createRegistry } from "#nodes/registry.ts";
import { joinGraph, staticPath } from "#server/run-graph.ts";
import { createWorkflowReader } from "#server/workflow-reader.ts";
import type { StepStatus } from "#workflow/statuses.ts";

const SCOPES = `
language: 1
name: scopes
steps:
  - { id: items, uses: for_each, with: { items: [1, 2] }, steps: [{ id: x, uses: noop }] }
  - id: both
    uses: parallel
    branches:
      left: { steps: [{ id: l, uses: noop }] }
      right: { steps: [{ id: r, uses: noop }] }
  - id: block
    uses: try
    steps: [{ id: risky, uses: noop }]
    catch:
      - { errors: [timeout], steps: [{ id: late, uses: noop }] }
      - { steps: [{ id: other, uses: noop }] }
finally:
  - { id: log, uses: noop }
`;

const reader = createWorkflowReader(createRegistry());

async function drawn() {
  const { checked, problems } = await reader.read(SCOPES, "yaml");
  expect(problems).toEqual([]);
  if (checked === null) throw new Error("not read");
  return await reader.shape(JSON.parse(checked.json), checked.hash);
}

const SHAPE = await drawn();
const shape = () => SHAPE;

function state(statuses: Readonly<Record<string, StepStatus>>): RunStateView {
  const steps = Object.entries(statuses).map(
    ([path, status]): StepView => ({
      path,
      id: path,
      uses: "noop",
      status,
      attempts: 1,
      output: null,
      error: null,
      startedAtMs: 1_000,
      endedAtMs: status === "succeeded" ? 2_000 : null,
      memo: null,
      inner: true,
    }),
  );
  const run = { id: "r", status: "running", seq: 1 } as RunStateView["run"];
  return { run, steps, vars: {}, bufferedSignals: 0, pins: {} };
}

describe("shape", () => {
  it("puts steps into their owners, with a slot between where the slot has a name", () => {
    const parents = Object.fromEntries(shape().nodes.map(({ path, parent }) => [path, parent]));
    expect(parents["items.x"]).toBe("items");
    expect(parents["both.left.l"]).toBe("both.left");
    expect(parents["both.left"]).toBe("both");
    expect(parents["block.risky"]).toBe("block");
    expect(parents["finally.log"]).toBe("finally");
    expect(parents["finally"]).toBeNull();
    for (const { parent } of shape().nodes)
      if (parent !== null) expect(Object.keys(parents)).toContain(parent);
  });

  it("has edges between steps of one scope, and from the last steps to finally", () => {
    const { nodes, edges } = shape();
    const parents = new Map(nodes.map(({ path, parent }) => [path, parent]));
    expect(edges.map(({ from, to }) => `${from} ${to}`)).toEqual([
      "items both",
      "both block",
      "block finally",
    ]);
    for (const { from, to } of edges) expect(parents.get(from)).toBe(parents.get(to));
  });
});

describe("live graph", () => {
  it("counts instances of one step and shows the foremost status", () => {
    const graph = joinGraph(
      shape(),
      state({ items: "running", "items[0].x": "succeeded", "items[1].x": "failed" }),
    );
    const node = graph.nodes.find(({ path }) => path === "items.x");
    expect(node).toMatchObject({
      status: "failed",
      instances: 2,
      attempts: 2,
      counts: { succeeded: 1, failed: 1 },
      endedAt: null,
    });
    expect(graph.nodes.find(({ path }) => path === "block")?.status).toBe("pending");
  });

  it("shows a slot by its steps, and each clause of a try by its own", () => {
    const graph = joinGraph(
      shape(),
      state({ "both.left.l": "running", "block#2.catch.other": "succeeded" }),
    );
    const status = (test: (path: string) => boolean) =>
      graph.nodes.filter(({ path }) => test(path)).map((node) => node.status);
    expect(status((path) => path === "both.left")).toEqual(["running"]);
    expect(status((path) => path === "both.right")).toEqual(["pending"]);
    expect(status((path) => path.endsWith(".other"))).toEqual(["succeeded"]);
    expect(status((path) => path.endsWith(".late"))).toEqual(["pending"]);
  });

  it.each([
    ["lines[3].price", "lines.price"],
    ['m["eu.west"].fetch', "m.fetch"],
    ["loop@3.x", "loop.x"],
    ["block#2.charge", "block.charge"],
    ["p.left.b", "p.left.b"],
    ['["node-1"].x', '["node-1"].x'],
  ])("%s stands at %s", (path, expected) => {
    expect(staticPath(path)).toBe(expected);
  });
});
