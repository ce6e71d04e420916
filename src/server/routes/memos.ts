/** Remembered results: what there is, and dropping it by hand. */
import { z } from "zod";
import { MemoListJson, MemosClearedJson, memoToJson } from "#client/wire/memo.ts";
import { queryNumber } from "#client/wire/query-number.ts";
import type { Engine } from "#engine/engine.ts";
import { defineRoute, type Route } from "../route.ts";

const Filter = {
  workflow: z.string().optional().meta({ description: "Only results that it gave." }),
  key: z.string().optional().meta({ description: "Only this one: a step's `key`, or a full key." }),
};
const ListQuery = z.strictObject({
  ...Filter,
  cursor: z.string().optional(),
  limit: queryNumber({ min: 1, max: 1_000 }).prefault(100),
});
const ClearQuery = z.strictObject(Filter);

export function memoRoutes(engine: Engine): readonly Route[] {
  return [listRoute(engine), clearRoute(engine)];
}

function listRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/memos",
    operationId: "listMemos",
    tag: "memos",
    summary: "List remembered results, newest first",
    query: ListQuery,
    responses: { 200: MemoListJson },
    async handler({ query, context }) {
      const { items, cursor } = await engine.memos(context, query);
      return { status: 200, body: { items: items.map(memoToJson), cursor } };
    },
  });
}

function clearRoute(engine: Engine): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/memos",
    operationId: "clearMemos",
    tag: "memos",
    summary: "Forget remembered results",
    description: "Without a filter all of them. Results that are not there yet are remembered.",
    query: ClearQuery,
    responses: { 200: MemosClearedJson },
    async handler({ query, context }) {
      return { status: 200, body: { cleared: await engine.clearMemos(context, query) } };
    },
  });
}
