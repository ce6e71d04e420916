/** Values that runs of a workflow or of a tenant share: what there is, and changing it by hand. */
import { z } from "zod";
import { queryNumber } from "#client/wire/query-number.ts";
import {
  NamedValueBody,
  NamedValueChangesJson,
  NamedValueJson,
  NamedValueListJson,
  valueChangeToJson,
  valueToJson,
} from "#client/wire/value.ts";
import type { Engine } from "#engine/engine.ts";
import { defineRoute, type Route } from "../route.ts";

const Params = z.strictObject({
  name: z.string().min(1).max(200).meta({ description: "Percent-encoded." }),
});
const workflow = z
  .string()
  .optional()
  .meta({ description: "Whose value it is; without it the tenant's own." });
const Of = z.strictObject({ workflow });
const limit = queryNumber({ min: 1, max: 1_000 }).prefault(100);

export function valueRoutes(engine: Engine): readonly Route[] {
  return [listRoute(engine), ...valueRoutesOf(engine), changesRoute(engine)];
}

function listRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/values",
    operationId: "listValues",
    tag: "values",
    summary: "List shared values by scope, workflow and name",
    description: "What `state.*` steps of scope `workflow` and `tenant` keep.",
    query: z.strictObject({
      scope: z.enum(["workflow", "tenant"]).optional(),
      workflow: z.string().optional().meta({ description: "Only this workflow's." }),
      prefix: z.string().optional().meta({ description: "Only names that begin so." }),
      cursor: z.string().optional(),
      limit,
    }),
    responses: { 200: NamedValueListJson },
    async handler({ query, context }) {
      const { items, cursor } = await engine.values.list(context, query);
      return { status: 200, body: { items: items.map(valueToJson), cursor } };
    },
  });
}

function valueRoutesOf(engine: Engine): readonly Route[] {
  const { values } = engine;
  const one = { path: "/api/v1/values/{name}", tag: "values", params: Params } as const;
  return [
    defineRoute({
      ...{ ...one, method: "GET", operationId: "getValue", query: Of },
      summary: "Read a shared value",
      responses: { 200: NamedValueJson },
      errors: ["value_not_found"],
      async handler({ params, query, context }) {
        const value = await values.get(context, { ...params, ...query });
        return { status: 200, body: valueToJson(value) };
      },
    }),
    defineRoute({
      ...{ ...one, method: "PUT", operationId: "setValue", query: Of, body: NamedValueBody },
      summary: "Set a shared value",
      description:
        "Durable when it answers, with who and why; steps that are settled later see it.",
      responses: { 200: NamedValueJson },
      errors: ["action_refused", "payload_too_large"],
      async handler({ params, query, body, context }) {
        const value = await values.set(context, { ...params, ...query }, body);
        return { status: 200, body: valueToJson(value) };
      },
    }),
    defineRoute({
      ...{ ...one, method: "DELETE", operationId: "deleteValue" },
      query: z.strictObject({ workflow, reason: z.string().max(1_000).optional() }),
      summary: "Delete a shared value",
      description: "Answers what there was.",
      responses: { 200: NamedValueJson },
      errors: ["value_not_found"],
      async handler({ params, query, context }) {
        const key = { ...params, workflow: query.workflow };
        const value = await values.delete(context, key, query.reason);
        return { status: 200, body: valueToJson(value) };
      },
    }),
  ];
}

function changesRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/values/{name}/changes",
    operationId: "listValueChanges",
    tag: "values",
    summary: "What operators did to a value, newest first",
    description:
      "The newest 1,000 of a tenant are kept. What steps did is in their runs' journals.",
    params: Params,
    query: z.strictObject({ workflow, limit }),
    responses: { 200: NamedValueChangesJson },
    async handler({ params, query, context }) {
      const key = { ...params, workflow: query.workflow };
      const items = await engine.values.changes(context, key, query.limit);
      return { status: 200, body: { items: items.map(valueChangeToJson) } };
    },
  });
}
