/**
 * Live: a run's events from any sequence number, and which runs change, as server-sent events.
 *
 * L1. A run's stream is pulled from the engine one event at a time, so a slow reader slows only
 *     itself and misses nothing; `id` is the sequence number, Last-Event-ID goes on after it.
 * L2. The stream of runs keeps only the newest state of each changed run, at most PENDING_MAX;
 *     beyond that the reader is told with `event: overflow` to read the list again.
 */

import { summaryToJson } from "#client/wire/run.ts";
import { eventToJson } from "#client/wire/run-reads.ts";
import { StreamQuery } from "#client/wire/run-requests.ts";
import type { Engine, EventView, RunSummary } from "#engine/engine.ts";
import type { Clock } from "#ports/clock.ts";
import { defineRoute, type Route, RunParams } from "../route.ts";
import { type Frame, lastEventId, openEventStream, streamFrames } from "../sse.ts";
import { runNotFound } from "./runs.ts";

const PENDING_MAX = 1_000;
/** Changes of the same run within this time are one frame. */
const COALESCE_MS = 100;

export function runStreamRoutes(
  engine: Engine,
  clock: Clock,
  closing: AbortSignal,
): readonly Route[] {
  return [oneRun(engine, clock, closing), allRuns(engine, clock, closing)];
}

function oneRun(engine: Engine, clock: Clock, closing: AbortSignal): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/runs/{id}/stream",
    operationId: "streamRun",
    tag: "live",
    summary: "Follow a run's events",
    description:
      "Each frame's data is an Event, its id the sequence number. `event: end` closes a finished run's stream; a stream without it was cut: reconnect with Last-Event-ID.",
    params: RunParams,
    query: StreamQuery,
    headers: { "last-event-id": "Go on after this sequence number." },
    responses: { 200: null },
    produces: "text/event-stream",
    errors: ["run_not_found"],
    async handler({ params, query, context, request, reply }) {
      const afterSeq = lastEventId(request) ?? query.after ?? 0;
      if ((await engine.get(context, params.id)) === null) throw runNotFound(params.id);
      await streamFrames({ reply, clock, closing }, (signal) =>
        frames(engine.follow(context, params.id, afterSeq, signal)),
      );
      return { streamed: true };
    },
  });
}

async function* frames(events: AsyncIterable<EventView>): AsyncIterable<Frame> {
  for await (const event of events) yield { id: event.seq, data: eventToJson(event) };
}

function allRuns(engine: Engine, clock: Clock, closing: AbortSignal): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/stream",
    operationId: "streamRuns",
    tag: "live",
    summary: "Follow which runs change",
    description:
      "Each frame's data is a RunSummary. `event: overflow`: more changed than is kept, list again.",
    responses: { 200: null },
    produces: "text/event-stream",
    async handler({ context, reply }) {
      const stream = openEventStream(reply, clock);
      const signal = AbortSignal.any([stream.signal, closing]);
      const pending = new Map<string, RunSummary>();
      let isOverflown = false;
      let wake = (): void => undefined;
      const unsubscribe = engine.onChange(context, (run) => {
        if (pending.size < PENDING_MAX || pending.has(run.id)) pending.set(run.id, run);
        else isOverflown = true;
        wake();
      });
      signal.addEventListener("abort", () => wake(), { once: true });
      try {
        while (!signal.aborted) {
          if (pending.size === 0) await new Promise<void>((resolve) => (wake = resolve));
          if (signal.aborted) break;
          const changed = [...pending.values()];
          pending.clear();
          if (isOverflown) await stream.send({ event: "overflow", data: {} });
          isOverflown = false;
          for (const run of changed) await stream.send({ data: summaryToJson(run) });
          await new Promise<void>((resolve) => void clock.after(COALESCE_MS, resolve));
        }
      } finally {
        unsubscribe();
        stream.end();
      }
      return { streamed: true };
    },
  });
}
