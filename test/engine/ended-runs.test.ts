/** What the engine keeps in memory of runs that have ended: little, however many there were. */
import { expect, test } from "vitest";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

const ENDED_KEPT = 500;

for (const { name, steps, ends } of [
  {
    name: "brief",
    ends: "in the turn that starts them",
    steps: [{ id: "a", uses: "data.set", with: { value: 1 } }],
  },
  {
    name: "timed",
    ends: "later",
    steps: [
      { id: "a", uses: "data.set", with: { value: 1 } },
      { id: "nap", uses: "wait.for", with: { duration: "1s" }, needs: ["a"] },
    ],
  },
])
  test(`of runs that end ${ends} the last ${ENDED_KEPT} are at hand, of older ones nothing`, async () => {
    await using bench = await openBench();
    const { clock, engine, store } = bench;
    const definition = workflow(name, { steps, output: "${{ steps.a.output }}" });
    const ids: string[] = [];
    for (let count = 0; count < ENDED_KEPT + 20; count++)
      ids.push((await driven(clock, engine.start(context, { workflow: definition }))).run.id);
    await clock.runUntilIdle();
    const { journal } = store;
    const turnAt = journal.turnAt.bind(journal);
    const beginningsRead: string[] = [];
    Object.assign(journal, {
      turnAt: (...[caller, runId, seq]: Parameters<typeof turnAt>) => {
        if (seq === 1) beginningsRead.push(runId);
        return turnAt(caller, runId, seq);
      },
    });
    const read = async (id: string) => {
      const run = await driven(clock, engine.get(context, id));
      expect(run).toMatchObject({ status: "succeeded", input: {}, output: 1 });
    };
    for (const id of ids.slice(20)) await read(id);
    expect(beginningsRead).toEqual([]);
    for (const id of ids.slice(0, 20)) await read(id);
    expect(beginningsRead.slice(0, 20)).toEqual(ids.slice(0, 20));
  });
