/** EngineTriggers over HTTP. Webhooks are called at their own address. */
import type { EngineTriggers, TriggerKey } from "#engine/engine-triggers.ts";
import { LockstitchError } from "#errors/errors.ts";
import { queryText } from "./request-path.ts";
import type { Transport } from "./transport.ts";
import {
  EmittedJson,
  markFromJson,
  TriggeredRunJson,
  TriggerJson,
  TriggerListJson,
  TriggerMarksJson,
  triggerFromJson,
  UpcomingJson,
  upcomingFromJson,
} from "./wire/trigger.ts";

export function triggersOverHttp(transport: Transport): EngineTriggers {
  const pathOf = ({ workflow, id }: TriggerKey, more = "") =>
    `/schedules/${encodeURIComponent(workflow)}/${encodeURIComponent(id)}${more}`;
  const view = async (method: "GET" | "POST", path: string, json?: unknown) =>
    triggerFromJson(TriggerJson.parse((await transport.request({ method, path, json })).json));
  return {
    async list(_context, filter) {
      const path = `/schedules${queryText({ ...filter, kind: filter.kind ?? "all" })}`;
      const page = TriggerListJson.parse((await transport.request({ method: "GET", path })).json);
      return { items: page.items.map(triggerFromJson), cursor: page.cursor };
    },
    get: (_context, key) => view("GET", pathOf(key)),
    async marks(_context, key, limit) {
      const path = pathOf(key, `/marks${queryText({ limit })}`);
      const { json } = await transport.request({ method: "GET", path });
      return TriggerMarksJson.parse(json).items.map(markFromJson);
    },
    async save(_context, key, schedule) {
      const exchange = { method: "PUT", path: pathOf(key), json: schedule } as const;
      const { json, status } = await transport.request(exchange);
      return { ...triggerFromJson(TriggerJson.parse(json)), created: status === 201 };
    },
    async delete(_context, key) {
      // A repeat of one that was applied would answer trigger_not_found.
      await transport.request({ method: "DELETE", path: pathOf(key), isRepeatable: false });
    },
    pause: (_context, key, reason) => view("POST", pathOf(key, "/pause"), { reason }),
    resume: (_context, key) => view("POST", pathOf(key, "/resume")),
    async fire(_context, key, idempotencyKey = crypto.randomUUID()) {
      const headers = { "idempotency-key": idempotencyKey };
      const path = pathOf(key, "/trigger");
      const { json } = await transport.request({ method: "POST", path, headers });
      return TriggeredRunJson.parse(json);
    },
    async preview(_context, key, count, afterMs) {
      const after = afterMs === undefined ? undefined : new Date(afterMs).toISOString();
      const path = pathOf(key, `/preview${queryText({ count, after })}`);
      const { json } = await transport.request({ method: "GET", path });
      return UpcomingJson.parse(json).items.map(upcomingFromJson);
    },
    async emit(_context, { id = crypto.randomUUID(), ...event }) {
      const exchange = { method: "POST", path: "/events", json: { ...event, id } } as const;
      return EmittedJson.parse((await transport.request(exchange)).json);
    },
    async receive() {
      throw new LockstitchError("action_refused", "Webhooks are called below /hooks/.");
    },
  };
}
