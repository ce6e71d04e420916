/** Structure, types and expressions of graph JSON: what is refused, and in which words. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { checkDefinition } from "#workflow/check.ts";
import { compileTemplate } from "#workflow/expression/template.ts";
import { graphForm } from "#workflow/graph-form.ts";
import { translateExpression } from "#workflow/import/graph-expression.ts";
import { inferNodeType } from "#workflow/import/graph-node-type.ts";
import { GRAPH_NODES } from "#workflow/import/graph-nodes.ts";
import { parseWorkflow } from "#workflow/parse.ts";

const nodes = createRegistry();
const page = readFileSync(new URL("../../../docs/graph-json.md", import.meta.url), "utf8");
const number = (id: string, value: unknown = 1) => ({ id, type: "number", data: { value } });
const edge = (source: string, target: string, sourceHandle?: string) => ({
  ...{ source, target },
  ...(sourceHandle === undefined ? {} : { sourceHandle }),
});
const problemsOf = (graph: object) =>
  checkDefinition(graph, { nodes }).problems.map(({ code, pointer, message }) => [
    code,
    pointer,
    message,
  ]);

describe("the structure of a graph", () => {
  it.each<[string, object, string, string, RegExp]>([
    [
      "ids that occur twice",
      { nodes: [number("a"), number("a")] },
      "duplicate_id",
      "/nodes/1/id",
      /`a`/,
    ],
    [
      "a node without an id",
      { nodes: [{ type: "number" }] },
      "invalid_shape",
      "/nodes/0",
      /Node 1/,
    ],
    [
      "an edge to nowhere",
      { nodes: [number("first")], edges: [edge("first", "firts")] },
      "unknown_step",
      "/edges/0/target",
      /no node `firts`/,
    ],
    [
      "an edge to itself",
      { nodes: [number("a")], edges: [edge("a", "a")] },
      "self_edge",
      "/edges/0",
      /Node `a` has an edge to itself/,
    ],
    [
      "a cycle",
      {
        nodes: [number("a"), number("b"), number("c")],
        edges: [edge("a", "b"), edge("b", "c"), edge("c", "b")],
      },
      "cycle",
      "/edges/2",
      /b -> c -> b/,
    ],
    [
      "an unknown type",
      { nodes: [{ id: "a", type: "nubmer" }] },
      "unknown_type",
      "/nodes/0/type",
      /`nubmer`/,
    ],
    [
      "a missing field",
      { nodes: [{ id: "a", type: "number", data: {} }] },
      "invalid_config",
      "/nodes/0/data/value",
      /Node `a` \(number\) has no `value`/,
    ],
    [
      "a field of another kind",
      { nodes: [number("a", "5")] },
      "invalid_config",
      "/nodes/0/data/value",
      /Node `a`/,
    ],
    [
      "a missing input",
      { nodes: [{ id: "a", type: "reverse" }] },
      "invalid_config",
      "/nodes/0",
      /Node `a` \(reverse\) needs an input/,
    ],
    [
      "a port that is not there",
      {
        nodes: [
          number("a"),
          { id: "c", type: "condition", data: { condition: "true" } },
          number("b"),
        ],
        edges: [edge("a", "c"), edge("c", "b", "maybe")],
      },
      "unknown_port",
      "/edges/1/sourceHandle",
      /`c` has no port `maybe`/,
    ],
    [
      "an expression that does not parse",
      {
        nodes: [number("a"), { id: "c", type: "condition", data: { condition: "input >" } }],
        edges: [edge("a", "c")],
      },
      "invalid_expression",
      "/nodes/1/data/condition",
      /Node `c` \(condition\): A value is missing/,
    ],
    [
      "a variable that nobody sets",
      { nodes: [{ id: "v", type: "variable", data: { var_name: "x", var_op: "get" } }] },
      "invalid_config",
      "/nodes/0/data/var_name",
      /No node before this one sets `x`/,
    ],
    ["nodes that are no list", { nodes: {} }, "invalid_shape", "/nodes", /must be a list/],
  ])("refuses %s", (_what, graph, code, pointer, message) => {
    const found = problemsOf(graph);
    expect(found.map(([one, at]) => [one, at])).toContainEqual([code, pointer]);
    expect(String(found.find(([one]) => one === code)?.[2])).toMatch(message);
  });

  it("finds all mistakes at once, with their lines", () => {
    const text = JSON.stringify({ nodes: [number("a", "x"), { id: "b", type: "what" }] }, null, 2);
    const { problems } = parseWorkflow(text, { nodes, file: "graph.json" });
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [7, "invalid_config"],
      [12, "unknown_type"],
    ]);
  });

  it("takes the example of the docs and all types of its table, and no other", () => {
    const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? "";
    const { definition } = parseWorkflow(example, { nodes, format: "json" });
    expect(definition?.name).toBe("grades");
    expect(definition?.layout).toEqual({ score: { x: 0, y: 0 } });
    expect(graphForm(definition as never).nodes[0]?.position).toEqual({ x: 0, y: 0 });
    const rows = page.slice(page.indexOf("| type and data"), page.indexOf("### What is done"));
    const documented = [...rows.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z_]+)/g)].map(([, type]) => type ?? ""),
    );
    expect(documented.toSorted()).toEqual([...GRAPH_NODES.keys()].toSorted());
  });

  it("keeps texts that look like expressions, and ids that are no identifiers", () => {
    const text = "${{ 1 }} $${{ {{ x }} $$${{ $& $1";
    const graph = {
      nodes: [
        { id: "a.b", type: "text_input", data: { text } },
        { id: 'q"1', type: "renderer" },
      ],
      edges: [edge("a.b", 'q"1')],
    };
    const { definition, problems } = checkDefinition(graph, { nodes });
    expect(problems).toEqual([]);
    expect(definition?.steps[1]?.needs).toEqual(['["a.b"]']);
    expect(compileTemplate(definition?.steps[0]?.with).evaluate({})).toEqual({ value: text });
  });

  it.each([
    [{ value: 1 }, "number"],
    [{ text: "a" }, "text_input"],
    [{ op: "add" }, "operation"],
    [{ condition: "true", max_iterations: 3 }, "while_loop"],
    [{ start: 1, end: 3, step: 1 }, "range"],
    [{ expression: "a", initial_value: 0 }, "reduce"],
  ])("infers the type of %j", (data, type) => {
    expect(inferNodeType(data, true)).toEqual({ type });
  });

  it("asks where several types are possible", () => {
    expect(inferNodeType({ condition: "true" }, true)).toEqual({
      candidates: ["condition", "filter", "find", "partition"],
    });
    expect(problemsOf({ nodes: [{ id: "a", data: { field: "x" } }] })[0]?.[2]).toMatch(/Node `a`/);
  });
});

describe("expressions of graphs", () => {
  const scope = {
    ...{ input: "in", current: "in", names: { item: "in" }, isPlain: (id: string) => id === "n-1" },
    variable: (name: string) => (name === "x" ? "steps.x.output.value" : null),
    context: () => null,
    node: (id: string) => `steps[${JSON.stringify(id)}].output`,
    nodeIds: () => ["n", "n-1", "n-1.b", "1"],
    knownNames: () => ["x"],
  };
  const translated = (text: string, reading: "value" | "condition" = "value") => {
    const result = translateExpression(text, scope, reading);
    return result.ok ? result.source : `! ${result.message} @${result.offset}`;
  };

  it.each([
    ["node.n-1.value + node.1.a", 'steps["n-1"].output + steps["1"].output.a'],
    ["node.n-1.b.c", 'steps["n-1.b"].output.c'],
    ["a.b[0].c", "in.a.b[0].c"],
    ["-(-x)", "-(-in.x)"],
    ["- -x", "-(-in.x)"],
    [
      "map(a, map(item.b, item + index))",
      "in.a.map((item, index) => item.b.map((item2, index2) => item2 + index2))",
    ],
    ["a ? b : c ? 1 : .5", "in.a ? in.b : in.c ? 1 : 0.5"],
    ["coalesce(a, 'x')", "(in.a ?? 'x' ?? null)"],
    ["variables.x", "steps.x.output.value"],
    ["", "! The expression is empty. @0"],
    ["a +", "! A value is missing at the end. @3"],
    ["a b", "! `b` cannot stand here. @2"],
    ["(a", "! `)` is missing at the end. @2"],
    ["evil(1)", "! There is no function `evil`. @0"],
    ["a.evil()", "! There is no method `evil`. @2"],
    ["variables.y", "! There is no variable `y`. @10"],
    ["pow(1)", "! `pow` takes 2 arguments, not 1. @0"],
    ["a => 1", "! `=` cannot stand here. @2"],
    ["a; b", "! `;` cannot stand here. @1"],
  ])("%s", (text, source) => {
    expect(translated(text)).toBe(source);
  });

  it("reads what may be missing in conditions", () => {
    expect(translated("a.b > 1 && c == null", "condition")).toBe(
      "in?.a?.b > 1 && (in?.c ?? null) == null",
    );
  });

  it("ends with a fault for deep nesting, not with a full stack", () => {
    expect(translated(`${"(".repeat(5_000)}1`)).toMatch(/nested more than 100 deep/);
    expect(translated(`${"-".repeat(5_000)}1`)).toMatch(/nested more than 100 deep/);
  });
});
