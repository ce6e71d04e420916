/**
 * `data.join` pairs the items of two lists that have an equal key, as SQL does: `inner` keeps
 * pairs only, `left` also the left items without partner, `full` those of both sides. A null key
 * matches nothing. Rows come in the order of the left list, then the unpaired right ones.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { ITEMS_MAX, List } from "./collection.ts";
import { identityOf } from "./compare-json.ts";
import { limitFault } from "./field-fault.ts";
import { FieldPath } from "./field-path.ts";
import { type ItemFunction, itemFunction } from "./item-function.ts";

interface Row {
  readonly left: unknown;
  readonly right: unknown;
}

const On = z.union(
  [
    FieldPath,
    z.strictObject({
      left: FieldPath.describe("The field of left items"),
      right: FieldPath.describe("The field of right items"),
    }),
  ],
  { error: "must be a field, or { left, right } with one of each side" },
);

type On = z.infer<typeof On>;

export const dataJoin = defineNode({
  type: "data.join",
  title: "Join",
  description:
    "Pairs the items of two lists by key. Rows are `{ left, right }` (null where a side is missing), or with `merge: true` one object of both, the left side's fields winning.",
  category: "data",
  icon: "merge",
  pure: true,
  config: z
    .strictObject({
      left: List.describe("The one list"),
      right: List.describe("The other list"),
      on: On.optional().describe(
        "The field that must be equal, or `{ left, right }`, one per side",
      ),
      keys: z
        .array(On)
        .min(1)
        .optional()
        .describe("Several such fields, all of which must be equal"),
      leftBy: lambda<[unknown, number | string]>("(item, index) => the left key")
        .optional()
        .describe("What of left items must be equal, instead of a field"),
      rightBy: lambda<[unknown, number | string]>("(item, index) => the right key")
        .optional()
        .describe("What of right items must be equal"),
      kind: z
        .enum(["inner", "left", "full"])
        .default("inner")
        .describe("inner: pairs only. left: also left items without partner. full: of both sides"),
      merge: z
        .boolean()
        .default(false)
        .describe("Whether a row is one object of both items instead of `{ left, right }`"),
    })
    .refine(
      ({ on, keys, leftBy, rightBy }) =>
        (leftBy === undefined) === (rightBy === undefined) &&
        [on, keys, leftBy].filter((given) => given !== undefined).length === 1,
      { error: "takes exactly one of on, keys, and leftBy with rightBy", path: ["on"] },
    ),
  output: List,
  examples: [
    {
      title: "Orders with their customers",
      with: {
        left: [
          { order: 1, customer: "a" },
          { order: 2, customer: "x" },
        ],
        right: [{ id: "a", name: "Ada" }],
        on: { left: "customer", right: "id" },
        kind: "left",
      },
      output: [
        { left: { order: 1, customer: "a" }, right: { id: "a", name: "Ada" } },
        { left: { order: 2, customer: "x" }, right: null },
      ],
    },
    {
      title: "On two fields",
      with: {
        left: [{ day: 1, shop: "a", sold: 3 }],
        right: [
          { day: 1, shop: "b", open: true },
          { day: 1, shop: "a", open: false },
        ],
        keys: ["day", "shop"],
        merge: true,
      },
      output: [{ day: 1, shop: "a", open: false, sold: 3 }],
    },
    {
      title: "Merged rows",
      with: { left: [{ id: 1, a: 1 }], right: [{ id: 1, b: 2 }], on: "id", merge: true },
      output: [{ id: 1, b: 2, a: 1 }],
    },
  ],
  run({ left, right, on, keys, leftBy, rightBy, kind, merge }) {
    const fields = keys ?? (on === undefined ? [] : [on]);
    const rightByKey = new Map<string, number[]>();
    const rightKey = keyReader(rightBy, fields, "right");
    for (const [index, item] of right.entries()) {
      const key = rightKey(item, index) ?? null;
      if (key === null) continue;
      const identity = identityOf(key);
      const found = rightByKey.get(identity);
      if (found === undefined) rightByKey.set(identity, [index]);
      else found.push(index);
    }
    const rows: Row[] = [];
    const paired = new Set<number>();
    const leftKey = keyReader(leftBy, fields, "left");
    for (const [index, item] of left.entries()) {
      const key = leftKey(item, index) ?? null;
      const partners = key === null ? [] : (rightByKey.get(identityOf(key)) ?? []);
      if (rows.length + partners.length > ITEMS_MAX) throw tooManyRows();
      for (const partner of partners) {
        paired.add(partner);
        rows.push({ left: item, right: right[partner] });
      }
      if (partners.length === 0 && kind !== "inner") rows.push({ left: item, right: null });
    }
    if (kind === "full")
      for (const [index, item] of right.entries())
        if (!paired.has(index)) rows.push({ left: null, right: item });
    return rows.map((row) => (merge ? merged(row) : { left: row.left, right: row.right }));
  },
});

/** The key of an item; null when any part of it is null, which then matches nothing. */
function keyReader(
  by: ItemFunction | undefined,
  fields: readonly On[],
  side: "left" | "right",
): ItemFunction {
  if (by !== undefined) return itemFunction(by, undefined);
  const readers = fields.map((on) => {
    const isPerSide = typeof on === "object" && "left" in on;
    return itemFunction(undefined, isPerSide ? on[side] : on);
  });
  return (item, place) => {
    const parts = readers.map((read) => read(item, place));
    return parts.includes(null) ? null : parts;
  };
}

function merged({ left, right }: Row): Record<string, unknown> {
  const fields = [right, left].flatMap((side) =>
    typeof side === "object" && side !== null ? Object.entries(side) : [],
  );
  return Object.fromEntries(fields);
}

function tooManyRows(): Error {
  return limitFault(
    "rows",
    ITEMS_MAX,
    `The join has more than ${ITEMS_MAX} rows; the key is probably not selective enough.`,
  );
}
