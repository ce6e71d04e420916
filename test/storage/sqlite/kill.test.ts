/**
 * kill -9 in the middle of commits: nothing acknowledged is lost, groups are whole (J1, J2).
 * LOCKSTITCH_KILLS sets the number of kills (default 10). What kill -9 cannot show (a missing
 * fsync) is in durability.test.ts.
 */
import { expect, test } from "vitest";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { startChild } from "../../support/child-process.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { expectKept, nothingYet, readRest, readUntil } from "./acknowledged.ts";

const COMMITTING_PROCESS = new URL("./committing-process.ts", import.meta.url);
const KILLS = Number(process.env["LOCKSTITCH_KILLS"] ?? 10);
const RUNS = 20;

test(`${KILLS} kills lose nothing that was acknowledged`, {
  timeout: 240_000 + KILLS * 10_000,
}, async () => {
  await using directory = await temporaryDirectory();
  let lastGroup = -1;
  let acknowledgedGroups = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const acknowledged = nothingYet();
    const mode = ["worker", "local", "adaptive"][kill % 3] ?? "worker";
    const first = Math.max(lastGroup + 1, 1);
    await using child = startChild(COMMITTING_PROCESS, [
      directory.path,
      mode,
      `${RUNS}`,
      `${first}`,
    ]);
    // A different number of groups each time, so that kills fall anywhere in the ring and the WAL.
    await readUntil(child, acknowledged, first + 3 + kill * 7);
    await child.kill();
    await readRest(child, acknowledged);
    acknowledgedGroups += acknowledged.group - first + 1;
    const store = await openSqliteStore({ dataDir: directory.path, mode: "local" });
    lastGroup = await expectKept(store, RUNS, acknowledged);
    await store.close();
  }
  expect(acknowledgedGroups).toBeGreaterThan(KILLS * 3);
});
