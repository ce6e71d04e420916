/**
 * A process that commits groups as fast as it can and tells its parent, one line each, what it was
 * promised: `open EPOCH` once, then `N` after group N was acknowledged. Group N advances every run
 * by one event and carries a message and every tenth time a checkpoint and a blob (told as
 * `blob HASH`). Parameters: directory, writer mode, runs, first group number, groups (0: no end).
 */
import { hash } from "node:crypto";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { TurnCommit } from "#ports/journal.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { creation, turn } from "../../contract/store-fixture.ts";
import { twoOfThreeHere } from "./sqlite-fixture.ts";

const [dataDir = "", mode, runs = "1", first = "1", groups = "0"] = process.argv.slice(2);
const runCount = Number(runs);
const { tenant } = LOCAL_CONTEXT;

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

const store = await openSqliteStore({
  dataDir,
  mode: mode === "local" || mode === "worker" ? mode : "adaptive",
  pace: twoOfThreeHere(),
});
const { epoch } = store;
tell(`open ${epoch}`);

function groupOf(number: number): TurnCommit[] {
  return Array.from({ length: runCount }, (_, index) => {
    const runId = `run${index}`;
    if (number === 0) return creation({ tenant, runId, epoch });
    const checkpoint = { seq: number + 2, stateVersion: 1, state: `{"at":${number}}` };
    const message = { id: `m${number}.${index}`, tenant, toRunId: runId, kind: "k", body: "{}" };
    const seqs = [number + 2, number + 2] as const;
    const rest = { sends: [message], checkpoint: number % 10 === 0 ? checkpoint : null };
    return turn({ tenant, runId, epoch, seqs, rest });
  });
}

if (Number(first) === 1) {
  await store.journal.commit("group 0", groupOf(0));
  tell("0");
}
const end = Number(groups) === 0 ? Number.POSITIVE_INFINITY : Number(first) + Number(groups);
for (let number = Number(first); number < end; number++) {
  if (number % 10 === 0 && Number(groups) === 0) {
    const bytes = Buffer.from(`blob ${number} `.repeat(10_000));
    const name = hash("sha256", bytes);
    await store.blobs.put(LOCAL_CONTEXT, name, bytes);
    tell(`blob ${name}`);
  }
  const { fenced } = await store.journal.commit(`group ${number}`, groupOf(number));
  if (fenced.length > 0) throw new Error(`group ${number} lost ${fenced.length} turns`);
  tell(String(number));
}
await store.close();
