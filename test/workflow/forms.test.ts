import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { workflow } from "#workflow/builder.ts";
import { expr } from "#workflow/builder-ref.ts";
import { checkDefinition } from "#workflow/check.ts";
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { definitionJsonSchema } from "#workflow/definition-schema.ts";
import { graphOf, toDot, toMermaid } from "#workflow/graph-text.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { printJson, printYaml } from "#workflow/print.ts";
import { PRINTERS, printBuilder } from "#workflow/print-builder.ts";
import { fakeNodes } from "./fake-nodes.ts";
import { runBuilderCode } from "./run-builder-code.ts";

const docs = readFileSync(new URL("../../docs/language.md", import.meta.url), "utf8");
const examples: [string, WorkflowDefinition][] = [...docs.matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, yaml]) => {
    const { definition } = parseWorkflow(yaml ?? "", { nodes: fakeNodes });
    if (definition === null) throw new Error("an example of docs/language.md is not valid");
    return [definition.name, definition];
  },
);

describe("printing", () => {
  it.each(examples)("%s reads back from YAML, JSON and builder code", (_name, definition) => {
    const yaml = parseWorkflow(printYaml(definition), { nodes: fakeNodes, format: "yaml" });
    expect(yaml.definition).toEqual(definition);
    const json = parseWorkflow(printJson(definition), { nodes: fakeNodes, format: "json" });
    expect(json.definition).toEqual(definition);
    expect(runBuilderCode(printBuilder(definition))).toEqual(definition);
  });

  it("prints every control step that owns a scope in a form of its own", () => {
    const withoutScopes = [...CONTROL_STEPS.values()].filter(({ fields }) => fields.size === 0);
    const printedAsSteps = [...CONTROL_STEPS.keys()].filter((uses) => PRINTERS[uses] === undefined);
    expect(printedAsSteps).toEqual(withoutScopes.map(({ kind }) => kind));
  });

  it("keeps awkward texts", () => {
    const value = {
      a: "yes",
      b: "1e3",
      c: "# no",
      d: "$${{ x }}",
      e: "a\nb\n",
      f: " x ",
      g: "\u2028",
    };
    const definition: WorkflowDefinition = {
      language: 1,
      name: "awkward",
      steps: [{ id: "node-1", uses: "data.set", with: { value } }],
    };
    const printed = parseWorkflow(printYaml(definition), { nodes: fakeNodes });
    expect(printed.definition).toEqual(definition);
    expect(runBuilderCode(printBuilder(definition))).toEqual(definition);
  });
});

describe("the builder", () => {
  it("takes Zod schemas and types what is read", () => {
    const flow = workflow(
      "typed",
      {
        input: z.object({
          lines: z.array(z.object({ sku: z.string() })),
          limit: z.number().default(3),
        }),
      },
      (w) => {
        const first = w.step<{ price: number }>("node-1", "http.request", {
          url: `https://shop.example/${w.input.lines[0]?.sku}`,
        });
        w.step(
          "b",
          "data.set",
          { value: [first.output.price, { deep: w.input.limit }] },
          {
            needs: [first],
            if: expr`${first.output.price} > ${w.input.limit} && ${"a"} != ${null}`,
          },
        );
      },
    );
    expect(checkDefinition(flow, { nodes: fakeNodes }).problems).toEqual([]);
    expect(flow.steps).toEqual([
      {
        id: "node-1",
        uses: "http.request",
        with: { url: "https://shop.example/${{ input.lines[0].sku }}" },
      },
      {
        id: "b",
        uses: "data.set",
        with: { value: ['${{ steps["node-1"].output.price }}', { deep: "${{ input.limit }}" }] },
        needs: ['["node-1"]'],
        if: 'steps["node-1"].output.price > input.limit && "a" != null',
      },
    ]);
    expect(flow.input).toMatchObject({ type: "object", required: ["lines"] });
  });
});

describe("the editors' schema", () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
    definitionJsonSchema(fakeNodes),
  );

  it.each(examples)("accepts %s", (_name, definition) => {
    expect(validate(definition), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each<[string, object]>([
    ["an unknown type", { uses: "nop" }],
    ["an unknown field", { uses: "noop", neds: [] }],
    ["a field of another type", { uses: "noop", steps: [] }],
    ["a wrong config", { uses: "http.request", with: { url: 1 } }],
    ["a missing condition", { uses: "if" }],
    ["an unknown config field", { uses: "wait.for", with: { duration: "1s", for: 1 } }],
  ])("refuses %s", (_name, step) => {
    expect(validate({ language: 1, name: "a", steps: [{ id: "a", ...step }] })).toBe(false);
  });
});

describe("graphs", () => {
  const plan = compilePlan(
    {
      language: 1,
      name: "graph",
      steps: [
        { id: "check", uses: "if", with: { condition: "true" } },
        {
          id: "node-1",
          uses: "noop",
          needs: ["check.true"],
          with: { value: "${{ steps.check.output }}" },
        },
        {
          id: "t",
          uses: "try",
          steps: [{ id: "a", uses: "noop" }],
          catch: [
            { errors: ["timeout"], steps: [{ id: "b", uses: "noop" }] },
            { steps: [{ id: "b", uses: "noop" }] },
          ],
        },
        { id: "last", uses: "noop", needs: [], with: { value: "${{ steps.t.output }}" } },
      ],
      finally: [{ id: "log", uses: "noop" }],
    },
    fakeNodes,
  );

  it("name every step, edge and scope once", () => {
    const graph = graphOf(plan);
    expect(graph.nodes.map(({ id, scope }) => `${scope}|${id}`)).toEqual([
      "|check",
      '|["node-1"]',
      "|t",
      "t.body|t.a",
      't["catch.0"]|t.catch.b'.replace("t[", "t.["),
      't.["catch.1"]|t.["catch.1"].b',
      "|last",
      "finally|finally.log",
    ]);
    expect(graph.edges).toEqual([
      { from: "check", to: '["node-1"]', port: "true", implied: false },
      { from: '["node-1"]', to: "t", port: null, implied: false },
      { from: "t", to: "last", port: null, implied: true },
    ]);
    expect(graph.groups.map(({ label, owner }) => [label, owner])).toEqual([
      ["t", "t"],
      ["t: catch timeout", "t"],
      ["t: catch", "t"],
      ["finally", null],
    ]);
  });

  it("are drawn as Mermaid and DOT", () => {
    const mermaid = toMermaid(plan);
    expect(mermaid).toContain('n0["check<br/><small>if</small>"]');
    expect(mermaid).toContain('n0 -->|"true"| n1');
    expect(mermaid).toContain("n2 -.-> n6");
    expect(mermaid.match(/subgraph/g)).toHaveLength(4);
    expect(mermaid.match(/^ *end$/gm)).toHaveLength(4);
    const dot = toDot(plan);
    expect(dot).toContain('"check" -> "[\\"node-1\\"]" [label="true"];');
    expect(dot).toContain('"t" -> "last" [style=dashed];');
    expect(dot.match(/\{/g)?.length).toBe(dot.match(/\}/g)?.length);
  });
});
