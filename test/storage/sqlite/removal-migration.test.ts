/** A store of the first schema gets to know what its journals refer to. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { Connection } from "#storage/sqlite/connection.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test("references to blobs are found in journals that are there already", async () => {
  await using directory = await temporaryDirectory();
  const connection = new Connection(join(directory.path, "store.db"), "write");
  migrate(connection, MIGRATIONS.slice(0, 2), 0);
  const events = [
    [{ type: "run.queued", inputBlob: { hash: "h1", bytes: 70_000 } }, { type: "run.started" }],
    [{ type: "step.succeeded", path: "a", outputBlob: { hash: "h1", bytes: 70_000 } }],
    [{ type: "step.succeeded", output: { noBlob: { text: 'Blob":{' } } }],
  ];
  connection.run(
    `INSERT INTO runs (number, tenant, run_id, workflow, version, status, seq, created_at_ms, labels, min_reader)
     VALUES (7, 'alice', 'a', 'w', 1, 4, 4, 0, '{}', 1), (8, 'alice', 'b', 'w', 1, 4, 4, 0, '{}', 1)`,
  );
  for (const [at, turn] of events.entries())
    connection.run(
      "INSERT INTO turns (run, first_seq, last_seq, at_ms, events) VALUES (?1, ?2, ?2, 0, CAST(?3 AS BLOB))",
      at === 1 ? 8 : 7,
      at + 1,
      JSON.stringify(turn),
    );
  connection.run(
    "INSERT INTO blobs (tenant, hash, is_compressed, size, created_at_ms, body) VALUES ('alice', 'h1', 0, 1, 5, x'00')",
  );
  migrate(connection, MIGRATIONS, 0);
  expect(connection.all("SELECT run, hash, tenant FROM blob_refs ORDER BY run")).toEqual([
    { run: 7, hash: "h1", tenant: "alice" },
    { run: 8, hash: "h1", tenant: "alice" },
  ]);
  expect(connection.all("SELECT hash, since_ms AS sinceMs FROM blob_loose")).toEqual([
    { hash: "h1", sinceMs: 5 },
  ]);
  connection.close();
});
