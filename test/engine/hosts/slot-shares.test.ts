/** What a host tells the store of slots that it waits for, on a simulated disk. */
import { expect, test } from "vitest";
import { context, driven, type Work, work, workflow } from "../engine-fixture.ts";
import { openHostsBench } from "./hosts-bench.ts";

test("a start that was refused its slot does not wait for it in the store", async () => {
  await using bench = openHostsBench();
  const definition = workflow("alone", {
    concurrency: { key: "'alone'", limit: 1, whenFull: "reject" },
    steps: [work("a", "hold")],
  });
  const gate = Promise.withResolvers<string>();
  const hold: Work = () => gate.promise;
  const a = await bench.join("a", { work: { hold } });
  const b = await bench.join("b", { work: { hold } });
  const start = (host: typeof a, id: string) =>
    driven(bench.clock, host.engine.start(context, { workflow: definition, id }));
  await start(a, "r1");
  await expect(start(b, "r2")).rejects.toMatchObject({ code: "queue_full" });
  const name = "run_concurrency:default/alone/alone";
  await bench.until("the store knows that nobody waits", () =>
    bench.disk.data.slots.sharesOf(name).every(({ waiting }) => waiting.length === 0),
  );
  gate.resolve("done");
  await bench.until(
    "r1 ends",
    () => bench.disk.data.headOfKey("default\nr1").status === "succeeded",
  );
  // Nobody was given what nobody waits for: whoever comes next has room.
  await start(a, "r3");
});
