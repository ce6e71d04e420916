/** NamedValues over HTTP. */
import type { NamedValueKey, NamedValues } from "#engine/named-values.ts";
import { queryText } from "./request-path.ts";
import type { Transport } from "./transport.ts";
import {
  NamedValueChangesJson,
  NamedValueJson,
  NamedValueListJson,
  valueChangeFromJson,
  valueFromJson,
} from "./wire/value.ts";

export function valuesOverHttp(transport: Transport): NamedValues {
  const pathOf = ({ workflow, name }: NamedValueKey, more: Record<string, string> = {}) =>
    `/values/${encodeURIComponent(name)}${queryText({ workflow, ...more })}`;
  return {
    async list(_context, filter) {
      const path = `/values${queryText({ ...filter })}`;
      const page = NamedValueListJson.parse(
        (await transport.request({ method: "GET", path })).json,
      );
      return { items: page.items.map(valueFromJson), cursor: page.cursor };
    },
    async get(_context, key) {
      const { json } = await transport.request({ method: "GET", path: pathOf(key) });
      return valueFromJson(NamedValueJson.parse(json));
    },
    async set(_context, key, change) {
      const exchange = { method: "PUT", path: pathOf(key), json: change } as const;
      const { json } = await transport.request(exchange);
      return valueFromJson(NamedValueJson.parse(json));
    },
    async delete(_context, key, reason) {
      const path = pathOf(key, reason === undefined ? {} : { reason });
      // A repeat of one that was applied would answer value_not_found.
      const exchange = { method: "DELETE", path, isRepeatable: false } as const;
      const { json } = await transport.request(exchange);
      return valueFromJson(NamedValueJson.parse(json));
    },
    async changes(_context, { workflow, name }, limit) {
      const path = `/values/${encodeURIComponent(name)}/changes${queryText({ workflow, limit })}`;
      const { json } = await transport.request({ method: "GET", path });
      return NamedValueChangesJson.parse(json).items.map(valueChangeFromJson);
    },
  };
}
