/** Starts that hosts count together on PostgreSQL keep the promises of the port. */
import { describe } from "vitest";
import { Sessions } from "#storage/postgres/connection.ts";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { PostgresRates } from "#storage/postgres/postgres-rates.ts";
import { ratesContract } from "../../contract/shared-rates.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("rates on PostgreSQL", () => {
  ratesContract("postgres", async () => {
    const database = await postgres?.database();
    if (database === undefined) throw new Error("there is no PostgreSQL");
    const opened: Sessions[] = [];
    return {
      async join() {
        const sessions = new Sessions(databaseAddress(database.url), 3);
        opened.push(sessions);
        return new PostgresRates(sessions);
      },
      async advance(byMs) {
        await database.query("UPDATE rate_tokens SET at_ms = at_ms - $1", [byMs]);
      },
      async [Symbol.asyncDispose]() {
        for (const sessions of opened) await sessions.close();
        await database[Symbol.asyncDispose]();
      },
    };
  });
});
