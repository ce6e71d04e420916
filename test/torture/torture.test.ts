import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { torture } from "./torture.ts";

// Half a minute where nothing else is at work; every start of a victim also starts its plugin.
const TIMEOUT_MS = 240_000;

test("real processes under kill -9: nothing lost, stuck, doubled or mixed up", {
  timeout: TIMEOUT_MS,
}, async () => {
  await using directory = await temporaryDirectory();
  const report = await torture({ kills: 6, seed: 7, folder: directory.path });

  expect(report.broken).toEqual({
    lost: [],
    stuck: [],
    doubled: [],
    otherValue: [],
    signals: [],
    otherKey: [],
    undurable: [],
    unwitnessed: [],
    undone: [],
    chains: [],
    overrun: [],
    recalled: [],
    decisions: [],
    beats: [],
    counted: [],
  });
  expect(report.complaints).toEqual([]);
  expect(report.integrity).toBe("ok");
  // And there was something to break.
  expect(new Set(report.kills.map(({ phase }) => phase)).size).toBe(5);
  expect(report.counts.repeats).toBeGreaterThan(0);
  expect(report.counts.valuesSeen).toBeGreaterThan(0);
  expect(report.rules.chains.chains).toBeGreaterThan(0);
  expect(report.rules.limits.underLimit).toBeGreaterThan(0);
  expect(report.rules.recall.memoHits).toBeGreaterThan(0);
  expect(report.rules.tally.settled).toBeGreaterThan(0);
  expect(report.rules.tally.computed).toBeGreaterThan(0);
  expect(report.starts.acknowledged).toBeGreaterThan(0);
});
