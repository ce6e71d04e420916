/** A token of a rate counts for so long: an attempt that comes later has to ask for another one. */
import { expect, test } from "vitest";
import type { Journal } from "#ports/journal.ts";
import { context, driven, work, workflow } from "../engine-fixture.ts";
import { type BenchHost, type HostsBench, openHostsBench } from "./hosts-bench.ts";

const PER_MS = 2_000;
const rateLimit = { key: "'api'", limit: 1, per: "2s" };

const calls = (steps: number) =>
  workflow("calls", {
    steps: Array.from({ length: steps }, (_, at) => work(`call${at}`, "call", { rateLimit })),
  });

/** Commits of the host take so long, from its second one on until one has. */
function slowCommit({ clock }: HostsBench, { store }: BenchHost, delayMs: number): void {
  const journal = store.journal as { -readonly [Name in keyof Journal]: Journal[Name] };
  const real = journal.commit;
  let commits = 0;
  journal.commit = async (commitId, turns) => {
    if (++commits === 2) await new Promise<void>((resolve) => void clock.after(delayMs, resolve));
    return await real(commitId, turns);
  };
}

test("an attempt whose token is too old does not begin beside those that others were granted since", async () => {
  await using bench = openHostsBench();
  const { clock } = bench;
  const startsMs: number[] = [];
  const call = async () => void startsMs.push(clock.monotonicMs());
  const a = await bench.join("a", { work: { call } });
  const b = await bench.join("b", { work: { call }, takesRuns: false });
  // The first creates the run; the second grants the attempt its slot, with a token.
  slowCommit(bench, a, 15_000);
  await driven(clock, a.engine.start(context, { workflow: calls(1), id: "a" }));
  await driven(clock, b.engine.start(context, { workflow: calls(12), id: "b" }));
  const over = (id: string) => bench.disk.data.headOfKey(`default\n${id}`).status === "succeeded";
  await bench.until("both end", () => over("a") && over("b"));
  expect(startsMs).toHaveLength(13);
  const gaps = startsMs.slice(1).map((atMs, at) => atMs - (startsMs[at] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(PER_MS);
  const events = await driven(clock, a.engine.events(context, "a", 0, 100));
  const lost = events.filter(({ type }) => type === "step.lost").map(({ event }) => event);
  // Nobody has failed, and nothing was begun.
  expect(lost).toMatchObject([{ hostLived: true }]);
});
