/** What is said to be in doubt in a restored store: journals that cannot be read, not a store that is away. */
import { expect, test } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import type { Store } from "#ports/store.ts";
import { context, workflow } from "./engine-fixture.ts";
import { openSqliteBench } from "./sqlite-fixture.ts";

const waits = workflow("waits", {
  steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
});

/** The store as a restored copy, whose journals answer with `failure()`. */
function held(store: Store, failure: () => Error | null): Store {
  const { journal, upkeep } = store;
  if (upkeep === undefined) throw new Error("no upkeep");
  const refusing = new Proxy(journal, {
    get(target, name) {
      const own = Reflect.get(target, name, target) as unknown;
      if (typeof own !== "function") return own;
      return async (...given: readonly unknown[]) => {
        const error = name === "turns" || name === "checkpoint" ? failure() : null;
        if (error !== null) throw error;
        return await own.apply(target, given);
      };
    },
  });
  const hold = async () => ({ backupAtMs: 1 });
  return Object.assign(Object.create(store) as Store, {
    journal: refusing,
    upkeep: Object.assign(Object.create(upkeep) as NonNullable<Store["upkeep"]>, { hold }),
  });
}

test("a run whose journal cannot be read is in doubt; a store that is away is told as that", async () => {
  await using bench = await openSqliteBench();
  const first = await bench.open();
  await first.engine.start(context, { workflow: waits, id: "open" });
  await first.engine.close(0);
  await first.store.close();

  let failure: Error | null = null;
  const { engine } = await bench.open({ wrap: (store) => held(store, () => failure) });
  expect(await engine.care.hold(context)).toMatchObject({ openRuns: 1, doubts: [] });
  failure = new LockstitchError("store_corrupt", "a turn cannot be read");
  expect(await engine.care.hold(context)).toMatchObject({ doubts: [{ runId: "open" }] });
  failure = new LockstitchError("store_unavailable", "away");
  await expect(engine.care.hold(context)).rejects.toMatchObject({ code: "store_unavailable" });
});
