/**
 * `data.join` pairs the items of two lists that have an equal key, as SQL does: `inner` keeps
 * pairs only, `left` also the left items without partner, `full` those of both sides. A null key
 * matches nothing. Rows come in the order of the left list, then the unpaired right ones.
 */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode, lambda } from "../define-node.ts";
import { ITEMS_MAX, List } from "./collection.ts";
import { identityOf } from "./compare-json.ts";
import { FieldPath, fieldNames, readField } from "./field-path.ts";

interface Row {
  readonly left: unknown;
  readonly right: unknown;
}

type KeyOf = (item: unknown, index: number) => unknown;

const On = z.union([
  FieldPath,
  z
    .strictObject({
      left: FieldPath.meta({ description: "The left items' field" }),
      right: FieldPath.meta({ description: "The right items' field" }),
    })
    .meta({ description: "A field per side" }),
]);

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
      left: List.meta({ description: "The first list; rows come in its order" }),
      right: List.meta({ description: "The list in which partners are looked for" }),
      on: On.optional().meta({ description: "The field that must be equal, or one per side" }),
      leftBy: lambda<[unknown, number]>("(item, index) => the left key")
        .optional()
        .describe("Gives the key of a left item; with rightBy, instead of on"),
      rightBy: lambda<[unknown, number]>("(item, index) => the right key")
        .optional()
        .describe("Gives the key of a right item; with leftBy, instead of on"),
      kind: z.enum(["inner", "left", "full"]).default("inner").meta({
        description: "Rows without a partner: none, those of the left list, those of both",
      }),
      merge: z.boolean().default(false).meta({ description: "Rows are one object of both sides" }),
    })
    .refine(
      ({ on, leftBy, rightBy }) =>
        on === undefined
          ? leftBy !== undefined && rightBy !== undefined
          : leftBy === undefined && rightBy === undefined,
      { error: "takes either on, or leftBy and rightBy", path: ["on"] },
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
      title: "Merged rows",
      with: { left: [{ id: 1, a: 1 }], right: [{ id: 1, b: 2 }], on: "id", merge: true },
      output: [{ id: 1, b: 2, a: 1 }],
    },
  ],
  run({ left, right, on, leftBy, rightBy, kind, merge }) {
    const rightByKey = new Map<string, number[]>();
    const rightKey = keyReader(rightBy, on, "right");
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
    const leftKey = keyReader(leftBy, on, "left");
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

function keyReader(
  by: KeyOf | undefined,
  on: z.infer<typeof On> | undefined,
  side: "left" | "right",
): KeyOf {
  if (by !== undefined) return by;
  const path = typeof on === "object" && !Array.isArray(on) ? on[side] : (on ?? []);
  const names = fieldNames(path);
  return (item) => readField(item, names);
}

function merged({ left, right }: Row): Record<string, unknown> {
  const fields = [right, left].flatMap((side) =>
    typeof side === "object" && side !== null ? Object.entries(side) : [],
  );
  return Object.fromEntries(fields);
}

function tooManyRows(): NodeError {
  return new NodeError(
    "limit_exceeded",
    `The join has more than ${ITEMS_MAX} rows; the key is probably not selective enough.`,
    { details: { limit: "rows", max: ITEMS_MAX } },
  );
}
