/** backup-spool.ts over a real store: copies are sent whole, and none of them stays. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { embeddedServer } from "./embedded-server.ts";

test("a copy goes when it is sent; what a dead process left goes at the next start", async () => {
  const spoolDir = await mkdtemp(join(tmpdir(), "lockstitch-spool-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(spoolDir, { recursive: true, force: true }));
  const left = "backup-0b0e7e0e-2f6c-4a5e-9d1c-3f1f0b8f6a11.db";
  const kept = ["backup-2026-11-21.db", "store.db", "backup-of-mine.db"];
  for (const name of [left, `${left}.part`, `${left}.part-journal`, ...kept])
    await writeFile(join(spoolDir, name), "copy");
  const { app } = stack.use(await embeddedServer({ spoolDir }));
  expect((await readdir(spoolDir)).sort()).toEqual([...kept].sort());
  const answer = await app.inject({ method: "POST", url: "/api/v1/store/backup" });
  expect(answer.statusCode).toBe(200);
  expect(answer.rawPayload.subarray(0, 15).toString()).toBe("SQLite format 3");
  expect(answer.rawPayload).toHaveLength(Number(answer.headers["content-length"]));
  await expect.poll(async () => (await readdir(spoolDir)).sort()).toEqual([...kept].sort());
  expect(await readFile(join(spoolDir, "store.db"), "utf8")).toBe("copy");
});
