/** Conversions of one value to text, number or boolean: what is not clearly one is an error, never a guess. */
import { fieldFault } from "./field-fault.ts";

/** Text stays, null is empty, lists and objects are JSON. */
export function textOfValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A number, decimal text (spaces around it allowed), true as 1, false as 0. */
export function numberOfValue(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const text = typeof value === "string" ? value.trim() : "";
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  throw fieldFault("value", `${shown(value)} is not a number.`);
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
  ["yes", true],
  ["no", false],
  ["on", true],
  ["off", false],
  ["1", true],
  ["0", false],
]);

/** A boolean, 1 and 0, or one of the words true, yes, on, 1 and false, no, off, 0 in any case. */
export function booleanOfValue(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  const known =
    typeof value === "string" || typeof value === "number"
      ? BOOLEANS.get(String(value).trim().toLowerCase())
      : undefined;
  if (known !== undefined) return known;
  throw fieldFault("value", `${shown(value)} is neither true nor false.`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "null").slice(0, 80);
}
