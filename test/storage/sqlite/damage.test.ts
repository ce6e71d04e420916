/** Single rows that rot: a checkpoint and a blob are reported and left out, the rest is served. */
import { hash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { STORE_FILE } from "#storage/sqlite/store-file.ts";
import { ALICE, creation } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test("damaged checkpoints and blobs are left out and reported", async () => {
  await using directory = await temporaryDirectory();
  const reported: unknown[] = [];
  const store = await openSqliteStore({
    dataDir: directory.path,
    mode: "local",
    logger: { error: (fields) => reported.push(fields) },
  });
  const rest = { checkpoint: { seq: 2, stateVersion: 1, state: '{"sum":12}' } };
  await store.journal.commit("c", [
    creation({ runId: "good", epoch: store.epoch, rest }),
    creation({ runId: "state", epoch: store.epoch, rest }),
    creation({ runId: "shape", epoch: store.epoch, rest }),
  ]);
  const blobs = ["squeezed ".repeat(9_000), "short", "flipped ".repeat(9_000)].map((text) => {
    const bytes = Buffer.from(text);
    return { bytes, name: hash("sha256", bytes) };
  });
  for (const { bytes, name } of blobs) await store.blobs.put(ALICE, name, bytes);
  const database = new DatabaseSync(join(directory.path, STORE_FILE));
  database.exec(`
    UPDATE checkpoints SET state = CAST('{"sum":13}' AS BLOB) WHERE number = 2;
    UPDATE checkpoints SET state_version = 2 WHERE number = 3;
    UPDATE blobs SET body = x'00112233' WHERE number = 1;
    UPDATE blobs SET body = CAST('shirt' AS BLOB) WHERE number = 2;`);
  database.close();
  const corrupt: [string, number][] = [];
  for (const runId of ["good", "state", "shape"]) {
    const found = await store.journal.checkpoints(ALICE, runId, (seq) =>
      corrupt.push([runId, seq]),
    );
    expect(found).toHaveLength(runId === "good" ? 1 : 0);
  }
  expect(corrupt).toEqual([
    ["state", 2],
    ["shape", 2],
  ]);
  const found = await Promise.all(blobs.map(({ name }) => store.blobs.get(ALICE, name)));
  expect(found.map((bytes) => bytes?.byteLength ?? null)).toEqual([null, null, 72_000]);
  expect(reported).toEqual(blobs.slice(0, 2).map(({ name: hash }) => ({ tenant: "alice", hash })));
  await store.close();
});
