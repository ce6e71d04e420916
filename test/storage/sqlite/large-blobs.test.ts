/** Large blobs reach the writer as they are stored: no commit waits while it compresses them. */
import { hash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { Connection } from "#storage/sqlite/connection.ts";
import { GroupWriter } from "#storage/sqlite/group-writer.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { READER_QUERIES } from "#storage/sqlite/reader-queries.ts";
import { SqliteBlobStore } from "#storage/sqlite/sqlite-blob-store.ts";
import type { BlobInput, Writer } from "#storage/sqlite/writer-calls.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test.each([
  ["half of it is left", Buffer.from(randomBytes(500_000).toString("hex")), 0.7],
  ["nothing is won", randomBytes(500_000), 1],
])("a blob of which %s is sent as it is stored", async (_, bytes, shareMax) => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "store.db");
  const connection = new Connection(path, "write");
  migrate(connection, MIGRATIONS, 0);
  const real = new GroupWriter(path, 0);
  const sent: BlobInput[] = [];
  const writer: Writer = {
    call: async (kind, input) => {
      sent.push(input as BlobInput);
      return real.handle(kind, input);
    },
    close: async () => real.close(),
  };
  const blobs = new SqliteBlobStore({
    writer,
    reader: {
      call: async (kind, input) => READER_QUERIES[kind](connection, input as never) as never,
      close: async () => {},
    },
    read: (_doing, query) => query(connection),
    ...{ epoch: 0, nowMs: () => 1, logger: null },
  });
  const name = hash("sha256", bytes);
  await blobs.put(LOCAL_CONTEXT, name, bytes);
  expect(sent[0]?.size).toBe(bytes.byteLength);
  expect(sent[0]?.bytes.byteLength).toBeLessThanOrEqual(bytes.byteLength * shareMax);
  const found = await blobs.get(LOCAL_CONTEXT, name);
  expect(found !== null && bytes.equals(found)).toBe(true);
  // One that is there already is not compressed again.
  await blobs.put(LOCAL_CONTEXT, name, bytes);
  expect(sent[1]).toEqual({ tenant: LOCAL_CONTEXT.tenant, hash: name, bytes, nowMs: 1 });
  await writer.close();
  connection.close();
});
