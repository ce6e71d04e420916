/**
 * What an effect tells the witness, one JSON line each over a unix socket; the witness answers each
 * with an empty line once it is written down. A line `{"ask":"inFlight"}` is answered with the
 * number of effects that have begun and not ended on connections that are still open.
 */
import { z } from "zod";

export const WitnessRecord = z.object({
  phase: z.enum(["begin", "end"]),
  key: z.string(),
  runId: z.string(),
  path: z.string(),
  attempt: z.int(),
  /** begin: the nonces of other effects that this one was given. */
  sees: z.array(z.string()).optional(),
  /** end: what it gives; null when it fails. */
  nonce: z.string().nullable().optional(),
  /** end: SHA-256 of the output's JSON, by which a journal names an output in the blob store. */
  hash: z.string().optional(),
});
export type WitnessRecord = z.infer<typeof WitnessRecord>;

export const WitnessLine = z.union([z.object({ ask: z.literal("inFlight") }), WitnessRecord]);

/** Every nonce in a value, wherever it stands. */
export function noncesIn(value: unknown): string[] {
  return JSON.stringify(value ?? null).match(/nonce-[0-9a-f-]{36}/g) ?? [];
}
