/** Labels of a definition: evaluated when a run starts, however it starts, and filtered by. */
import { expect, test } from "vitest";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

const order = workflow("order", {
  labels: {
    customer: "${{ input.customer }}",
    kind: "order-${{ input.size }}-of-${{ workflow.name }}",
    size: "${{ input.size }}",
    run: "${{ run.id }}",
    note: "${{ input?.note }}",
    fixed: "always",
  },
  steps: [{ id: "wait", uses: "wait.signal", with: { name: "go" } }],
});

test("labels are text made from the input, on the row and filterable; the caller's win", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const start = (request: object) =>
    driven(clock, engine.start(context, { workflow: order, ...request }));
  const { run } = await start({ input: { customer: "acme", size: 3 }, id: "first" });
  expect(run.labels).toEqual({
    customer: "acme",
    kind: "order-3-of-order",
    size: "3",
    run: "first",
    fixed: "always",
  });
  const other = await start({
    input: { customer: "other", size: [1, { a: true }] },
    labels: { fixed: "mine", kind: "special", more: "yes" },
  });
  expect(other.run.labels).toMatchObject({
    ...{ customer: "other", kind: "special", size: '[1,{"a":true}]' },
    ...{ fixed: "mine", more: "yes", run: other.run.id },
  });
  const listed = async (labels: Record<string, string>) =>
    (await driven(clock, engine.list(context, { labels, limit: 10 }))).items.map(({ id }) => id);
  expect(await listed({ customer: "acme" })).toEqual(["first"]);
  expect(await listed({ customer: "other", fixed: "mine" })).toEqual([other.run.id]);
  await bench.crash();
  expect((await bench.engine.get(context, "first"))?.labels).toEqual(run.labels);
});

test("a label that fails or is too long refuses the start and is named", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const labelled = (labels: Record<string, string>) =>
    workflow("labelled", { labels, steps: [{ id: "a", uses: "noop" }] });
  const start = (labels: Record<string, string>, request: object) =>
    driven(clock, engine.start(context, { workflow: labelled(labels), ...request }));
  const customer = { customer: "${{ input.customer.name.toUpperCase() }}" };
  await expect(start(customer, { input: {} })).rejects.toMatchObject({
    code: "input_invalid",
    message: expect.stringContaining("Label customer"),
    details: { label: "customer" },
  });
  await expect(
    start({ text: "${{ input.text }}" }, { input: { text: "x".repeat(300) } }),
  ).rejects.toMatchObject({ code: "input_invalid", details: { label: "text" } });
  // The caller's own stands in for it.
  const given = await start(customer, { input: {}, labels: { customer: "acme" } });
  expect(given.run.labels).toEqual({ customer: "acme" });
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`l${at}`, "x"]));
  const others = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`m${at}`, "x"]));
  await expect(start(many, { labels: others })).rejects.toMatchObject({ code: "request_invalid" });
  expect((await driven(clock, engine.list(context, { limit: 10 }))).items).toHaveLength(1);
});

test("a child has the labels of its own definition; one that fails is child_not_started", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const child = workflow("child", {
    labels: { of: "${{ input.of.trim() }}" },
    steps: [{ id: "a", uses: "data.set", with: { value: 1 } }],
  });
  await driven(clock, engine.saveWorkflow(context, child));
  const parent = workflow("parent", {
    steps: [{ id: "c", uses: "workflow.run", with: { workflow: "child", input: "${{ input }}" } }],
  });
  const run = await bench.run(parent, { of: " parent " });
  expect(run).toMatchObject({ status: "succeeded", labels: {} });
  const { items } = await driven(clock, engine.list(context, { parentRunId: run.id, limit: 10 }));
  expect(items).toMatchObject([{ labels: { of: "parent" } }]);
  expect(await bench.run(parent, { of: 7 })).toMatchObject({
    status: "failed",
    error: { code: "child_not_started", message: expect.stringContaining("Label of") },
  });
});

test("a rerun evaluates them anew and keeps what the caller had given", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const input = { customer: "acme", size: 1 };
  const { run } = await driven(
    clock,
    engine.start(context, { workflow: order, input, labels: { more: "yes", fixed: "mine" } }),
  );
  const again = await driven(
    clock,
    engine.rerun(context, run.id, { input: { customer: "other", size: 2 } }),
  );
  expect(again.labels).toEqual({
    ...{ customer: "other", kind: "order-2-of-order", size: "2", run: again.id },
    ...{ more: "yes", fixed: "mine" },
  });
});
