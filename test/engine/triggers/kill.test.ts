/**
 * Real processes that fire a schedule on a real store and are killed (SIGKILL) right before one
 * change of it or another: every instant has one run and one mark in the end.
 */
import { expect, test } from "vitest";
import { triggerTexts } from "#engine/triggers/trigger-text.ts";
import { createRegistry } from "#nodes/registry.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { checkedText } from "#workflow/check.ts";
import { nextLine, startChild } from "../../support/child-process.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { context } from "../engine-fixture.ts";

const PROCESS = new URL("./firing-process.ts", import.meta.url);
const INSTANTS = 40;
/** Statements of a process before it dies: in the midst of deciding, starting and recording. */
const KILL_AT = [1, 3, 6, 15, 40, 60];

test(`${INSTANTS} instants have ${INSTANTS} runs, whatever is killed when`, async () => {
  await using directory = await temporaryDirectory();
  // All of them are due when the first process looks: nothing here depends on how fast it is.
  const beginMs = Date.now() - 600_000;
  const instants = Array.from({ length: INSTANTS }, (_, at) =>
    new Date(beginMs + at * 1_000).toISOString(),
  );
  const triggers = [{ schedule: { at: instants, overlap: "allow" as const } }];
  const steps = [{ id: "note", uses: "data.set", with: { value: 1 } }];
  const checked = checkedText({ language: 1, name: "ticks", triggers, steps }, createRegistry());
  const before = await openSqliteStore({ dataDir: directory.path });
  const { name, hash, json: definition } = checked;
  const atMs = beginMs - 1;
  const texts = triggerTexts(context.tenant, { name, triggers }, atMs);
  await before.catalogue.save(context, { name, hash, definition, atMs, triggers: texts });
  await before.close();
  let kills = 0;
  for (const killAt of [...KILL_AT, 0]) {
    const args = [directory.path, String(killAt)];
    await using child = startChild(PROCESS, args);
    const line = await nextLine(child).catch(() => null);
    if (line === null) kills += 1;
    expect([killAt, line]).toEqual([killAt, killAt === 0 ? "done" : null]);
  }
  expect(kills).toBe(KILL_AT.length);
  const store = await openSqliteStore({ dataDir: directory.path });
  try {
    const { items } = await store.journal.heads(context, { limit: 1_000 });
    const ids = instants.map((at) => `ticks.schedule.${at.replaceAll(/[-:]/g, "")}`);
    expect(items.map(({ runId }) => runId).toSorted()).toEqual(
      ids.map((id) => id.replace(".000Z", "Z")).toSorted(),
    );
    const marks = await store.triggers.marks(context, { workflow: "ticks", id: "schedule" }, 200);
    expect(marks.every(({ kind }) => kind === "fired")).toBe(true);
    expect(marks.map(({ instantMs }) => instantMs).toSorted((a, b) => a - b)).toEqual(
      instants.map((at) => Date.parse(at)),
    );
  } finally {
    await store.close();
  }
});
