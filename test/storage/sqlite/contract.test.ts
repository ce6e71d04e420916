/** The SQLite store keeps every port's promises, with the writer in either place and in both by turns. */
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
import { openSqliteFixture } from "./sqlite-fixture.ts";

for (const mode of ["worker", "local", "adaptive"] as const) {
  const adapter = `sqlite, ${mode} writer`;
  journalContract(adapter, () => openSqliteFixture(mode));
  catalogueContract(adapter, () => openSqliteFixture(mode));
  blobStoreContract(adapter, () => openSqliteFixture(mode));
  historiesContract(adapter, () => openSqliteFixture(mode));
  memoStoreContract(adapter, (memoLimits) => openSqliteFixture(mode, { memoLimits }));
  stepLogsContract(adapter, () => openSqliteFixture(mode));
  stateStoreContract(adapter, () => openSqliteFixture(mode));
  triggersContract(adapter, () => openSqliteFixture(mode));
  upkeepContract(adapter, () => openSqliteFixture(mode));
  usageContract(adapter, () => openSqliteFixture(mode));
}
