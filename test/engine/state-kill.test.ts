/**
 * A thousand runs that count, in real processes on a real SQLite store which are killed (kill -9)
 * again and again: every run has numbers of its own, the counters hold exactly as many, and each
 * journal holds what its step was told. The witness is what the killed processes have said: a run
 * that was reported as ended has the same numbers at the end.
 */
import { expect, test } from "vitest";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { nextLine, startChild } from "../support/child-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { context } from "./engine-fixture.ts";

const RUNS = 1_000;
/** Lines that a process says before it is killed; three times, as often as fails a call (host_lost). */
const LINES_BEFORE_KILL = [1, 80, 130];
const PROCESS = new URL("./counting-process.ts", import.meta.url);

test(`${RUNS} runs that count under kill -9 give exactly ${RUNS}`, async () => {
  await using directory = await temporaryDirectory();
  const said = new Map<string, string>();
  let kills = 0;
  for (const lines of [...LINES_BEFORE_KILL, null]) {
    await using child = startChild(PROCESS, [directory.path, String(RUNS)]);
    for (let count = 0; lines === null || count < lines; count++) {
      const line = await nextLine(child);
      if (line === "done") break;
      const [id = ""] = line.split(" ");
      said.set(id, line.slice(id.length + 1));
    }
    if (lines === null) continue;
    await child.kill();
    kills++;
  }
  expect([...said.values()].filter((status) => status !== "succeeded")).toEqual([]);
  expect(said.size).toBe(RUNS);
  const store = await openSqliteStore({ dataDir: directory.path });
  try {
    const seen = { tenant: [] as number[], workflow: [] as number[] };
    let lost = 0;
    for (let index = 0; index < RUNS; index++) {
      const turns = await store.journal.turns(context, `r${index}`, 0, 1_000);
      const applied = new Map<string, unknown>();
      for (const { events } of turns) {
        const inTurn = JSON.parse(events) as readonly Record<string, unknown>[];
        for (const event of inTurn) {
          if (event["type"] === "step.lost") lost++;
          if (event["type"] !== "state.applied") continue;
          const path = String(event["path"]);
          expect(applied.has(path)).toBe(false);
          applied.set(path, event["value"]);
          seen[event["scope"] as "tenant" | "workflow"].push(Number(event["value"]));
          const done = inTurn.find(
            (other) => other["type"] === "step.succeeded" && other["path"] === path,
          );
          expect(done?.["output"]).toMatchObject({ value: event["value"] });
        }
      }
      expect([...applied.keys()].sort()).toEqual(["own", "ticket"]);
    }
    const numbers = Array.from({ length: RUNS }, (_, index) => index + 1);
    for (const scope of ["tenant", "workflow"] as const) {
      expect(seen[scope].sort((a, b) => a - b)).toEqual(numbers);
      const workflow = scope === "workflow" ? "ticket" : "";
      const found = await store.state.find(context, { scope, workflow, name: "tickets" });
      expect(found?.value).toBe(String(RUNS));
    }
    expect(kills).toBe(LINES_BEFORE_KILL.length);
    // The kills hit attempts under way, or they have proved nothing.
    expect(lost).toBeGreaterThan(5);
    process.stdout.write(`${kills} kills, ${lost} attempts lost, ${RUNS} runs counted\n`);
  } finally {
    await store.close();
  }
});
