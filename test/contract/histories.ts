/** Golden journals (test/histories) in every store: what is read of them folds to the same state. */
import { describe, expect, test } from "vitest";
import { encodeEvents, eventsOf } from "#engine/embedded/event-blobs.ts";
import { STATE_VERSION } from "#kernel/checkpoint.ts";
import type { RunEvent } from "#kernel/events.ts";
import { evolve } from "#kernel/evolve.ts";
import { newState } from "#kernel/state.ts";
import type { TurnCommit } from "#ports/journal.ts";
import {
  asJson,
  digestOf,
  type History,
  historiesOf,
  planOfHistory,
  RELEASES,
} from "../histories/history.ts";
import { ALICE, creation, type OpenFixture, turn } from "./store-fixture.ts";

export function historiesContract(adapter: string, open: OpenFixture): void {
  describe(`golden journals: ${adapter}`, () => {
    test.each(RELEASES)("those of %s come back as they were stored", async (release) => {
      await using fixture = await open();
      const histories = historiesOf(release);
      expect(histories.length).toBeGreaterThan(30);
      const first = fixture.store;
      const turns = histories.flatMap((history) => turnsOf(history, first.epoch));
      expect(await first.journal.commit("golden", turns)).toEqual({ fenced: [] });
      const { journal } = await fixture.reopen();
      for (const history of histories) {
        const stored = await journal.turns(ALICE, history.name, 0, 10_000);
        const read = stored.flatMap((record) =>
          eventsOf(record).map((event) => ({ atMs: record.atMs, event })),
        );
        expect(asJson(read)).toEqual(history.journal);
        if (history.state.version !== STATE_VERSION) continue;
        const state = newState("run_test", planOfHistory(history));
        for (const { event, atMs } of read) evolve(state, event as unknown as RunEvent, atMs);
        expect([history.name, digestOf(state)]).toEqual([history.name, history.state.sha256]);
      }
    });
  });
}

/** A turn for each input that led to events, as an engine would commit them. */
function turnsOf({ name: runId, journal, inputs }: History, epoch: number): TurnCommit[] {
  const turns: TurnCommit[] = [];
  let seq = 0;
  for (const { events: count } of inputs) {
    const made = journal.slice(seq, seq + count);
    const at = made[0];
    if (at === undefined) continue;
    const { text } = encodeEvents(made.map(({ event }) => event));
    const seqs = [seq + 1, seq + count] as const;
    const record = { runId, firstSeq: seqs[0], lastSeq: seqs[1], atMs: at.atMs, events: text };
    const begins = seq === 0 ? creation({ runId, epoch }) : turn({ runId, epoch, seqs });
    turns.push({ ...begins, record });
    seq += count;
  }
  return turns;
}
