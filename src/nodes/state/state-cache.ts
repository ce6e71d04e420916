/** `state.cache` keeps values that may be lost: on the store of remembered results, with its bounds. */
import { z } from "zod";
import { Duration, durationMs } from "#workflow/duration.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import { STATE_VALUE_SIZE_MAX } from "#workflow/state-operation.ts";
import { defineNode, NodeError } from "../define-node.ts";
import { AnyJson, Scope } from "./state-fields.ts";

export const stateCache = defineNode({
  type: "state.cache",
  title: "Cache",
  description:
    "Keeps a value under a key for a while. Entries go when their time is over, or when the store is full (those used longest ago first), so a workflow must do without them. To keep the result of a costly step use its `memo` instead.",
  category: "state",
  icon: "database",
  pure: false,
  config: z.strictObject({
    key: z.string().min(1).max(1_000).describe("Name of the entry; any text."),
    operation: z
      .enum(["get", "set", "delete", "get_or_set"])
      .default("get")
      .describe("What to do; `get_or_set` keeps `value` where there is no entry."),
    value: AnyJson.optional().describe("set, get_or_set: what to keep, up to 64 Ki characters."),
    default: AnyJson.optional().describe("get: the answer where there is no entry; else null."),
    ttl: Duration.optional().describe(
      "set, get_or_set: how long to keep it, such as `10m`; without it until the store is full.",
    ),
    scope: Scope,
  }),
  output: z.strictObject({
    value: AnyJson.describe("The value of the entry, or what stands for it."),
    hit: z.boolean().describe("Whether there was an entry."),
  }),
  examples: [
    {
      title: "Keep a rate for an hour",
      with: { key: "rate/EUR", operation: "set", value: 1.08, ttl: "1h", scope: "tenant" },
      output: { value: 1.08, hit: false },
    },
    {
      title: "Read one, or go on without",
      with: { key: "rate/USD", default: 1, scope: "tenant" },
      output: { value: 1, hit: false },
    },
  ],
  operation({ key, operation, value = null, default: otherwise = null, ttl, scope }) {
    if (jsonSizeUpTo(value, STATE_VALUE_SIZE_MAX) > STATE_VALUE_SIZE_MAX)
      throw new NodeError(
        "limit_exceeded",
        `The value of "${key.slice(0, 100)}" is longer than ${STATE_VALUE_SIZE_MAX} characters of JSON. Keep large values in files, and their names here.`,
        { retryable: false },
      );
    const ttlMs = durationMs(ttl);
    return { kind: "cache", scope, key, operation, value, otherwise, ttlMs };
  },
});
