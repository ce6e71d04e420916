/** The SQLite store keeps every port's promises, with the writer in either place. */
import { journalContract } from "../../contract/journal.ts";
import { openSqliteFixture } from "./sqlite-fixture.ts";

journalContract("sqlite, writer in a worker", () => openSqliteFixture("worker"));
journalContract("sqlite, writer in the calling thread", () => openSqliteFixture("local"));
