/**
 * Every example of docs/language.md runs on the embedded engine to the outcomes that the page
 * states below it; that the TypeScript form is the same definition is language.test.ts's part.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { parseWorkflow } from "#workflow/parse.ts";
import {
  type Bench,
  context,
  driven,
  nodes,
  openBench,
  type Work,
} from "../engine/engine-fixture.ts";

const read = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

interface Outcome {
  readonly sentence: string;
  readonly input: unknown;
  readonly when: string | null;
  readonly status: string;
  /** undefined: the page does not say. */
  readonly output: unknown;
  readonly error: string | null;
  readonly steps: Readonly<Record<string, string>>;
}

const OUTCOME =
  /(?:With input `([^`]*)`|Without input)(?:, when ([a-z ]+),)? the run ends `(\w+)`(?:, output `([^`]*)`)?(?:, error `([^`]*)`)?(?:, steps `([^`]*)`)?\./g;

const page = read("docs/language.md");
const examples = [...page.matchAll(/```yaml\n(.*?)```(.*?)```ts/gs)].map(
  ([, yaml = "", prose = ""]) => ({
    name: /^name: (\S+)/m.exec(yaml)?.[1] ?? "?",
    yaml,
    outcomes: outcomesOf(prose),
  }),
);

function outcomesOf(prose: string): Outcome[] {
  return [...prose.replaceAll(/\s+/g, " ").matchAll(OUTCOME)].map(
    ([sentence, input, when, status, output, error, steps]) => ({
      sentence,
      input: JSON.parse(input ?? "{}"),
      when: when ?? null,
      status: status ?? "",
      output: output === undefined ? undefined : JSON.parse(output),
      error: error ?? null,
      steps: JSON.parse(steps ?? "{}"),
    }),
  );
}

/** The other side of http.request, without a network. */
const RATES: Readonly<Record<string, Work>> = {
  "http.request": async () => ({ status: 200, headers: {}, body: { rate: 3 } }),
};

/** What happens beside time, by the words of the page. */
const EVENTS: Readonly<Record<string, (bench: Bench, runId: string) => Promise<unknown>>> = {
  "the payment is signalled": (bench, runId) =>
    bench.engine.signal(context, runId, { name: "payment", key: "order-1" }),
  "ada approves": (bench, runId) => decideNext(bench, runId, true),
  "ada rejects": (bench, runId) => decideNext(bench, runId, false),
  "nobody answers": async () => undefined,
};

/** Moves time only until the approval is asked for: it expires later. */
async function decideNext(bench: Bench, runId: string, approved: boolean): Promise<void> {
  for (;;) {
    const [approval] = await bench.engine.approvals(context);
    if (approval !== undefined)
      return void (await bench.engine.decideApproval(context, runId, approval.path, { approved }));
    if (!bench.clock.wakeNext()) throw new Error("no approval is ever asked for");
    await bench.clock.settle();
  }
}

async function definitionOf(yaml: string) {
  const { definition } = parseWorkflow(yaml, { nodes });
  if (definition === null) throw new Error("the example is not valid");
  return definition;
}

describe("docs/language.md", () => {
  it("states an outcome below each of its examples", () => {
    expect(examples.length).toBeGreaterThanOrEqual(12);
    expect(examples.filter(({ outcomes }) => outcomes.length === 0)).toEqual([]);
    const sentences = examples.flatMap(({ outcomes }) => outcomes);
    expect(sentences.length).toBe(page.match(/\bthe run\s+ends\s+`/g)?.length);
  });

  const cases = examples.flatMap(({ name, yaml, outcomes }) =>
    outcomes.map((outcome) => ({ name, yaml, outcome, sentence: outcome.sentence })),
  );
  it.each(cases)("$name: $sentence", async ({ name, yaml, outcome }) => {
    await using bench = await openBench({ work: RATES });
    for (const other of examples)
      if (other.name !== name)
        await driven(
          bench.clock,
          bench.engine.saveWorkflow(context, await definitionOf(other.yaml)),
        );
    const request = { workflow: await definitionOf(yaml), input: outcome.input };
    const { run } = await driven(bench.clock, bench.engine.start(context, request));
    if (outcome.when !== null) {
      const happens = EVENTS[outcome.when];
      if (happens === undefined) throw new Error(`the test does not know "${outcome.when}"`);
      await happens(bench, run.id);
    }
    const ended = await bench.settle(run.id);
    const { steps } = await driven(bench.clock, bench.engine.state(context, run.id));
    const statuses = Object.fromEntries(steps.map(({ path, status }) => [path, status]));
    expect({
      status: ended.status,
      error: ended.error?.code ?? null,
      ...(outcome.output === undefined ? {} : { output: ended.output }),
      steps: Object.fromEntries(Object.keys(outcome.steps).map((path) => [path, statuses[path]])),
    }).toEqual({
      status: outcome.status,
      error: outcome.error,
      ...(outcome.output === undefined ? {} : { output: outcome.output }),
      steps: outcome.steps,
    });
    expect(bench.logs).toEqual([]);
  });
});

describe("README.md", () => {
  /** The shop, without a network. */
  const shop: Record<string, Work> = {
    price: async ({ config }) => ({
      status: 200,
      body: { price: (config as { url: string }).url.endsWith("/price/pen") ? 2 : 500 },
    }),
  };
  const yaml = /```yaml\n(.*?)```/s.exec(read("README.md"))?.[1] ?? "";
  const local = yaml
    .replace("uses: http.request", "uses: test.work")
    .replace("with: { url:", "with: { do: price, url:");

  test.each([
    ["a small order needs nobody", [{ sku: "pen", quantity: 3 }], false, "succeeded", { total: 6 }],
    ["a large one is approved", [{ sku: "desk", quantity: 3 }], true, "succeeded", { total: 1500 }],
    ["or it expires", [{ sku: "desk", quantity: 3 }], false, "failed", null],
  ])("%s", async (_name, lines, isApproved, status, output) => {
    expect(local).not.toBe(yaml);
    await using bench = await openBench({ work: shop });
    const request = { workflow: await definitionOf(local), input: { lines } };
    const { run } = await driven(bench.clock, bench.engine.start(context, request));
    if (isApproved) await decideNext(bench, run.id, true);
    expect(await bench.settle(run.id)).toMatchObject({ status, output });
  });
});
