/** What a host that was cut off from the store answers meanwhile, and what it knows when it is back. */
import { expect, test } from "vitest";
import { context, driven, type Work, work, workflow } from "../engine-fixture.ts";
import { LEASE_MS, openHostsBench } from "./hosts-bench.ts";

const give: Work = async () => "given";
const short = workflow("short", { steps: [work("only", "give")] });
const napping = workflow("napping", {
  steps: [{ id: "nap", uses: "wait.for", with: { duration: "20s" } }],
});

test("runs that others have taken and ended meanwhile are not open here any more", async () => {
  await using bench = openHostsBench();
  // The second one rests outside of memory.
  const a = await bench.join("a", { work: { give }, limits: { loadedRunsMax: 1 } });
  const ids = ["r1", "r2"];
  for (const id of ids)
    await driven(bench.clock, a.engine.start(context, { workflow: napping, id }));
  const b = await bench.join("b", { work: { give } });
  a.host.isCut = true;
  const status = (id: string) => bench.disk.data.headOfKey(`default\n${id}`).status;
  await bench.until("b has ended them", () => ids.every((id) => status(id) === "succeeded"));
  a.host.isCut = false;
  await bench.clock.advanceBy(2 * LEASE_MS);
  expect(a.engine.stats()).toMatchObject({ openRuns: 0, hosts: { isSuspended: false } });
  expect(b.engine.stats().openRuns).toBe(0);
});

test("starts are refused at once while the store is away", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  await driven(bench.clock, a.engine.start(context, { workflow: short, id: "before" }));
  a.host.isCut = true;
  // Whoever is first finds out; what is under way with it is answered when the store is back.
  const first = a.engine.start(context, { workflow: "short" }).catch(() => null);
  await bench.until("it is known", () => a.engine.stats().storeAway !== null);
  let answer: unknown = null;
  const second = a.engine.start(context, { workflow: "short" }).catch((error: unknown) => {
    answer = error;
  });
  await bench.clock.advanceBy(1_000);
  expect(answer).toMatchObject({ code: "store_unavailable" });
  a.host.isCut = false;
  await driven(bench.clock, Promise.all([first, second]));
  await driven(bench.clock, a.engine.start(context, { workflow: "short", id: "after" }));
});

test("messages that cannot be read are asked for by one reader, however long", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  let asked = 0;
  let isBroken = true;
  const { journal } = a.store;
  const read = journal.messages;
  journal.messages = async (...page) => {
    asked++;
    if (isBroken) throw new Error("a lock");
    return await read.apply(journal, page);
  };
  await bench.clock.advanceBy(60_000);
  asked = 0;
  await bench.clock.advanceBy(10_000);
  // Once a second, and at a beat that finds nobody waiting.
  expect(asked).toBeGreaterThan(5);
  expect(asked).toBeLessThan(20);
  isBroken = false;
  await bench.clock.advanceBy(2_000);
  asked = 0;
  await bench.clock.advanceBy(10_000);
  expect(asked).toBeLessThan(5);
});
