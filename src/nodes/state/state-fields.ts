/** Fields that the `state.*` node types have in common. */
import { z } from "zod";
import type { Json } from "#workflow/json.ts";
import { STATE_NAME_FORM, STATE_NAME_LENGTH_MAX } from "#workflow/state-operation.ts";

export const Scope = z
  .enum(["run", "workflow", "tenant"])
  .default("run")
  .describe(
    "Who shares the value: this run alone, all runs of this workflow (any version), or all runs of the tenant.",
  );

export const Name = z.string().max(STATE_NAME_LENGTH_MAX).regex(STATE_NAME_FORM, {
  error: "must begin with a letter and hold letters, digits and _ . : / - only",
});

/** Any JSON; `undefined` never arrives here. */
export const AnyJson = z.custom<Json>((value) => value !== undefined, {
  error: "is required",
});
