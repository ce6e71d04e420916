/**
 * What an effect tells the witness, one JSON line each over a unix socket; the witness answers each
 * with an empty line once it is written down. A host's first line is its name, `{"hello":"host 2"}`. A line
 * `{"ask":"inFlight"}` is answered with the number of effects that have begun and not ended on
 * connections that are still open, by the name of their host.
 */
import { z } from "zod";

/** The rules that an effect is under, as its workflow says. */
export const Marks = z.strictObject({
  /** Path of the saga that it belongs to. */
  saga: z.string().optional(),
  /** It is a compensation: the key of the effect that it undoes. */
  undoes: z.string().optional(),
  /** What its result is remembered under. */
  memo: z.string().optional(),
  slots: z.object({ key: z.string(), limit: z.int() }).optional(),
  rate: z.object({ key: z.string(), limit: z.int(), perMs: z.int() }).optional(),
  /** The number that the step before it was given. */
  number: z.int().optional(),
});
export type Marks = z.infer<typeof Marks>;

/** The witness itself writes this when a connection ends: what ran there has ended with its host. */
export const GoneRecord = z.object({ phase: z.literal("gone"), host: z.int() });
export type GoneRecord = z.infer<typeof GoneRecord>;

export const WitnessRecord = z.object({
  phase: z.enum(["begin", "end"]),
  key: z.string(),
  runId: z.string(),
  path: z.string(),
  attempt: z.int(),
  /** Which life of the victim spoke, 1 for the first: the witness's own count of connections. */
  host: z.int().optional(),
  /** begin: the instant at which the effect was called. */
  atMs: z.number().optional(),
  marks: Marks.optional(),
  /** begin: the details of the heartbeat that it was given. */
  given: z.string().nullable().optional(),
  /** begin: the nonces of other effects that this one was given. */
  sees: z.array(z.string()).optional(),
  /** end: what it gives; null when it fails. */
  nonce: z.string().nullable().optional(),
  /** end: SHA-256 of the output's JSON, by which a journal names an output in the blob store. */
  hash: z.string().optional(),
});
export type WitnessRecord = z.infer<typeof WitnessRecord>;

export const WitnessLine = z.union([
  z.object({ ask: z.literal("inFlight") }),
  z.object({ hello: z.string() }),
  WitnessRecord,
]);

/** Every nonce in a value, wherever it stands. */
export function noncesIn(value: unknown): string[] {
  return JSON.stringify(value ?? null).match(/nonce-[0-9a-f-]{36}/g) ?? [];
}
