/**
 * What one host asks another about a run that the other drives, as JSON over Hosts.ask(). Both run
 * the same release or neighbours: what is not understood is refused, never guessed.
 */
import { z } from "zod";
import { ERRORS, type ErrorCode, LockstitchError } from "#errors/errors.ts";
import type { Input } from "#kernel/inputs.ts";

const Context = z.object({
  tenant: z.string(),
  principal: z.string(),
  trace: z.string().nullable(),
});

export const Question = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("call"),
    context: Context,
    runId: z.string(),
    /** The kernel checks what it means for the run. */
    input: z.looseObject({ kind: z.string() }).transform((input) => input as unknown as Input),
  }),
  z.object({ kind: z.literal("explain"), context: Context, runId: z.string() }),
  z.object({
    kind: z.literal("ahead"),
    places: z.array(
      z.object({
        gate: z.string(),
        isOfRuns: z.boolean(),
        effective: z.number(),
        sinceMs: z.number(),
      }),
    ),
  }),
  z.object({
    kind: z.literal("approvals"),
    context: Context,
    labels: z.record(z.string(), z.string()),
  }),
]);
export type Question = z.infer<typeof Question>;

const Answer = z.union([
  z.object({ value: z.unknown() }),
  z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  }),
]);

/** The other host's failure, or what it gave. Throws LockstitchError. */
export function answered(answer: string): unknown {
  const parsed = Answer.parse(JSON.parse(answer));
  if (!("error" in parsed)) return parsed.value;
  const { code, message, details } = parsed.error;
  throw new LockstitchError(isCode(code) ? code : "internal", message, { details });
}

/** Never rejects: what fails is the answer. */
export async function answerOf(give: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify({ value: (await give()) ?? null });
  } catch (error) {
    const known =
      error instanceof LockstitchError ? error : new LockstitchError("internal", String(error));
    const { code, message, details } = known;
    return JSON.stringify({ error: { code, message, details } });
  }
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
