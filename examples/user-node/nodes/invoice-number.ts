/**
 * `shop.invoice_number`: a pure node. It computes, always gives the same for the same, and so runs
 * inside the step that needs it, without an attempt of its own.
 */
import { defineNode } from "lockstitch/node";
import { z } from "zod";

export const invoiceNumber = defineNode({
  type: "shop.invoice_number",
  title: "Invoice number",
  description:
    "Numbers an invoice as our bookkeeping wants it: year, customer, counter, check digit.",
  category: "user",
  icon: "receipt",
  pure: true,
  config: z.strictObject({
    year: z.int().min(2000).max(2999),
    customer: z.string().regex(/^[A-Z]{3}$/, "must be three capital letters"),
    counter: z.int().min(1).max(99_999),
  }),
  output: z.string(),
  examples: [
    {
      title: "The seventh invoice of a year",
      with: { year: 2026, customer: "ADA", counter: 7 },
      output: "2026-ADA-00007-5",
    },
  ],
  run({ year, customer, counter }) {
    const digits = `${year}${String(counter).padStart(5, "0")}`;
    const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (index + 1), 0);
    return `${year}-${customer}-${String(counter).padStart(5, "0")}-${sum % 10}`;
  },
});
