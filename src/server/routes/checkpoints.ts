/** Checkpoints of a run: saved on demand, and listed. */
import {
  CheckpointBody,
  CheckpointJson,
  CheckpointListJson,
  checkpointToJson,
} from "#client/wire/store.ts";
import type { Engine } from "#engine/engine.ts";
import { defineRoute, type Route, RunParams } from "../route.ts";

export function checkpointRoutes({ care }: Engine): readonly Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/runs/{id}/checkpoint",
      operationId: "saveCheckpoint",
      tag: "runs",
      summary: "Save the state of a run that has not ended, so that a restart begins there",
      description: "Answers once durable. Of a run the newest two are kept, and the pinned ones.",
      params: RunParams,
      body: CheckpointBody,
      responses: { 200: CheckpointJson },
      errors: ["run_not_found", "run_terminal", "action_refused"],
      async handler({ params, body, context }) {
        const mark = await care.checkpoint(context, params.id, body ?? {});
        return { status: 200, body: checkpointToJson(mark) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/runs/{id}/checkpoints",
      operationId: "listCheckpoints",
      tag: "runs",
      summary: "The checkpoints that are kept of a run",
      params: RunParams,
      responses: { 200: CheckpointListJson },
      errors: ["run_not_found"],
      async handler({ params, context }) {
        const marks = await care.checkpoints(context, params.id);
        return { status: 200, body: { items: marks.map(checkpointToJson) } };
      },
    }),
  ];
}
