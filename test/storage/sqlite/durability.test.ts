/**
 * What kill -9 cannot show: that a commit is on the disk before it is acknowledged (J2, B1).
 * First by the system calls (every acknowledgement has a completed sync of the WAL before it), then
 * by power cuts: the raw image of a mounted file system, copied while groups are committed.
 * Each needs something of the machine (strace; root and loop devices) and is skipped loudly.
 */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { startChild } from "../../support/child-process.ts";
import { loopImage } from "../../support/loop-image.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type Acknowledged, expectKept, nothingYet, readRest, readUntil } from "./acknowledged.ts";

const COMMITTING_PROCESS = new URL("./committing-process.ts", import.meta.url);
const POWER_CUTS = Number(process.env["LOCKSTITCH_POWER_CUTS"] ?? 5);

function skipLoudly(context: TestContext, reason: string): never {
  process.stderr.write(`\nSKIPPED: ${context.task.name}: ${reason}\n`);
  context.skip(reason);
}

/**
 * Reads strace's log: how often the WAL was synced, and the acknowledgements that were written
 * with no sync completed since the one before.
 */
function readTrace(log: string): { walSyncs: number; groups: number; unsynced: string[] } {
  const unfinished = new Set<string>();
  const unsynced: string[] = [];
  let walSyncs = 0;
  let groups = 0;
  let spent = 0;
  for (const line of log.split("\n")) {
    const [, thread = "", call = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (/^f(?:data)?sync\(\d+<[^>]*-wal>/.test(call)) {
      if (call.includes("<unfinished")) unfinished.add(thread);
      else if (call.endsWith("= 0")) walSyncs++;
    } else if (/^<\.\.\. f(?:data)?sync resumed>.*= 0$/.test(call)) {
      if (unfinished.delete(thread)) walSyncs++;
    } else {
      const group = /^write\(1<[^>]*>, "(\d+)\\n"/.exec(call)?.[1];
      if (group === undefined) continue;
      groups++;
      if (walSyncs <= spent) unsynced.push(group);
      spent = walSyncs;
    }
  }
  return { walSyncs, groups, unsynced };
}

for (const mode of ["worker", "local", "adaptive"]) {
  test(`each acknowledged commit has a sync of its own before it: ${mode}`, async (context) => {
    if (spawnSync("strace", ["-f", "true"]).status !== 0) {
      skipLoudly(context, "strace is missing, or may not trace here");
    }
    await using directory = await temporaryDirectory();
    const log = join(directory.path, "trace");
    const trace = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,write", "-o", log];
    const acknowledged = nothingYet();
    const dataDir = join(directory.path, "data");
    await using child = startChild(COMMITTING_PROCESS, [dataDir, mode, "3", "1", "100"], trace);
    await readRest(child, acknowledged);
    expect(acknowledged.group).toBe(100);
    const { walSyncs, groups, unsynced } = readTrace(await readFile(log, "utf8"));
    expect(groups).toBe(101);
    expect(unsynced).toEqual([]);
    // And no more than one: the rest are the opening's (one for each migration, which is a transaction
    // of its own), the checkpoints', the closing's, and those of idle moments of a busy machine.
    expect(walSyncs).toBeLessThan(101 + MIGRATIONS.length + 40);
  });
}

test(`${POWER_CUTS} power cuts lose nothing that was acknowledged`, {
  timeout: 240_000 + POWER_CUTS * 20_000,
}, async (context) => {
  const runs = 10;
  const image = await loopImage(48 * 1_048_576).catch((error) =>
    skipLoudly(context, `no loop-mounted file system here: ${error.message}`),
  );
  await using disk = image;
  const cuts: { acknowledged: Acknowledged; boot: () => Disposable & { path: string } }[] = [];
  {
    const acknowledged = nothingYet();
    const parameters = [join(disk.mount.path, "data"), "adaptive", `${runs}`, "1"];
    await using child = startChild(COMMITTING_PROCESS, parameters);
    for (let cut = 1; cut <= POWER_CUTS; cut++) {
      await readUntil(child, acknowledged, cut * 23);
      // Stopped, so that the copy is of one instant.
      child.process.kill("SIGSTOP");
      const { boot } = disk.cutPower();
      cuts.push({ acknowledged: { ...acknowledged, blobs: [...acknowledged.blobs] }, boot });
      child.process.kill("SIGCONT");
    }
  }
  for (const { acknowledged, boot } of cuts) {
    using mount = boot();
    const store = await openSqliteStore({ dataDir: join(mount.path, "data"), mode: "local" });
    try {
      await expectKept(store, runs, acknowledged);
    } finally {
      await store.close();
    }
  }
});
