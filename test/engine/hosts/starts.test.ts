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

test("a start that is under way when its host closes is refused, and does not hold the host up", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  let closed: Promise<void> | null = null;
  behind(a, "startKey", async () => {
    closed = a.engine.close(1_000);
    // The look takes longer than the engine needs to stop.
    await new Promise<void>((resolve) => void bench.clock.after(2_000, resolve));
  });
  const start = a.engine.start(context, { workflow: definition, id: "r" });
  const refused = start.then(
    () => "started",
    (error: { readonly code?: string }) => error.code,
  );
  expect(await driven(bench.clock, Promise.race([refused, after(bench.clock, 60_000)]))).toBe(
    "shutting_down",
  );
  await driven(bench.clock, closed ?? Promise.reject(new Error("it was not closed")));
  expect(await driven(bench.clock, a.store.journal.head(context, "r"))).toBeNull();
});

test("a start that asks for a slot while its host begins to stop is not told that a free key is full", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  await bench.join("b", { work: { give } });
  let closed: Promise<void> | null = null;
  let isClosing = false;
  behind(a, "startKey", async () => {
    isClosing = true;
    closed = a.engine.close(1_000);
  });
  // The engine takes calls until the others know that it stops: that takes a while here.
  const told = Promise.withResolvers<void>();
  const { hosts } = a.store;
  const beat = hosts?.beat.bind(hosts);
  if (hosts === undefined || beat === undefined) throw new Error("the store has no hosts");
  hosts.beat = async (load) => {
    if (isClosing) await told.promise;
    return await beat(load);
  };
  const alone = workflow("alone", {
    concurrency: { key: "'alone'", limit: 1, whenFull: "reject" },
    steps: [work("a", "give")],
  });
  const start = a.engine.start(context, { workflow: alone, id: "r" }).then(
    () => "started",
    (error: { readonly code?: string }) => error.code,
  );
  const code = await driven(bench.clock, start);
  told.resolve();
  await driven(bench.clock, closed ?? Promise.reject(new Error("it was not closed")));
  expect(code).toBe("shutting_down");
});

const after = (clock: { after(delayMs: number, wake: () => void): unknown }, delayMs: number) =>
  new Promise<string>((resolve) => void clock.after(delayMs, () => resolve("late")));
