/** An open store keeps no process alive, and blobs that wait side by side share a sync. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { nextLine, startChild } from "../../support/child-process.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const UNCLOSED_PROCESS = new URL("./unclosed-process.ts", import.meta.url);

const END_MS_MAX = 20_000;

test("a process that forgets to close ends all the same, and loses nothing", async () => {
  await using directory = await temporaryDirectory();
  await using child = startChild(UNCLOSED_PROCESS, [directory.path, "1"]);
  const ended = once(child.process, "exit", { signal: AbortSignal.timeout(END_MS_MAX) });
  expect(await nextLine(child)).toBe("fenced 0");
  expect(await ended).toEqual([0, null]);
  const store = await openSqliteStore({ dataDir: directory.path, mode: "local" });
  expect(await store.journal.head(LOCAL_CONTEXT, "a")).not.toBeNull();
  await store.close();
});

test("a hundred blobs at once cost a few syncs, not a hundred", async (context) => {
  if (spawnSync("strace", ["-f", "true"]).status !== 0) {
    process.stderr.write(`\nSKIPPED: ${context.task.name}: no strace\n`);
    context.skip("strace is missing, or may not trace here");
  }
  await using directory = await temporaryDirectory();
  const log = join(directory.path, "trace");
  const trace = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", log];
  await using child = startChild(UNCLOSED_PROCESS, [join(directory.path, "data"), "100"], trace);
  await once(child.process, "exit", { signal: AbortSignal.timeout(END_MS_MAX) });
  const syncs = (await readFile(log, "utf8")).split("\n").filter((line) => line.includes("-wal>"));
  expect(syncs.length).toBeGreaterThan(2);
  expect(syncs.length).toBeLessThan(40);
});
