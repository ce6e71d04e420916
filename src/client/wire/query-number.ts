/** Whole numbers in queries, written in decimal digits: `0x10`, `1e3` and ` 5` are mistakes. */
import { z } from "zod";

export interface NumberBounds {
  readonly min: number;
  readonly max?: number;
}

const MESSAGE = "must be a whole number in decimal digits";

/** What is no such number is left to the schema, which says so. */
export function queryNumber({ min, max }: NumberBounds) {
  const bounded = z.int({ error: MESSAGE }).min(min);
  return z.preprocess(decimal, max === undefined ? bounded : bounded.max(max));
}

function decimal(text: unknown): unknown {
  return typeof text === "string" && /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}
