/**
 * Long definitions do not hold the thread that answers. Judged by processor time of this thread
 * between two ticks of its event loop, against what the same work costs in one go: other work of
 * the machine changes neither.
 */
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { EVENT_LOOP, inSlices } from "#engine/embedded/in-slices.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { createWorkflowReader, SHORT_TEXT } from "#server/workflow-reader.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { compilePlan, compilePlanByParts } from "#workflow/plan-compile.ts";
import { threadMs } from "../support/thread-time.ts";

const shout = defineNode({
  type: "my.shout",
  title: "Shout",
  description: "Text in upper case.",
  category: "user",
  icon: "circle",
  pure: true,
  config: z.strictObject({ text: z.string() }),
  output: z.string(),
  run: ({ text }) => text.toUpperCase(),
});

const nodes = createRegistry([shout]);
const reader = createWorkflowReader(nodes);

function textOf(steps: number, last: object): string {
  const plain = Array.from({ length: steps }, (_, index) => ({
    id: `step_${index}`,
    uses: "data.set",
    with: {
      value: `\${{ input.some.${index % 7 === 0 ? "a" : "b"} }} and words that make it long`,
    },
  }));
  return stringify({ language: 1, name: "long", steps: [...plain, last] });
}

/** The longest that this thread was at work between two turns of its event loop, and all of it. */
async function heldBy(work: () => Promise<unknown>): Promise<{ longest: number; total: number }> {
  let longest = 0;
  let isDone = false;
  const beganMs = threadMs();
  let lastMs = beganMs;
  const look = () => {
    const nowMs = threadMs();
    longest = Math.max(longest, nowMs - lastMs);
    lastMs = nowMs;
    if (!isDone) setImmediate(look);
  };
  const working = work().finally(() => {
    isDone = true;
  });
  look();
  await working;
  look();
  return { longest, total: threadMs() - beganMs };
}

const SHOUT = { id: "last", uses: "my.shout", with: { text: "hello" } };
const WRONG = { id: "last", uses: "my.shout", with: { text: 7 } };

describe("long definitions", () => {
  it("are read in another thread, with the same answer as here", async () => {
    const text = textOf(2_000, { id: "last", uses: "data.set", with: { value: 1 } });
    expect(text.length).toBeGreaterThan(SHORT_TEXT);
    const beganMs = threadMs();
    const here = parseWorkflow(text, { nodes, format: "yaml" });
    const hereMs = threadMs() - beganMs;
    // The thread starts with the first one.
    await reader.read(text, "yaml");
    let read: Awaited<ReturnType<typeof reader.read>> | null = null;
    const { longest } = await heldBy(async () => {
      read = await reader.read(text, "yaml");
    });
    expect(read).toEqual({
      checked: {
        name: "long",
        hash: here.plan?.hash,
        json: JSON.stringify(here.definition),
      },
      problems: [],
    });
    expect(longest).toBeLessThan(hereMs / 4);
  });

  it("name all their mistakes, also those of the user's own types", async () => {
    const text = textOf(2_000, WRONG).replace("uses: data.set", "uses: data.sett");
    const { checked, problems } = await reader.read(text, "yaml");
    expect(checked).toBeNull();
    expect(problems).toEqual(parseWorkflow(text, { nodes, format: "yaml" }).problems);
    expect(problems.map(({ code }) => code)).toEqual(["unknown_type", "invalid_config"]);
  });

  it("with steps of the user's own types are saved when these fit, and refused when they do not", async () => {
    const good = await reader.read(textOf(1_000, SHOUT), "yaml");
    expect(good.problems).toEqual([]);
    expect(good.checked?.name).toBe("long");
    const bad = await reader.read(textOf(1_000, WRONG), "yaml");
    expect(bad.checked).toBeNull();
    expect(bad.problems.map(({ code, line }) => [code, line !== null])).toEqual([
      ["invalid_config", true],
    ]);
  });

  it("are planned in parts, and the plan is the same", async () => {
    const text = textOf(6_000, SHOUT);
    const { definition, plan } = parseWorkflow(text, { nodes, format: "yaml" });
    if (definition === null) throw new Error("not read");
    compilePlan(definition, nodes);
    const beganMs = threadMs();
    compilePlan(definition, nodes);
    const wholeMs = threadMs() - beganMs;
    let parts = null as unknown as typeof plan;
    const { longest } = await heldBy(async () => {
      parts = await inSlices(
        compilePlanByParts(definition, nodes, { hash: plan.hash }),
        EVENT_LOOP,
      );
    });
    expect(longest).toBeLessThan(wholeMs / 2);
    expect(parts?.stepCount).toBe(plan.stepCount);
    expect(parts?.hash).toBe(plan.hash);
    expect(parts?.root.steps.map(({ id, in: edges }) => [id, edges.length])).toEqual(
      plan.root.steps.map(({ id, in: edges }) => [id, edges.length]),
    );
  });
});
