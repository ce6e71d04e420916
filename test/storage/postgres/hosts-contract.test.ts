/** Hosts on PostgreSQL keep the promises of the port; what only a server can show stands here. */
import { describe } from "vitest";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { type HostStore, hostsContract, type OpenHosts } from "../../contract/hosts.ts";
import { sharedSlotsContract } from "../../contract/shared-slots.ts";
import { startQuotasContract } from "../../contract/start-quotas.ts";
import { postgresForTests } from "./postgres-fixture.ts";

/** Long beside what a test takes on a busy machine; what lapses is made to, not waited for. */
const LEASE_MS = 5_000;

const postgres = postgresForTests();

describe.skipIf(postgres === null)("hosts on PostgreSQL", () => {
  const open: OpenHosts = async () => {
    const database = await postgres?.database();
    if (database === undefined) throw new Error("there is no PostgreSQL");
    const opened: HostStore[] = [];
    return {
      async join(name) {
        const store = await openPostgresStore({
          ...{ url: database.url, poolMax: 4 },
          host: { name, reader: 1, leaseMs: LEASE_MS },
        });
        opened.push(store as HostStore);
        return store as HostStore;
      },
      async untilLapsed() {
        await database.query("UPDATE hosts SET expires_at = now() - interval '10 seconds'");
        // A server that has just come back lets nobody take runs: hosts were cut off like whoever asks.
        await database.query(
          `SELECT pg_sleep_until(pg_postmaster_start_time() + interval '${LEASE_MS} ms')`,
        );
      },
      async [Symbol.asyncDispose]() {
        for (const store of opened) await store.close();
        await database[Symbol.asyncDispose]();
      },
    };
  };
  hostsContract("postgres", open);
  startQuotasContract("postgres", open);
  sharedSlotsContract("postgres", open);
});
