/**
 * YAML, graph, builder, JSON and YAML again: whatever a definition holds, it is the same afterwards.
 * The definitions are random ones of every construct; what must have occurred and did not fails.
 */
import { describe, expect, it } from "vitest";
import { checkDefinition } from "#workflow/check.ts";
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import { eachNode, graphForm, printGraph } from "#workflow/graph-form.ts";
import { hashJson } from "#workflow/hash.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { printJson, printYaml } from "#workflow/print.ts";
import { printBuilder } from "#workflow/print-builder.ts";
import { TEST_NODES as nodes } from "../kernel/kernel-driver.ts";
import {
  KERNEL_OPTIONS,
  pick,
  type Random,
  randomDefinition,
  seededRandom,
} from "../kernel/random-definition.ts";
import { runBuilderCode } from "./run-builder-code.ts";

const SEEDS = 150;

describe("a definition in every form", () => {
  it(`is the same after YAML, graph, builder, JSON and YAML, in ${SEEDS} random ones`, () => {
    const met = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const definition = decorated(seededRandom(seed));
      const read = readBack(printYaml(definition), "yaml", seed);
      count(read, met);
      const graph = readBack(printGraph(read), "json", seed);
      expect(graph, `graph of seed ${seed}`).toEqual(read);
      const built = checked(runBuilderCode(printBuilder(graph)), seed);
      expect(built, `builder of seed ${seed}`).toEqual(read);
      const json = readBack(printJson(built), "json", seed);
      const again = readBack(printYaml(json), "yaml", seed);
      expect(hashJson(again), `hash of seed ${seed}`).toBe(hashJson(read));
      expect(again, `seed ${seed}`).toEqual(read);
    }
    for (const what of MUST_MEET) expect(met.get(what) ?? 0, what).toBeGreaterThan(0);
  });

  it("keeps positions, of inner steps too", () => {
    const definition = checked(
      {
        language: 1,
        name: "drawn",
        steps: [
          { id: "a", uses: "value", with: { value: 1 } },
          {
            id: "loop",
            uses: "for_each",
            with: { items: [1] },
            steps: [{ id: "inner", uses: "value", with: { value: "${{ item }}" } }],
          },
        ],
        layout: { a: { x: 1, y: -2.5 }, "loop/inner": { x: 3, y: 4 }, gone: { x: 0, y: 0 } },
      },
      0,
    );
    const form = graphForm(definition);
    expect(form.nodes.map(({ id, position }) => [id, position])).toEqual([
      ["a", { x: 1, y: -2.5 }],
      ["loop", undefined],
      ["loop/inner", { x: 3, y: 4 }],
    ]);
    expect(form["layout"]).toEqual({ gone: { x: 0, y: 0 } });
    expect(readBack(printGraph(definition), "json", 0)).toEqual(definition);
  });

  it("takes over what an editor has drawn otherwise", () => {
    const definition = checked(
      {
        language: 1,
        name: "drawn",
        steps: ["a", "b", "c"].map((id) => ({ id, uses: "value", with: { value: id } })),
      },
      0,
    );
    const form = graphForm(definition);
    const edges = [{ id: "e", source: "a", target: "c" }];
    const changed = checked({ ...form, edges }, 0);
    expect(changed.steps.map(({ needs }) => needs)).toEqual([undefined, [], ["a"]]);
    const [first, ...others] = form.nodes;
    const moved = checked({ ...form, nodes: [...others, first] }, 0);
    expect(moved.steps.map(({ id, needs }) => [id, needs])).toEqual([
      ["b", ["a"]],
      ["c", undefined],
      ["a", []],
    ]);
  });

  it.each<[string, object, RegExp]>([
    ["two nodes of one id", { nodes: [node("a"), node("a")] }, /Two nodes are called `a`/],
    ["a dangling edge", { edges: [edge("a", "x")] }, /there is no node `x`/],
    ["an edge to itself", { edges: [edge("a", "a")] }, /Node `a` has an edge to itself/],
    ["a cycle", { edges: [edge("a", "b"), edge("b", "a")] }, /a -> b -> a|b -> a -> b/],
    ["an unknown parent", { nodes: [{ ...node("a"), parent: "p" }] }, /`a` stands in `p`/],
    [
      "an unknown scope",
      { nodes: [node("a"), { ...node("b"), parent: "a", slot: "body" }] },
      /`b` stands in `body` of `a`/,
    ],
  ])("refuses %s", (_what, parts, message) => {
    const form = { language: 1, name: "x", nodes: [node("a"), node("b")], edges: [], ...parts };
    const { problems } = checkDefinition(form, { nodes });
    expect(problems[0]?.message).toMatch(message);
  });
});

function node(id: string) {
  return { id, type: "value", data: { with: { value: 1 } } };
}

function edge(source: string, target: string) {
  return { id: `${source}${target}`, source, target };
}

function readBack(text: string, format: "yaml" | "json", seed: number): WorkflowDefinition {
  const { definition, problems } = parseWorkflow(text, { nodes, format });
  if (definition === null) throw new Error(`seed ${seed}: ${JSON.stringify(problems)}\n${text}`);
  return definition;
}

function checked(value: unknown, seed: number): WorkflowDefinition {
  const { definition, problems } = checkDefinition(value, { nodes });
  if (definition === null) throw new Error(`seed ${seed}: ${JSON.stringify(problems)}`);
  return definition;
}

/** A random definition with fields of the workflow and of scopes that the generator leaves out. */
function decorated(random: Random): WorkflowDefinition {
  const chance = (probability: number): boolean => random() < probability;
  const definition = randomDefinition(random, "round-trip", {
    ...KERNEL_OPTIONS,
    manySagas: chance(0.3),
  });
  const layout: Record<string, { x: number; y: number }> = {};
  eachNode(definition, (id) => {
    if (chance(0.5)) layout[id] = { x: Math.floor(random() * 999), y: -random() };
  });
  return {
    ...definition,
    ...(chance(0.3) ? { description: "# not a comment: 'quoted' \"text\"\nand a line" } : {}),
    ...(chance(0.3) ? { input: { type: "object", additionalProperties: true } } : {}),
    ...(chance(0.2) ? { labels: { who: "${{ run.id }}", "a.b/c": "x" } } : {}),
    ...(chance(0.3) ? { defaults: { timeout: "20s", retry: { attempts: 2 } } } : {}),
    ...(chance(0.2) ? { priority: 3 } : {}),
    ...(chance(0.5) ? { layout } : {}),
    ...(chance(0.1) ? { finally: [] } : {}),
    steps: definition.steps.map((step) => renamed(step, random)),
  } as WorkflowDefinition;
}

/** Some steps that nobody reads get ids that are no identifiers, and needs are written in odd ways. */
function renamed(step: Step, random: Random): Step {
  if (random() > 0.3) return step;
  return {
    ...step,
    description: pick(random, ["a step", "", "äöü ${{ no", "yes"]),
    ...(step.uses === "for_each" && random() < 0.5
      ? { defaults: { timeout: "9s" }, output: { kept: "${{ index }}" } }
      : {}),
  };
}

const FIELDS = [
  ...["needs", "if", "triggerRule", "retry", "timeout", "heartbeatTimeout", "deadline", "onError"],
  ...["memo", "concurrency", "rateLimit", "circuitBreaker", "priority", "compensate", "then"],
  ...["else", "cases", "default", "branches", "catch", "finally", "update", "output", "failFast"],
  ...["defaults", "cleanupTimeout", "description"],
];
const HEADER = [
  ...["description", "input", "labels", "vars", "defaults", "failFast", "deadline"],
  ...["cleanupTimeout", "priority", "finally", "output", "layout"],
];
const MUST_MEET = [
  ...CONTROL_STEPS.keys(),
  ...FIELDS.map((field) => `step.${field}`),
  ...HEADER.map((field) => `workflow.${field}`),
];

function count(definition: WorkflowDefinition, met: Map<string, number>): void {
  const meet = (what: string) => met.set(what, (met.get(what) ?? 0) + 1);
  for (const field of Object.keys(definition)) meet(`workflow.${field}`);
  eachNode(definition, (_id, step) => {
    meet(step.uses);
    for (const field of Object.keys(step)) meet(`step.${field}`);
  });
}
