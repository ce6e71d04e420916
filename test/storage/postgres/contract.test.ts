/** The PostgreSQL store keeps every port's promises, on a real server. */
import { describe } from "vitest";
import { blobStoreContract } from "../../contract/blob-store.ts";
import { catalogueContract } from "../../contract/catalogue.ts";
import { historiesContract } from "../../contract/histories.ts";
import { journalContract } from "../../contract/journal.ts";
import { memoStoreContract } from "../../contract/memo-store.ts";
import { stateStoreContract } from "../../contract/state-store.ts";
import { stepLogsContract } from "../../contract/step-logs.ts";
import { triggersContract } from "../../contract/triggers.ts";
import { upkeepContract } from "../../contract/upkeep.ts";
import { usageContract } from "../../contract/usage.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("contracts", () => {
  if (postgres === null) return;
  const open = () => postgres.openStore();
  journalContract("postgres", open);
  catalogueContract("postgres", open);
  blobStoreContract("postgres", open);
  historiesContract("postgres", open);
  memoStoreContract("postgres", (memoLimits) => postgres.openStore({ memoLimits }));
  stepLogsContract("postgres", open);
  stateStoreContract("postgres", open);
  upkeepContract("postgres", open);
  triggersContract("postgres", open);
  usageContract("postgres", open);
});
