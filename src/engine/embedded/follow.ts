/**
 * A run's events, live: what is committed now from the store, then each turn as it is committed.
 *
 *   F1. Every event after `afterSeq` comes once, in order, whatever is committed meanwhile.
 *   F2. At most a few turns wait for a slow reader; beyond that it is served from the store.
 *   F3. What is handed out is frozen: of a turn that is told live, the run has the very same values.
 *   F4. Ends after the run's last event, when the signal aborts, or when the engine closes.
 */
import { frozen } from "#nodes/frozen.ts";
import type { EventView } from "../engine.ts";
import type { StoredEvent } from "./event-blobs.ts";
import type { CommittedTurn } from "./host-services.ts";
import { isTerminal } from "./run-facts.ts";
import { eventView } from "./run-views.ts";

const TURNS_HELD_MAX = 64;
const PAGE = 500;

interface FollowSource {
  watch(listener: (turn: CommittedTurn | null) => void): () => void;
  read(afterSeq: number, limit: number): Promise<readonly EventView[]>;
  /** Whether the run has ended, and its last event. */
  end(): Promise<{ readonly isOver: boolean; readonly seq: number }>;
}

export async function* followRun(
  source: FollowSource,
  afterSeq: number,
  signal: AbortSignal,
): AsyncGenerator<EventView, void, void> {
  let held: CommittedTurn[] = [];
  let isClosed = false;
  /** Whether the store may have what `held` has not. */
  let mustRead = true;
  let wake: () => void = () => {};
  const unwatch = source.watch((turn) => {
    if (turn === null) isClosed = true;
    else if (held.length < TURNS_HELD_MAX) held.push(turn);
    else {
      // There may never be a next turn, whose gap would send the reader to the store.
      held = [];
      mustRead = true;
    }
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  try {
    let seq = afterSeq;
    while (!signal.aborted) {
      if (mustRead) {
        const page = await source.read(seq, PAGE);
        for (const view of page) {
          if (signal.aborted) return;
          frozen(view.event);
          yield view;
          seq = view.seq;
        }
        if (page.length > 0) continue;
        mustRead = false;
        const end = await source.end();
        if (end.isOver && seq >= end.seq) return;
        if (seq < end.seq) {
          mustRead = true;
          continue;
        }
      }
      const turn = held.shift();
      if (turn === undefined) {
        if (isClosed) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (held.length > 0 || isClosed || signal.aborted) resolve();
        });
        continue;
      }
      // As the journal keeps it, large payloads stand as links: only the store knows them.
      if (turn.firstSeq > seq + 1 || turn.hasBlobs) {
        mustRead = true;
        continue;
      }
      for (const view of viewsOf(turn)) {
        if (view.seq <= seq) continue;
        if (signal.aborted) return;
        frozen(view.event);
        yield view;
        seq = view.seq;
      }
      if (isTerminal(turn.facts.status) && seq >= turn.facts.seq) return;
    }
  } finally {
    unwatch();
    signal.removeEventListener("abort", onAbort);
  }
}

function viewsOf(turn: CommittedTurn): EventView[] {
  return turn.events.map((event, index) =>
    eventView(event as unknown as StoredEvent, turn.firstSeq + index, turn.atMs),
  );
}
