/** The PostgreSQL store keeps every port's promises, on a real server. */
import { describe } from "vitest";
import { blobStoreContract } from "../../contract/blob-store.ts";
import { catalogueContract } from "../../contract/catalogue.ts";
import { journalContract } from "../../contract/journal.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("contracts", () => {
  if (postgres === null) return;
  const open = () => postgres.openStore();
  journalContract("postgres", open);
  catalogueContract("postgres", open);
  blobStoreContract("postgres", open);
});
