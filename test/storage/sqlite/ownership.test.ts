/** One owner per data directory, judged with real processes and kill -9. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type OwnerRecord, openOwnership } from "#storage/sqlite/ownership.ts";
import { nextLine, startChild } from "../../support/child-process.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const OWNER_PROCESS = new URL("./owner-process.ts", import.meta.url);
const ADDRESS = "http://127.0.0.1:7420";

async function recordOf(dataDir: string): Promise<OwnerRecord> {
  return JSON.parse(await readFile(join(dataDir, "owner.json"), "utf8"));
}

test("a second process is told who owns the directory; kill -9 frees it", async () => {
  await using directory = await temporaryDirectory();
  await using child = startChild(OWNER_PROCESS, [directory.path, ADDRESS]);
  expect(JSON.parse(await nextLine(child))).toMatchObject({ owned: true });
  expect(await openOwnership(directory.path)).toMatchObject({
    owned: false,
    owner: { pid: child.process.pid, address: ADDRESS },
  });
  await child.kill();
  const mine = await openOwnership(directory.path);
  expect(mine.owned).toBe(true);
  expect(await recordOf(directory.path)).toMatchObject({ pid: process.pid, address: null });
  if (mine.owned) await mine.release();
});

test("a file where the data directory should be is named, with what to do", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "data");
  await writeFile(file, "");
  for (const path of [file, join(file, "below")])
    await expect(openOwnership(path)).rejects.toMatchObject({
      code: "request_invalid",
      message: `The data directory ${path} cannot be made: a file is in its place. Name a folder with --data.`,
    });
});

test("this process is an owner like any other, until it gives the directory up", async () => {
  await using directory = await temporaryDirectory();
  const first = await openOwnership(directory.path);
  if (!first.owned) throw new Error("nobody else is here");
  await using child = startChild(OWNER_PROCESS, [directory.path]);
  expect(JSON.parse(await nextLine(child))).toMatchObject({
    owned: false,
    owner: { pid: process.pid, address: null },
  });
  expect((await openOwnership(directory.path)).owned).toBe(false);
  await first.release();
  await first.release();
  await expect(first.publishAddress(ADDRESS)).rejects.toMatchObject({ code: "shutting_down" });
  const second = await openOwnership(directory.path);
  expect(second.owned).toBe(true);
  if (second.owned) await second.release();
});

test("a stale or missing owner.json is looked at again until the owner has told", async () => {
  await using directory = await temporaryDirectory();
  await using gone = startChild(OWNER_PROCESS, [directory.path]);
  await nextLine(gone);
  const stale = await readFile(join(directory.path, "owner.json"), "utf8");
  await gone.kill();
  const mine = await openOwnership(directory.path);
  if (!mine.owned) throw new Error("the owner is dead");
  // As an owner that has the lock and has not written yet.
  await writeFile(join(directory.path, "owner.json"), stale);
  const asking = openOwnership(directory.path);
  await mine.publishAddress(ADDRESS);
  expect(await asking).toMatchObject({
    owned: false,
    owner: { pid: process.pid, address: ADDRESS },
  });
  await mine.release();
});

test("ten processes ask at once: one owns, nine name it", async () => {
  await using directory = await temporaryDirectory();
  await using children = new AsyncDisposableStack();
  const answers = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const child = children.use(startChild(OWNER_PROCESS, [directory.path]));
      const answer: { owned: boolean; owner?: { pid: number } } = JSON.parse(await nextLine(child));
      return { pid: child.process.pid, ...answer };
    }),
  );
  const owners = answers.filter(({ owned }) => owned);
  expect(owners).toHaveLength(1);
  for (const { owned, owner } of answers) {
    if (!owned) expect(owner?.pid).toBe(owners[0]?.pid);
  }
});
