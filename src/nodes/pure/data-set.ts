/**
 * `data.set` makes a value: as written, or from a base object with some fields set or removed.
 * The base is never changed; fields are applied in the order they are written.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { AnyObject } from "./collection.ts";
import { FieldPath, fieldNames, withField, withoutField } from "./field-path.ts";

export const dataSet = defineNode({
  type: "data.set",
  title: "Set data",
  description: "Makes a value, or a copy of one with fields set (`fields`) and removed (`remove`).",
  category: "data",
  icon: "pencil",
  pure: true,
  config: z.strictObject({
    value: z
      .unknown()
      .optional()
      .describe("The value to start from; an empty object if there are fields"),
    fields: AnyObject.optional().describe("Values by field path (`customer.name`)"),
    remove: z.array(FieldPath).optional().describe("Fields to leave out"),
  }),
  output: z.unknown(),
  examples: [
    { title: "A value", with: { value: [1, 2] }, output: [1, 2] },
    {
      title: "An order marked as paid",
      with: {
        value: { id: 7, status: "open", draft: true, customer: { id: 1 } },
        fields: { status: "paid", "customer.name": "Ada" },
        remove: ["draft"],
      },
      output: { id: 7, status: "paid", customer: { id: 1, name: "Ada" } },
    },
  ],
  handsOn: "value",
  run({ value, fields, remove }) {
    let result: unknown = value ?? (fields === undefined ? null : {});
    for (const path of remove ?? []) result = withoutField(result, fieldNames(path));
    for (const [path, field] of Object.entries(fields ?? {}))
      result = withField(result, fieldNames(path), field);
    return result;
  },
});
