/** The same start at two hosts at once: one run, and both are told so. */
import { expect, test } from "vitest";
import type { Journal } from "#ports/journal.ts";
import { context, driven, type Work, work, workflow } from "../engine-fixture.ts";
import { type BenchHost, openHostsBench } from "./hosts-bench.ts";

const give: Work = async () => "given";
const definition = workflow("one", { steps: [work("a", "give")] });

/** Does `meanwhile` right behind the first answer of `operation`. */
function behind(
  { store }: BenchHost,
  operation: "startKey" | "head",
  meanwhile: () => Promise<unknown>,
): void {
  const journal = store.journal as { -readonly [Name in keyof Journal]: Journal[Name] };
  const real = journal[operation].bind(journal) as (...args: unknown[]) => Promise<unknown>;
  let isFirst = true;
  journal[operation] = (async (...args: unknown[]) => {
    const answer = await real(...args);
    if (!isFirst) return answer;
    isFirst = false;
    await meanwhile();
    return answer;
  }) as never;
}

test.each(["head", "startKey"] as const)(
  "a start that another host makes durable right behind the look for its %s is that run",
  async (operation) => {
    await using bench = openHostsBench();
    const a = await bench.join("a", { work: { give } });
    const b = await bench.join("b", { work: { give } });
    const start = ({ engine }: BenchHost) =>
      engine.start(context, { workflow: definition, id: "r" });
    behind(b, operation, () => start(a));
    const { run, created } = await driven(bench.clock, start(b));
    expect({ id: run.id, created }).toEqual({ id: "r", created: false });
  },
);
