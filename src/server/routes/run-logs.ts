/**
 * What the steps of a run have logged: a page of JSON, or, for a reader that accepts
 * text/event-stream, the lines as they become durable, until the run ends.
 *
 * L1. A stream is pulled from the engine one line at a time; `id` is the line's position, so
 *     Last-Event-ID goes on after it without loss or doubles.
 */
import { LogPageJson, LogsQuery, logLineToJson } from "#client/wire/log.ts";
import type { Engine, LogLineView } from "#engine/engine.ts";
import type { Clock } from "#ports/clock.ts";
import { defineRoute, type Route, RunParams } from "../route.ts";
import { type Frame, lastEventId, streamFrames } from "../sse.ts";
import { runNotFound } from "./runs.ts";

export function runLogRoutes(engine: Engine, clock: Clock, closing: AbortSignal): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/runs/{id}/logs",
      operationId: "listRunLogs",
      tag: "runs",
      summary: "Read what a run's steps have logged",
      description:
        "A reader that accepts text/event-stream gets the lines live instead: each frame's data is a LogLine, its id the position. `event: end` closes a finished run's stream; a stream without it was cut: reconnect with Last-Event-ID. `limit` means nothing there.",
      params: RunParams,
      query: LogsQuery,
      headers: { "last-event-id": "Of a stream: go on after this position." },
      responses: { 200: LogPageJson },
      errors: ["run_not_found"],
      async handler({ params, query, context, request, reply }) {
        const { step: path, attempt, level, limit } = query;
        const filter = { path, attempt, level };
        if (request.headers.accept?.includes("text/event-stream") !== true) {
          const { after } = query;
          const lines = await engine.logs(context, params.id, { ...filter, after, limit });
          const last = lines.length < limit ? undefined : lines.at(-1);
          const body = { items: lines.map(logLineToJson), after: last?.position ?? null };
          return { status: 200, body };
        }
        const after = lastEventId(request) ?? query.after;
        if ((await engine.get(context, params.id)) === null) throw runNotFound(params.id);
        await streamFrames({ reply, clock, closing }, (signal) =>
          frames(engine.followLogs(context, params.id, { ...filter, after }, signal)),
        );
        return { streamed: true };
      },
    }),
  ];
}

async function* frames(lines: AsyncIterable<LogLineView>): AsyncIterable<Frame> {
  for await (const line of lines) yield { id: line.position, data: logLineToJson(line) };
}
