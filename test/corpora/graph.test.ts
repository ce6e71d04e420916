/**
 * The recorded cases of graph JSON, all of them: each matches, is better (the recorded behaviour is a
 * fault, and what we do stands in graph-verdicts.ts), or is out of scope with a reason there.
 */
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { translateExpression } from "#workflow/import/graph-expression.ts";
import { type LocalServer, localServer } from "../nodes/http/local-server.ts";
import {
  type ExpressionCase,
  graphOfNode,
  hasCorpora,
  NODE,
  type NodeCase,
  readCases,
  type WorkflowCase,
} from "./graph-cases.ts";
import { GraphRunner, type Outcome } from "./graph-runner.ts";
import { type Verdict, verdictCount, verdictOf } from "./graph-verdicts.ts";

const counts = { match: 0, better: 0, outOfScope: 0 };

/** Holds the case to its verdict. `matches`: whether we do what was recorded. */
function judge(key: string, outcome: Outcome, matches: boolean): void {
  const verdict: Verdict | null = verdictOf(key);
  if (verdict === null) {
    expect(outcome, key).toSatisfy(() => matches);
    counts.match += 1;
    return;
  }
  expect(matches && !verdict.mayMatch, `${key} matches now: take it off the list`).toBe(false);
  expect(outcome, `${key}: ${verdict.why}`).toSatisfy(() => verdict.holds(outcome));
  if (verdict.kind === "better") counts.better += 1;
  else counts.outOfScope += 1;
}

const NO_CONFIG = { AllowHTTP: true, AllowLocalhost: true };

describe.skipIf(!hasCorpora)("recorded cases of graph JSON", () => {
  const runner = new GraphRunner();
  let server: LocalServer;
  /** What the server answers, by path. */
  const answers = new Map<string, { readonly status: number; readonly body: string }>();

  beforeAll(async () => {
    server = await localServer(({ url }, response) => {
      const { status, body } = answers.get(url) ?? { status: 404, body: "" };
      response.writeHead(status, { "content-type": "text/plain" });
      response.end(body);
    });
  });

  afterAll(async () => {
    await runner[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    const { match, better, outOfScope } = counts;
    const all = match + better + outOfScope;
    process.stdout.write(
      `graph corpora: ${all} cases, ${match} match, ${better} better, ${outOfScope} out of scope; ` +
        `${((100 * (match + better)) / all).toFixed(2)} % match or are better\n`,
    );
  });

  /** The graph with the recorded addresses turned to the local server, which answers as recorded. */
  function withServer(
    key: string,
    graph: unknown,
    one: Pick<WorkflowCase, "node_results" | "error">,
  ) {
    const status = Number(/error status: (\d+)/.exec(one.error ?? "")?.[1] ?? 200);
    return JSON.parse(JSON.stringify(graph), function revive(this: unknown, name, value: unknown) {
      if (name !== "data" || typeof value !== "object" || value === null) return value;
      const { url } = value as { readonly url?: unknown };
      if (typeof url !== "string" || !/^http:\/\/127\.0\.0\.1:\d+$/.test(url)) return value;
      const id = String((this as { readonly id?: unknown }).id);
      const path = `/${encodeURIComponent(`${key}/${id}`)}`;
      answers.set(path, { status, body: String(one.node_results?.[id] ?? "OK") });
      return { ...value, url: `${server.url}${path}` };
    });
  }

  describe("workflows", () => {
    readCases<WorkflowCase>("workflows").forEach((one, index, all) => {
      const key = `workflows ${index}`;
      it(`${key}: ${one.test}`, async () => {
        const limitMs = Number(one.config["MaxExecutionTimeMs"]);
        const deadline = limitMs < 1_000 ? { deadline: limitMs } : {};
        // The snapshot that an empty payload goes on from is that of the case before.
        const resumed = one.payload_raw === "" ? all[index - 1]?.payload : undefined;
        const graph =
          one.payload === undefined
            ? (one.payload_raw ?? "")
            : { ...(withServer(key, one.payload, one) as object), ...deadline };
        const outcome = await (resumed === undefined
          ? runner.run(graph, one)
          : runner.runAndReopen(resumed, one));
        judge(key, outcome, sameRun(outcome, one));
      });
    });
  });

  describe("nodes", () => {
    readCases<NodeCase>("nodes").forEach((one, index) => {
      const key = `nodes ${index}`;
      it(`${key}: ${one.type} in ${one.test}`, async () => {
        const recorded = one.error === undefined ? { node_results: { [NODE]: one.value } } : {};
        const graph = withServer(key, graphOfNode(one), recorded);
        const outcome = await runner.run(graph, { test: one.test, config: NO_CONFIG });
        judge(key, outcome, sameNode(outcome, one));
      });
    });
  });

  describe("expressions", () => {
    readCases<ExpressionCase>("expressions").forEach((one, index) => {
      const key = `expressions ${index}`;
      it(`${key}: ${one.expr}`, () => {
        const outcome = evaluated(one);
        const matches =
          one.error === undefined
            ? outcome.error === null && isDeepStrictEqual(outcome.output, one.value)
            : outcome.error !== null;
        judge(key, outcome, matches);
      });
    });
  });

  it("are matched or done better in at least 95 of 100 cases, better in at most 10", () => {
    const all = counts.match + counts.better + counts.outOfScope;
    expect(all).toBe(836);
    expect((counts.match + counts.better) / all).toBeGreaterThanOrEqual(0.95);
    expect(counts.better / all).toBeLessThanOrEqual(0.1);
    expect(verdictCount("better")).toBeLessThanOrEqual(29);
    expect(verdictCount("out of scope")).toBeLessThanOrEqual(30);
  });
});

it.runIf(!hasCorpora)("recorded cases of graph JSON are SKIPPED", () => {
  process.stdout.write(
    "graph corpora: SKIPPED, ../shared/corpora/graph is not beside the project\n",
  );
});

function sameRun(outcome: Outcome, one: WorkflowCase): boolean {
  if (one.error === undefined)
    return (
      outcome.error === null &&
      isDeepStrictEqual(outcome.results, one.node_results) &&
      isDeepStrictEqual(outcome.output, one.final_output)
    );
  const node = /executing node (\S+?):/.exec(one.error)?.[1];
  return outcome.error !== null && (node === undefined || outcome.error.nodes.includes(node));
}

function sameNode(outcome: Outcome, one: NodeCase): boolean {
  if (one.error !== undefined) return outcome.error?.nodes.includes(NODE) === true;
  return (
    outcome.error === null &&
    isDeepStrictEqual(withoutWords(outcome.results[NODE]), withoutWords(one.value))
  );
}

/** Error texts need not be equal. */
function withoutWords(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (name, field: unknown) => (name === "description" ? "" : field)),
  );
}

function evaluated(one: ExpressionCase): Outcome {
  const [variables, values, nodes] = [one.ctx?.variables, one.ctx?.context, one.ctx?.nodes].map(
    (fields) => fields ?? {},
  ) as [Fields, Fields, Fields];
  const names: Record<string, string> = { item: "value" };
  for (const name of ["item", "index", "items", "accumulator"])
    if (Object.hasOwn(variables, name)) names[name] = `variables.${name}`;
  const own = (fields: Fields, root: string) => (name: string) =>
    Object.hasOwn(fields, name) ? `${root}[${JSON.stringify(name)}]` : null;
  const isTest = one.fn === "Evaluate";
  const translated = translateExpression(
    one.expr,
    {
      ...{ input: "value", current: "value", names },
      ...{ variable: own(variables, "variables"), context: own(values, "context") },
      ...{ node: own(nodes, "nodes"), isPlain: () => false },
      nodeIds: () => Object.keys(nodes),
      knownNames: () => [...Object.keys(variables), ...Object.keys(values)],
    },
    isTest ? "condition" : "value",
  );
  if (!translated.ok) return { error: { nodes: [], message: translated.message } };
  // The recorded engine hands the input over as a variable too, at times only so.
  const value = one.input ?? variables["input"] ?? null;
  const scope = { value, variables, context: values, nodes };
  try {
    const compiled = compileExpression(translated.source);
    return {
      output: isTest ? compiled.test(scope) : compiled.evaluate(scope),
      ...{ results: {}, error: null },
    };
  } catch (error) {
    return { error: { nodes: [], message: (error as Error).message } };
  }
}

type Fields = Readonly<Record<string, unknown>>;
