/**
 * Golden journals: what a released kernel has recorded, the current one folds to the same state and
 * result, and decides again in the same way, from the start and from a checkpoint in the midst.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { restoreState, STATE_VERSION, saveState } from "#kernel/checkpoint.ts";
import type { RunEvent } from "#kernel/events.ts";
import { evolve } from "#kernel/evolve.ts";
import { newState } from "#kernel/state.ts";
import { VALUE_FIELDS, VALUE_FIELDS_OF } from "#kernel/value-fields.ts";
import { KernelDriver } from "../kernel/kernel-driver.ts";
import { EVENT_TYPES, missingFields } from "./event-fields.ts";
import {
  asJson,
  digestOf,
  type History,
  historiesOf,
  planOfHistory,
  RELEASES,
  resultOf,
  worldOfHistory,
} from "./history.ts";

const { version: VERSION } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly version: string;
};

/** Gives the recorded inputs from position `from` on. */
function decideAgain(driver: KernelDriver, history: History, from = 0): void {
  for (const { atMs, input } of history.inputs.slice(from)) {
    driver.nowMs = atMs;
    driver.give(input);
  }
}

test("this release has recorded its runs", () => {
  expect(RELEASES).toContain(VERSION);
});

test("a field that no run has is named, and so is a word that none says", () => {
  const journal: RunEvent[] = [
    { type: "run.forked", from: "a" },
    { type: "step.skipped", path: "b", by: "if" },
  ];
  const missing = missingFields([journal]);
  expect(missing.filter((name) => /^(run.forked|step.skipped)/.test(name))).toEqual([
    "run.forked reason",
    "step.skipped by untaken",
    "step.skipped by operator",
  ]);
  expect(missing).toContain("run.admitted");
  expect(missingFields([]).length).toBeGreaterThan(missing.length);
});

describe.each(RELEASES)("histories of %s", (release) => {
  const histories = historiesOf(release);

  it.runIf(release === VERSION)("hold every field of every event, with each of its words", () => {
    const journals = histories.map(({ journal }) => journal.map(({ event }) => event));
    expect(EVENT_TYPES.length).toBeGreaterThanOrEqual(49);
    expect(missingFields(journals)).toEqual([]);
    expect(histories.length).toBeGreaterThanOrEqual(12);
  });

  it.runIf(release === VERSION)(
    "hold every value that an event of each type may have, and no other",
    () => {
      const met = new Map<string, Set<string>>();
      for (const { journal } of histories)
        for (const { event } of journal) {
          const fields = VALUE_FIELDS.filter((field) => field in event);
          met.set(event.type, new Set([...(met.get(event.type) ?? []), ...fields]));
        }
      for (const [type, fields] of Object.entries(VALUE_FIELDS_OF))
        expect([type, [...(met.get(type) ?? [])].toSorted()]).toEqual([type, fields.toSorted()]);
    },
  );

  it.each(histories)("$name folds to the same state and result", (history) => {
    const state = newState("run_test", planOfHistory(history));
    for (const { event, atMs } of history.journal) evolve(state, event, atMs);
    const driver = new KernelDriver(state.plan);
    driver.journal.push(...history.journal);
    expect(resultOf(state, history.journal, driver.value(state.output))).toEqual(history.result);
    if (history.state.version === STATE_VERSION) expect(digestOf(state)).toBe(history.state.sha256);
  });

  it.each(histories)("$name is decided again in the same way", (history) => {
    const driver = new KernelDriver(planOfHistory(history), {
      paranoid: true,
      ...worldOfHistory(history),
    });
    decideAgain(driver, history);
    expect(asJson(driver.journal.map(({ event, atMs }) => ({ atMs, event })))).toEqual(
      history.journal,
    );
    expect(asJson(driver.sends)).toEqual(history.sends);
  });

  it.each(histories)("$name goes on from its journal at every cut", (history) => {
    const plan = planOfHistory(history);
    for (let from = 1, events = 0; from < history.inputs.length; from++) {
      events += history.inputs[from - 1]?.events ?? 0;
      const driver = new KernelDriver(plan, worldOfHistory(history));
      driver.journal.push(...history.journal.slice(0, events));
      const restored = restoreState(saveState(driver.replay()), plan);
      if (restored === null) throw new Error("a fresh checkpoint was refused");
      driver.state = restored;
      driver.restart();
      decideAgain(driver, history, from);
      expect(asJson(driver.journal.map(({ event, atMs }) => ({ atMs, event })))).toEqual(
        history.journal,
      );
    }
  });
});
