/**
 * A process that makes a backup of a database, or restores one into it, and is killed at the n-th table that it
 * comes to (0: never). Parameters: what to do, the copy, the database's URL, n. Says `done` at the end.
 */
import type { CopyTable, StoreCopies } from "#ports/store-copy.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { restorePostgresStore } from "#storage/postgres/restore.ts";
import { sqliteCopies } from "#storage/sqlite/store-copies.ts";

const [what = "", path = "", url = "", given = "0"] = process.argv.slice(2);
const at = Number(given);
const met = new Set<string>();

function meet({ name }: CopyTable): void {
  met.add(name);
  if (met.size === at) process.kill(process.pid, "SIGKILL");
}

const copies: StoreCopies = {
  async create(to) {
    const draft = await sqliteCopies.create(to);
    const add: typeof draft.add = async (table, rows) => {
      await draft.add(table, rows);
      meet(table);
    };
    return { add, finish: (from) => draft.finish(from), discard: () => draft.discard() };
  },
  async open(from) {
    const source = await sqliteCopies.open(from);
    return {
      ...source,
      async *rows(table) {
        yield* source.rows(table);
        meet(table);
      },
    };
  },
};

if (what === "restore") await restorePostgresStore({ from: path, url, copies, nowMs: 1 });
else {
  const store = await openPostgresStore({ url, claim: "none", poolMax: 2, copies });
  await store.upkeep?.backup(path);
  await store.close();
}
process.stdout.write("done\n");
