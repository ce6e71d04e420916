/**
 * For node types with an `operation` field: which other fields each operation needs and which it may
 * have. A field that the operation would ignore is a mistake, and is refused with both named.
 */
import type { z } from "zod";

export interface Options<Field extends string> {
  readonly needs?: readonly Field[];
  readonly takes?: readonly Field[];
}

/** A check for superRefine. `always` are the fields that every operation has; a defaulted field must be among them. */
export function checkOptions<Operation extends string, Field extends string>(
  operations: Readonly<Record<Operation, Options<Field>>>,
  always: readonly string[],
) {
  return (
    config: Readonly<Record<string, unknown>> & { readonly operation: Operation },
    context: z.RefinementCtx,
  ): void => {
    const { operation } = config;
    const { needs = [], takes = [] } = operations[operation];
    const allowed = new Set<string>([...always, ...needs, ...takes]);
    for (const field of needs)
      if (config[field] === undefined)
        context.addIssue({ code: "custom", path: [field], message: `is needed by ${operation}` });
    for (const field of Object.keys(config)) {
      if (allowed.has(field) || config[field] === undefined) continue;
      const others = [...needs, ...takes].join(", ");
      const message = `is not used by ${operation}${others === "" ? "" : `, which takes ${others}`}`;
      context.addIssue({ code: "custom", path: [field], message });
    }
  };
}
