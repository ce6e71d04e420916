/** What the operator lets the caller's tenant and its workflows use, and what of it is used. */
import { QuotaListJson, quotaToJson } from "#client/wire/quota.ts";
import type { Engine } from "#engine/engine.ts";
import { defineRoute, type Route } from "../route.ts";

export function quotaRoutes(engine: Engine): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/quotas",
      operationId: "listQuotas",
      tag: "engine",
      summary: "List quotas of the tenant and its workflows, with what is used of each",
      description: "Only what is limited. `attempts` are those of the host that answers.",
      responses: { 200: QuotaListJson },
      async handler({ context }) {
        const quotas = await engine.care.quotas(context);
        return { status: 200, body: { items: quotas.map(quotaToJson) } };
      },
    }),
  ];
}
