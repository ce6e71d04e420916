/** A store in a directory of its own, for the contract suites and the tests of this adapter. */

import type { Pace } from "#storage/sqlite/adaptive-writer.ts";
import { openSqliteStore, type SqliteStoreOptions } from "#storage/sqlite/open-sqlite-store.ts";
import type { StoreFixture } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** Of "adaptive": two of three groups are the calling thread's, whatever the disk is like. */
export function twoOfThreeHere(): Pace {
  let groups = 0;
  return { judge: () => ++groups % 3 !== 0, note: () => undefined };
}

/** `mode` as in openSqliteStore. */
export async function openSqliteFixture(
  mode: "adaptive" | "worker" | "local",
  more: Pick<SqliteStoreOptions, "memoLimits"> = {},
): Promise<StoreFixture & { readonly dataDir: string }> {
  const directory = await temporaryDirectory();
  let nowMs = Date.UTC(2026, 0, 1);
  const options = {
    dataDir: directory.path,
    mode,
    pace: twoOfThreeHere(),
    clock: { nowMs: () => nowMs },
    ...more,
  };
  let store = await openSqliteStore(options);
  return {
    dataDir: directory.path,
    get store() {
      return store;
    },
    async reopen() {
      await store.close();
      store = await openSqliteStore(options);
      return store;
    },
    advance(byMs) {
      nowMs += byMs;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}
