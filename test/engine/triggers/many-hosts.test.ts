/** Three real hosts on one PostgreSQL fire every second, while hosts and the database are killed. */
import { describe, expect, test } from "vitest";
import { postgresForTests } from "../../storage/postgres/postgres-fixture.ts";
import { fireOnHosts } from "./firing-hosts.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("many hosts", () => {
  if (postgres === null) return;

  test("every instant has one run, whatever is killed when", async () => {
    await using database = await postgres.database();
    const { server } = postgres;
    const { latestMs, ...outcome } = await fireOnHosts({
      ...{ url: database.url, hosts: 3, schedules: 4, seconds: 3, kills: 2, restarts: 1 },
      async restart() {
        await server.stop();
        await server.start();
      },
    });
    const instants = 12;
    expect(outcome).toEqual({ instants, lost: [], doubled: [], kills: 2, restarts: 1 });
    expect(latestMs).toBeLessThan(60_000);
  }, 120_000);
});
