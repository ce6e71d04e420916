/** What a configuration says of the chain around attempts: `middleware: [...]` and `chain: {...}`. */
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import type { ChainOptions, Middleware, TraceAttempt } from "#nodes/middleware.ts";

const Order = z.array(z.string());

const Chain = z.strictObject({
  order: Order.optional(),
  types: z.record(z.string(), Order).optional(),
  log: z.boolean().optional(),
  trace: z
    .custom<TraceAttempt>((value) => typeof value === "function", "must be a function")
    .optional(),
});

/** Throws config_invalid; names are looked at when the engine opens. */
export function chainSettings(middleware: unknown, chain: unknown, place: string): ChainOptions {
  if (middleware !== undefined && !Array.isArray(middleware))
    throw new LockstitchError(
      "config_invalid",
      `middleware in ${place}: must be a list, as in middleware: [{ name: "audit", run: async (context, config, next) => next() }].`,
    );
  const parsed = Chain.safeParse(chain ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = ["chain", ...(issue?.path ?? [])].join(".");
    throw new LockstitchError("config_invalid", `${at} in ${place}: ${issue?.message}`);
  }
  const { order, types, log, trace } = parsed.data;
  return {
    middleware: (middleware ?? []) as readonly Middleware[],
    ...(order === undefined ? {} : { order }),
    ...(types === undefined ? {} : { types }),
    ...(log === undefined ? {} : { log }),
    ...(trace === undefined ? {} : { trace }),
  };
}
