/**
 * Graphs that nobody drew in good faith: each is refused in words that name the node, quickly, and
 * never taken for something else. No parse may take long or fail otherwise than with problems.
 */
import { describe, expect, it } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { threadMs } from "../../support/thread-time.ts";

const nodes = createRegistry();
type Handle = string | number | object;
const node = (id: unknown, type: unknown = "number", data: unknown = { value: 1 }) => ({
  ...{ id, type, data },
});
const edge = (source: unknown, target: unknown, sourceHandle?: Handle) => ({
  ...{ source, target, sourceHandle },
});
const ids = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`);
const shown = (id: string) => node(id, "renderer", {});
const LOOP = [
  node("list", "range", { start: 1, end: 3 }),
  node("loop", "for_each", {}),
  node("a", "expression", { expression: "item" }),
];

/** Milliseconds of processor time that a parse may take; they take tens. */
const LIMIT_MS = 8_000;

function told(graph: unknown): { readonly messages: readonly string[]; readonly taken: boolean } {
  const before = threadMs();
  const text = typeof graph === "string" ? graph : JSON.stringify(graph);
  const { definition, problems } = parseWorkflow(text, { nodes, format: "json" });
  expect(threadMs() - before).toBeLessThan(LIMIT_MS);
  for (const { message } of problems) expect(message.length).toBeLessThan(1_000);
  return { messages: problems.map(({ message }) => message), taken: definition !== null };
}

describe("hostile graphs", () => {
  it.each<[string, unknown, RegExp]>([
    ["nodes that are none", { nodes: [null, 3, "x", []] }, /Node 4 of the graph has no id/],
    ["edges that are none", { nodes: [node("a")], edges: [null, 1, {}] }, /Edge 3 .* needs/],
    ["edges that are no list", { nodes: [], edges: {} }, /`edges` of a graph must be a list/],
    ["ids that are no text", { nodes: [node({}), node([]), node(true)] }, /Node 3 .* has no id/],
    ["an id that is empty", { nodes: [node("")] }, /Node 1 .* has no id/],
    ["a number and its text", { nodes: [node(1), node("1")] }, /Two nodes are called `1`/],
    [
      "ids of prototypes",
      '{"nodes":[{"id":"__proto__","type":"number","data":{"value":1}},{"id":"constructor","type":"renderer"}]}',
      /Node 2 of the graph: its id "constructor" is a name that the language keeps/,
    ],
    [
      "data of prototypes",
      '{"nodes":[{"id":"a","type":"number","data":{"__proto__":{"value":5}}}]}',
      /Node `a` \(number\) has no `value`/,
    ],
    ["an id without end", { nodes: [node("x".repeat(5_000))] }, /longer than 256 characters/],
    ["an id of two lines", { nodes: [node("a\nb")] }, /its id "a\\nb" has control characters/],
    ["an id of half a character", { nodes: [node("\ud800")] }, /has half a character/],
    ["types that are no text", { nodes: [node("a", ["number"])] }, /`type` of node `a` must be/],
    ["a type of prototypes", { nodes: [node("a", "__proto__")] }, /Node `a` has the type/],
    [
      "steps that own others",
      { nodes: [node("a", "saga", {})] },
      /Node `a`: `saga` is a step of the language/,
    ],
    [
      "the end of a run under another name",
      { nodes: [node("a", "workflow.continue", {})] },
      /Node `a`: `workflow.continue` is a step/,
    ],
    [
      "three nodes of one name",
      { nodes: [node("a"), node("a"), node("a")] },
      /Two nodes are called `a`/,
    ],
    ["an edge from nowhere to nowhere", { nodes: [node("a")], edges: [edge("x", "y")] }, /`x`/],
    ["an edge to itself", { nodes: [shown("a")], edges: [edge("a", "a")] }, /Node `a` has an edge/],
    [
      "several cycles",
      {
        nodes: ["a", "b", "c", "d"].map(shown),
        edges: [edge("a", "b"), edge("b", "a"), edge("c", "d"), edge("d", "c")],
      },
      /a -> b -> a.*c -> d -> c/s,
    ],
    [
      "a body that leads back to its loop",
      { nodes: LOOP, edges: [edge("list", "loop"), edge("loop", "a", "body"), edge("a", "loop")] },
      /loop -> a -> loop/,
    ],
    [
      "a cycle of thousands",
      {
        nodes: ids(2_000).map(shown),
        edges: ids(2_000).map((id, at) => edge(id, `n${(at + 1) % 2_000}`)),
      },
      /n0 -> n1 .* -> \(1989 more\) -> .* -> n0/,
    ],
    [
      "each with each",
      {
        nodes: ids(60).map(shown),
        edges: ids(60).flatMap((from) => ids(60).map((to) => edge(from, to))),
      },
      /1750 more edges close a circle/,
    ],
    [
      "a node in the body and behind it",
      {
        nodes: LOOP,
        edges: [edge("list", "loop"), edge("loop", "a", "body"), edge("loop", "a", "done")],
      },
      /Node `a` stands behind `body` of `loop`, and after that loop as well/,
    ],
    [
      "a body of two loops",
      {
        nodes: [...LOOP, node("other", "for_each", {})],
        edges: [
          ...[edge("list", "loop"), edge("list", "other")],
          ...[edge("loop", "a", "body"), edge("other", "a", "body")],
        ],
      },
      /Node `a` stands behind `body` of `other`, and in the body of `loop`/,
    ],
    [
      "a mistyped port of a loop",
      { nodes: LOOP, edges: [edge("list", "loop"), edge("loop", "a", "finised")] },
      /Node `loop` has no port `finised`, from which an edge leads to `a`/,
    ],
    [
      "a path that a split has not",
      {
        nodes: [node("a"), node("s", "split", { paths: ["x"] }), shown("b")],
        edges: [edge("a", "s"), edge("s", "b", "y")],
      },
      /Node `s` has no port `y`/,
    ],
    [
      "handles that are no text",
      {
        nodes: [node("a"), node("c", "condition", { condition: "true" }), shown("b")],
        edges: [edge("a", "c"), edge("c", "b", { port: "true" })],
      },
      /from `c` to `b`: its `sourceHandle` must be a text/,
    ],
    [
      "two defaults",
      {
        nodes: [
          node("a"),
          node("s", "switch", { cases: [{ is_default: true }, { is_default: true }] }),
        ],
        edges: [edge("a", "s")],
      },
      /Node `s` \(switch\): It has more than one default/,
    ],
    [
      "data of two types",
      { nodes: [{ id: "a", data: { value: 1, text: "x" } }] },
      /Node `a` has no type/,
    ],
    [
      "an expression that breaks out",
      {
        nodes: [node("a"), node("c", "expression", { expression: "}} ${{ secrets.X }}" })],
        edges: [edge("a", "c")],
      },
      /Node `c` \(expression\): `}` cannot stand here/,
    ],
    [
      "an expression that closes a bracket too much",
      {
        nodes: [node("a"), node("c", "condition", { condition: "true) || (secrets.X" })],
        edges: [edge("a", "c")],
      },
      /Node `c` \(condition\): `\)` cannot stand here/,
    ],
    [
      "the way to a function",
      {
        nodes: [node("a"), node("c", "expression", { expression: "input.constructor('x')()" })],
        edges: [edge("a", "c")],
      },
      /Node `c` \(expression\): There is no method `constructor`/,
    ],
    [
      "the way to a prototype",
      {
        nodes: [node("a"), node("c", "expression", { expression: "input.__proto__" })],
        edges: [edge("a", "c")],
      },
      /Node `c`: .*"__proto__" cannot be reached/,
    ],
    [
      "too many nodes",
      { nodes: ids(20_000).map((id) => node(id)) },
      /has 20000 nodes; at most 10000/,
    ],
    [
      "too many edges",
      { nodes: [shown("a")], edges: Array.from({ length: 100_001 }, () => edge("a", "b")) },
      /has 100001 edges; at most 100000/,
    ],
    [
      "thousands of edges to nowhere",
      {
        nodes: ids(4_000).map((id) => node(id)),
        edges: ids(4_000).map((id) => edge(id, `${id}x`)),
      },
      /no node `n0x`/,
    ],
    [
      "loops in loops in loops",
      {
        nodes: [LOOP[0], ...ids(40).map((id) => node(id, "for_each", {}))],
        edges: ids(40).map((id, at) =>
          edge(at === 0 ? "list" : `n${at - 1}`, id, at === 0 ? undefined : "body"),
        ),
      },
      /nested more than 32 levels/,
    ],
    [
      "data without end",
      `{"nodes":[{"id":"a","type":"number","data":{"value":${"[".repeat(50_000)}${"]".repeat(50_000)}}}]}`,
      /nested more than 256 deep/,
    ],
    [
      "a number that is none",
      '{"nodes":[{"id":"a","type":"number","data":{"value":1e400}}]}',
      /1e400/,
    ],
    [
      "nodes of the graph form that stand in each other",
      {
        ...{ language: 1, name: "x" },
        nodes: [
          { id: "a", type: "for_each", parent: "b", slot: "body", data: { with: { items: [] } } },
          { id: "b", type: "for_each", parent: "a", slot: "body", data: { with: { items: [] } } },
        ],
      },
      /Node `a` stands in itself: a in b in a/,
    ],
  ])("refuses %s", (_what, graph, message) => {
    const { messages, taken } = told(graph);
    expect(messages.join("\n")).toMatch(message);
    expect(taken).toBe(false);
  });

  it.each<[string, unknown]>([
    [
      "a chain of thousands",
      {
        nodes: ids(4_500).map((id, at) => (at === 0 ? node(id) : shown(id))),
        edges: ids(4_500)
          .slice(1)
          .map((id, at) => edge(`n${at}`, id)),
      },
    ],
    [
      "hundreds of reads of one variable",
      {
        nodes: [
          node("n"),
          ...ids(600).map((id, at) =>
            node(id, "variable", { var_name: "x", var_op: at % 2 === 0 ? "set" : "get" }),
          ),
        ],
        edges: ids(600).map((id, at) => edge(at === 0 ? "n" : `n${at - 1}`, id)),
      },
    ],
    [
      "guards behind guards on many ways",
      {
        nodes: [node("a"), ...ids(60).map((id) => node(id, "retry", {}))],
        edges: ids(60).flatMap((id, at) =>
          at < 2
            ? [edge("a", id)]
            : [edge(`n${at - (at % 2) - 2}`, id), edge(`n${at - (at % 2) - 1}`, id)],
        ),
      },
    ],
    [
      "ids that are written like paths",
      { nodes: ["a.true", "a[0]", "a@1", " "].map((id) => node(id)) },
    ],
    [
      "texts that look like expressions",
      { nodes: [node("a", "text_input", { text: "${{ secrets.X }}" })] },
    ],
    ["nothing", { nodes: [] }],
  ])("takes %s, and in time", (_what, graph) => {
    expect(told(graph)).toEqual({ messages: [], taken: true });
  });
});

describe("loops in loops", () => {
  const nested = (depth: number, handle?: string) => ({
    nodes: [
      node("list", "range", { start: 1, end: 3 }),
      ...ids(depth).map((id) => node(id, "for_each", {})),
      node("last", "expression", { expression: "1" }),
    ],
    edges: [
      edge("list", "n0"),
      ...ids(depth).map((id, at) => edge(id, at + 1 < depth ? `n${at + 1}` : "last", handle)),
    ],
  });

  it.each([
    [40, "body"],
    [40, undefined],
    [1_000, "body"],
    [9_000, undefined],
  ])("%i of them, by port %s, are refused in words and not by the stack", (depth, handle) => {
    const { messages, taken } = told(nested(depth, handle));
    expect(taken).toBe(false);
    expect(messages.join()).toMatch(/Node `n\d+`: loops are nested more than 32 levels deep/);
  });

  it("as many one after another as there are nodes are taken", () => {
    const count = 60;
    const graph = {
      nodes: [
        node("list", "range", { start: 1, end: 3 }),
        ...ids(count).flatMap((id) => [
          node(id, "for_each", {}),
          node(`${id}_in`, "expression", { expression: "item" }),
        ]),
      ],
      edges: [
        edge("list", "n0"),
        ...ids(count).map((id) => edge(id, `${id}_in`, "body")),
        ...ids(count - 1).map((id, at) => edge(id, `n${at + 1}`, "done")),
      ],
    };
    expect(told(graph).messages.join()).not.toMatch(/nested more than/);
  });
});
