/**
 * `data.map` turns every item into another, by a function or by reading a field; an object keeps its
 * keys. Items for which the function fails can be nulls, left out, or listed beside the results.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf, isListOf } from "./collection.ts";
import { FieldPath } from "./field-path.ts";
import { ItemFault, itemFunction, settle } from "./item-function.ts";
import { refuseReport } from "./stream-value.ts";

const Report = z.strictObject({
  results: Collection,
  succeeded: z.int(),
  failed: z.array(ItemFault),
});

export const dataMap = defineNode({
  type: "data.map",
  title: "Map",
  description:
    "Calls `map` with every item, or reads `field` of it, and collects the results. An object keeps its keys.",
  category: "data",
  icon: "arrow-right",
  pure: true,
  config: z
    .strictObject({
      items: Collection.describe("The list, or an object whose values are mapped"),
      map: lambda<[unknown, number | string]>("(item, index) => result")
        .optional()
        .describe("What an item becomes"),
      field: FieldPath.optional().describe("The field to read; null where it is missing"),
      onItemError: z
        .enum(["fail", "null", "skip", "report"])
        .default("fail")
        .describe(
          "When `map` fails for an item: the step fails, its result is null, it is left out, or the output is `{ results, succeeded, failed: [{ index, error }] }` with null as its result",
        ),
    })
    .refine(({ map, field }) => (map === undefined) !== (field === undefined), {
      error: "takes exactly one of map and field",
      path: ["map"],
    }),
  output: z.union([Report, Collection]),
  examples: [
    {
      title: "Prices of lines",
      with: {
        items: [
          { price: 2, quantity: 3 },
          { price: 5, quantity: 1 },
        ],
        map: "(line) => line.price * line.quantity",
      },
      output: [6, 5],
    },
    {
      title: "A field",
      with: { items: [{ name: "Ada" }, {}], field: "name" },
      output: ["Ada", null],
    },
    {
      title: "An object's values",
      with: { items: { a: 1, b: 2 }, map: "(value, key) => key + value" },
      output: { a: "a1", b: "b2" },
    },
    {
      title: "Rows without a price are left out",
      with: { items: [{ price: 1 }, {}], map: "(row) => row.price * 2", onItemError: "skip" },
      output: [2],
    },
  ],
  stream: { field: "items", takes: "records", gives: "records", refusal: refuseReport },
  run({ items, map, field, onItemError }) {
    const apply = itemFunction(map, field);
    if (onItemError === "fail" && isListOf(items))
      return items.map((item, index) => apply(item, index));
    const failed: ItemFault[] = [];
    const mapped: (readonly [number | string, unknown])[] = [];
    for (const [place, item] of entriesOf(items)) {
      const settled =
        onItemError === "fail"
          ? { ok: true as const, value: apply(item, place) }
          : settle(place, () => apply(item, place));
      if (!settled.ok) failed.push(settled.fault);
      if (settled.ok || onItemError !== "skip")
        mapped.push([place, settled.ok ? settled.value : null]);
    }
    const results = isListOf(items) ? mapped.map(([, value]) => value) : Object.fromEntries(mapped);
    if (onItemError !== "report") return results;
    return { results, succeeded: mapped.length - failed.length, failed };
  },
});
