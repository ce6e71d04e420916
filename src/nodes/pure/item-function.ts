/**
 * How data nodes call a workflow's function for each item, or read a field of it instead, and what
 * they do about an item for which the function fails.
 *
 * F1. An error names the item it belongs to.
 * F2. A passed limit always fails the step: `onItemError` is about data, not about resources.
 */
import { z } from "zod";
import { ExpressionError } from "#workflow/expression/expression.ts";
import type { FieldPath } from "./field-path.ts";
import { fieldNames, readField } from "./field-path.ts";

/** Gets the item and its index in a list, or the value and its key in an object. */
export type ItemFunction = (item: unknown, place: number | string) => unknown;

/** An item for which the function failed. */
export interface ItemFault {
  readonly index: number | string;
  readonly error: { readonly code: string; readonly message: string };
}

export const ItemFault = z.strictObject({
  index: z.union([z.number(), z.string()]),
  error: z.strictObject({ code: z.string(), message: z.string() }),
});

/** The function itself, or one that reads `field`, or the item when there is neither. */
export function itemFunction(
  apply: ItemFunction | undefined,
  field: FieldPath | undefined,
): ItemFunction {
  if (apply !== undefined) return namingItem(apply);
  if (field === undefined) return (item) => item;
  const names = fieldNames(field);
  return (item) => readField(item, names);
}

/** `apply`, whose errors say at which item they happened. */
export function namingItem(apply: ItemFunction): ItemFunction {
  return (item, place) => {
    try {
      return apply(item, place);
    } catch (error) {
      throw error instanceof ExpressionError ? atItem(error, place) : error;
    }
  };
}

function atItem(error: ExpressionError, place: number | string): ExpressionError {
  const at = typeof place === "number" ? String(place) : JSON.stringify(place).slice(0, 80);
  return new ExpressionError(error.kind, `items[${at}]: ${error.message}`, error.limit);
}

/** What `call` gives, or the fault of its item. Limits and bugs pass through (F2). */
export function settle<Value>(
  index: number | string,
  call: () => Value,
):
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: ItemFault } {
  try {
    return { ok: true, value: call() };
  } catch (error) {
    if (!(error instanceof ExpressionError) || error.kind === "limit") throw error;
    const fault = { index, error: { code: "expression_failed", message: error.message } };
    return { ok: false, fault };
  }
}
