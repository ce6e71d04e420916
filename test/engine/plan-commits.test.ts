/** What `lockstitch plan` says of commits is what an engine needs on the longest way. */
import { expect, test } from "vitest";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { outlineOf } from "#workflow/plan-outline.ts";
import { nodes, openBench, work, workflow } from "./engine-fixture.ts";

const pure = (id: string) => ({ id, uses: "noop" });
const nap = (id: string) => ({ id, uses: "wait.for", with: { duration: "1s" } });

test.each<readonly [string, Record<string, unknown>]>([
  ["only pure steps", { steps: [pure("a"), pure("b"), pure("c")] }],
  ["a chain of effects", { steps: ["a", "b", "c", "d"].map((id) => work(id, "do")) }],
  ["waits and pure steps between", { steps: [nap("a"), pure("b"), work("c", "do"), nap("d")] }],
  [
    "one after the other inside a scope",
    {
      steps: [
        {
          id: "each",
          uses: "for_each",
          with: { items: [1], concurrency: 1 },
          steps: [work("a", "do"), work("b", "do")],
        },
        work("c", "do"),
      ],
    },
  ],
  ["finally", { steps: [work("a", "do")], finally: [work("b", "do")] }],
])("%s", async (_name, fields) => {
  const definition: WorkflowDefinition = workflow("w", fields);
  const { commits } = outlineOf(compilePlan(definition, nodes), {
    ...{ httpCallsPerRunMax: 100, eventsWarned: 200_000 },
  });
  await using bench = await openBench({ work: { do: async () => null } });
  const before = bench.engine.stats().commits;
  const run = await bench.run(definition);
  expect(run.status).toBe("succeeded");
  expect(bench.engine.stats().commits - before).toBe(commits.path);
});
