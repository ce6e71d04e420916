/** Whoever watches runs of other hosts: how often they are looked at, and what watching many costs. */
import { expect, test } from "vitest";
import { context, driven, type Work, work, workflow } from "../engine-fixture.ts";
import { openHostsBench } from "./hosts-bench.ts";

const give: Work = async () => "given";
const WATCHERS = 300;

test("that many are watched arms one look, whoever comes meanwhile waits for it", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  const b = await bench.join("b", { takesRuns: false });
  const talk = workflow("talk", {
    steps: [
      { id: "go", uses: "wait.signal", with: { name: "go" } },
      work("last", "give", { needs: ["go"] }),
    ],
  });
  const ids = Array.from({ length: WATCHERS }, (_, at) => `r${at}`);
  for (const id of ids) await driven(bench.clock, a.engine.start(context, { workflow: talk, id }));
  const before = b.timersArmed();
  const seen = new Map<string, string[]>();
  const stop = new AbortController();
  const watching = ids.map(async (id) => {
    const types: string[] = [];
    seen.set(id, types);
    for await (const { type } of b.engine.follow(context, id, 0, stop.signal)) types.push(type);
  });
  await bench.clock.settle();
  expect(b.timersArmed() - before).toBe(1);
  await bench.until("all have read what is there", () =>
    [...seen.values()].every((types) => types.includes("step.waiting")),
  );
  for (const id of ids) await driven(bench.clock, a.engine.signal(context, id, { name: "go" }));
  await bench.until("all have seen the end", () =>
    [...seen.values()].every((types) => types.at(-1) === "run.succeeded"),
  );
  stop.abort();
  await driven(bench.clock, Promise.all(watching));
});
