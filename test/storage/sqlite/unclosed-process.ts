/** A process that commits, puts blobs side by side, and ends without closing its store. */
import { hash } from "node:crypto";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { creation } from "../../contract/store-fixture.ts";

const store = await openSqliteStore({ dataDir: process.argv[2] ?? "" });
const blobs = Array.from({ length: Number(process.argv[3]) }, (_, index) => {
  const bytes = Buffer.from(`blob ${index}`);
  return store.blobs.put(LOCAL_CONTEXT, hash("sha256", bytes), bytes);
});
await Promise.all(blobs);
const { tenant } = LOCAL_CONTEXT;
const { fenced } = await store.journal.commit("c", [
  creation({ tenant, runId: "a", epoch: store.epoch }),
]);
process.stdout.write(`fenced ${fenced.length}\n`);
