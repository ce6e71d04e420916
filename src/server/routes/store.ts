/** The store behind the server: deleting and archiving runs, copying, letting a copy run. */
import { BACKUP_HEADER } from "#client/care-client.ts";
import {
  ArchivedJson,
  DeletedJson,
  DeleteQuery,
  HoldJson,
  holdToJson,
} from "#client/wire/store.ts";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { newCopy, sentCopy } from "../backup-spool.ts";
import { defineRoute, type Route, RunParams } from "../route.ts";

/** `spoolDir`: where a backup lies while it is sent; null: backups are not served. */
export function storeRoutes(engine: Engine, spoolDir: string | null): readonly Route[] {
  return [deleteRoute(engine), archiveRoute(engine), backupRoute(engine, spoolDir)].concat(
    holdRoutes(engine),
  );
}

function deleteRoute(engine: Engine): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/runs/{id}",
    operationId: "deleteRun",
    tag: "runs",
    summary: "Delete a run that has ended",
    description: "Gone at once for every reader; its id stays reserved, with who and why.",
    params: RunParams,
    query: DeleteQuery,
    responses: { 200: DeletedJson },
    errors: ["run_not_found", "run_open"],
    async handler({ params, query, context }) {
      await engine.care.deleteRun(context, params.id, query.reason);
      return { status: 200, body: { id: params.id, deleted: true } };
    },
  });
}

function archiveRoute(engine: Engine): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/runs/{id}/archive",
    operationId: "archiveRun",
    tag: "runs",
    summary: "Write a run that has ended to the server's archive",
    params: RunParams,
    responses: { 200: ArchivedJson },
    errors: ["run_not_found", "run_open"],
    async handler({ params, context }) {
      const archived = await engine.care.archiveRun(context, params.id);
      return { status: 200, body: { id: params.id, ...archived } };
    },
  });
}

function backupRoute(engine: Engine, spoolDir: string | null): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/store/backup",
    operationId: "backupStore",
    tag: "engine",
    summary: "Copy the store while it is in use",
    description: `Answers one SQLite file, checked; its facts (checksum, counts) are in the header ${BACKUP_HEADER}.`,
    responses: { 200: null },
    produces: "application/vnd.sqlite3",
    async handler({ context, reply }) {
      if (spoolDir === null)
        throw new LockstitchError("request_invalid", "This server has no room to make a copy in.");
      const path = newCopy(spoolDir);
      const facts = await engine.care.backup(context, path);
      reply
        .code(200)
        .header("content-type", "application/vnd.sqlite3")
        .header("content-length", String(facts.bytes))
        .header(BACKUP_HEADER, JSON.stringify(facts))
        .send(sentCopy(path));
      return { streamed: true };
    },
  });
}

function holdRoutes(engine: Engine): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/store/hold",
      operationId: "getStoreHold",
      tag: "engine",
      summary: "Whether the store is a restored copy that starts paused, and what is in doubt",
      responses: { 200: HoldJson },
      async handler({ context }) {
        return { status: 200, body: holdToJson(await engine.care.hold(context)) };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/store/release",
      operationId: "releaseStore",
      tag: "engine",
      summary: "Let a restored copy run",
      description: "Idempotent; what is in doubt is done again.",
      responses: { 200: HoldJson },
      async handler({ context }) {
        await engine.care.release(context);
        return { status: 200, body: holdToJson(null) };
      },
    }),
  ];
}
