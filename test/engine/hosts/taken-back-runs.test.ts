/** What a host was writing of a run when it lost it: nothing of that is done, or kept from others. */
import { expect, test } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import type { Journal } from "#ports/journal.ts";
import { context, driven, type Work, work, workflow } from "../engine-fixture.ts";
import { type BenchHost, openHostsBench } from "./hosts-bench.ts";

/** From now on the first commit waits, and comes to nothing when that is over. */
function holdNextCommit({ store }: BenchHost, until: Promise<unknown>): { isHeld: boolean } {
  const journal = store.journal as { -readonly [Name in keyof Journal]: Journal[Name] };
  const real = journal.commit;
  const held = { isHeld: false };
  journal.commit = async (commitId) => {
    held.isHeld = true;
    journal.commit = real;
    await until;
    throw new LockstitchError("store_unavailable", `commit ${commitId} failed`);
  };
  return held;
}

test("a commit that is refused after its run was lost and taken back does not drive it beside", async () => {
  await using bench = openHostsBench();
  const { clock } = bench;
  const after = (delayMs: number) =>
    new Promise<void>((resolve) => void clock.after(delayMs, resolve));
  const table: Record<string, Work> = {
    quick: () => after(1_000),
    long: (_, signal) =>
      new Promise((resolve, reject) => {
        clock.after(30_000, () => resolve("done"));
        signal.addEventListener("abort", () => reject(new Error("told to")));
      }),
  };
  const a = await bench.join("a", { work: table });
  const definition = workflow("two", {
    steps: [work("quick", "quick"), work("long", "long", { needs: ["quick"] })],
  });
  await driven(clock, a.engine.start(context, { workflow: definition, id: "r" }));
  await bench.until("a is at it", () => a.attempts.length === 1);
  const refused = Promise.withResolvers<void>();
  const held = holdNextCommit(a, refused.promise);
  await bench.until("a writes what came of it", () => held.isHeld);
  const b = await bench.join("b", { work: table });
  await bench.away(a, 25_000);
  await bench.until("b is at the second step", () => b.attempts.at(-1)?.path === "long");
  await bench.until("a has noticed", () => a.engine.stats().hosts?.isSuspended === false);
  await driven(clock, b.engine.close(0));
  b.host.isAlive = false;
  await bench.until("a has it back", () => bench.ownerOf("r") === a.host.host);
  await clock.advanceBy(1_000);
  refused.resolve();
  const status = () => bench.disk.data.headOfKey("default\nr").status;
  await bench.until("it ends", () => status() !== "running");
  expect(status()).toBe("succeeded");
  const made = (host: BenchHost) => host.attempts.map(({ path, attempt }) => `${path} ${attempt}`);
  expect(made(b)).toEqual(["quick 2", "long 1"]);
  expect(made(a)).toEqual(["quick 1", "long 2"]);
  const events = await driven(clock, a.engine.events(context, "r", 0, 100));
  const lost = events.filter(({ type }) => type === "step.lost");
  expect(lost.map(({ path, event }) => [path, event["attempt"]])).toEqual([
    ["quick", 1],
    ["long", 1],
  ]);
});

test("a slot that a turn was granted whose run was lost amid its commit is free again", async () => {
  await using bench = openHostsBench();
  const { clock } = bench;
  const quick: Work = () => new Promise<void>((resolve) => void clock.after(1_000, resolve));
  const options = { work: { quick } };
  const a = await bench.join("a", options);
  const alone = { needs: ["one"], concurrency: { key: "'desk'", limit: 1 } };
  const definition = workflow("two", {
    steps: [work("one", "quick"), work("two", "quick", alone)],
  });
  const start = (id: string) =>
    driven(clock, a.engine.start(context, { workflow: definition, id }));
  const ended = (id: string) => () =>
    bench.disk.data.headOfKey(`default\n${id}`).status === "succeeded";
  // From now on this host has the slot, and grants it by itself.
  await start("before");
  await bench.until("a has had the slot", ended("before"));
  await start("r");
  await bench.until("a is at it", () => a.attempts.length === 3);
  const refused = Promise.withResolvers<void>();
  const held = holdNextCommit(a, refused.promise);
  await bench.until("a writes that the second step begins", () => held.isHeld);
  await bench.join("b", options);
  await bench.away(a, 25_000);
  await bench.until("b has brought it to its end", ended("r"));
  await bench.until("a has noticed", () => a.engine.stats().hosts?.isSuspended === false);
  refused.resolve();
  await start("next");
  await bench.until("a goes on", ended("next"));
  expect(a.attempts.map(({ runId }) => runId)).toEqual([
    ...["before", "before", "r"],
    ...["next", "next"],
  ]);
});
