/**
 * The embedded engine on a real SQLite store and real time, for tests. `discard` leaves engine and
 * store as they are, without a close, as if their process were stuck or dead; what is opened next
 * owns the directory. Everything that was ever opened is closed at the end.
 */
import type { Engine, RunView } from "#engine/engine.ts";
import type { Store } from "#ports/store.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { context } from "./engine-fixture.ts";
import { type Owner, type OwnerOptions, openOwner } from "./owner.ts";

export const DEADLINE_MS = 120_000;

export interface SqliteBench extends AsyncDisposable {
  open(options?: OwnerOptions & { readonly wrap?: (store: Store) => Store }): Promise<Owner>;
}

export async function openSqliteBench(): Promise<SqliteBench> {
  const directory = await temporaryDirectory();
  const opened: { readonly engine: Engine; readonly store: Store }[] = [];
  return {
    async open({ wrap = unwrapped, ...options } = {}) {
      const store = await openSqliteStore({ dataDir: directory.path });
      const owner = await openOwner(wrap(store), options);
      opened.push({ engine: owner.engine, store });
      return { ...owner, store };
    },
    async [Symbol.asyncDispose]() {
      for (const { engine, store } of opened.reverse()) {
        await engine.close(0);
        await store.close();
      }
      await directory[Symbol.asyncDispose]();
    },
  };
}

function unwrapped(store: Store): Store {
  return store;
}

/** The run once it has ended; fails after a while. */
export async function ended(engine: Engine, runId: string): Promise<RunView> {
  const run = await engine.wait(context, runId, DEADLINE_MS);
  if (run.endedAtMs === null) throw new Error(`run ${runId} is still ${run.status}`);
  return run;
}

/** Looks again, once in each turn of the event loop, until `isTrue`; fails after a while. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const lateMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await isTrue())) {
    if (systemClock.monotonicMs() > lateMs) throw new Error(`not within the deadline: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
