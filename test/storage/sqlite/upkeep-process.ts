/**
 * A process that makes runs with a blob, removes every second one, purges in tiny steps, sweeps and
 * makes copies, all at the same time, and tells its parent what was answered: `made N`,
 * `removed N`, `copied PATH SHA256`. Parameters: directory, first number, folder for copies.
 */
import { hash } from "node:crypto";
import { join } from "node:path";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { creation, turn } from "../../contract/store-fixture.ts";

const [dataDir = "", first = "0", copies = ""] = process.argv.slice(2);
const { tenant } = LOCAL_CONTEXT;
const store = await openSqliteStore({ dataDir });
const { journal, blobs, upkeep, epoch } = store;
if (upkeep === undefined) throw new Error("no upkeep");

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function make(number: number): Promise<void> {
  const runId = `run${number}`;
  const bytes = Buffer.from(`${number} `.repeat(5_000));
  const name = hash("sha256", bytes);
  const turns = [
    creation({ tenant, runId, epoch, labels: { team: "x" }, rest: { blobs: [name] } }),
    ...[3, 4, 5, 6].map((seq) => turn({ tenant, runId, epoch, seqs: [seq, seq] })),
    turn({
      ...{ tenant, runId, epoch, seqs: [7, 7], status: "succeeded" },
      rest: { endedAtMs: 5, checkpoint: { seq: 7, stateVersion: 1, state: "{}" } },
    }),
  ];
  for (let attempt = 0; ; attempt++) {
    await blobs.put(LOCAL_CONTEXT, name, bytes);
    try {
      await journal.commit(`c${number}.${attempt}`, turns);
      break;
    } catch (error) {
      // Swept after 50 ms rather than a day: as the engine does, put and decide again.
      if ((error as { code?: string }).code !== "store_unavailable") throw error;
    }
  }
  tell(`made ${number}`);
}

async function makeAll(): Promise<never> {
  for (let number = Number(first); ; number++) {
    await make(number);
    if (number % 2 === 1) {
      await upkeep?.remove(LOCAL_CONTEXT, `run${number}`, "test");
      tell(`removed ${number}`);
    }
  }
}

async function tidyAll(): Promise<never> {
  for (;;) {
    await upkeep?.purge(2);
    // Far ahead: whatever nobody refers to at this moment goes.
    await upkeep?.sweepBlobs(Date.now() - 50, 3);
  }
}

async function copyAll(): Promise<never> {
  for (let number = 0; ; number++) {
    const path = join(copies, `${first}-${number}.db`);
    const facts = await upkeep?.backup(path);
    tell(`copied ${path} ${facts?.sha256}`);
  }
}

await Promise.all([makeAll(), tidyAll(), copyAll()]);
