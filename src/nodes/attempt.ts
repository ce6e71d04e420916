/**
 * The chain around a node's code: what comes in fits the node's schema, what goes out fits it too,
 * is plain JSON and not too large, and every way to fail becomes one StepError. Nothing here
 * touches the world or a clock, so the kernel's hosts can use runPure anywhere.
 *
 * A1. The result is a value; neither function throws or rejects.
 * A2. After the context's signal aborts, runAttempt settles as soon as possible with `aborted`,
 *     even if the node does not listen. What such a node still does is lost.
 * A3. No stack trace and no cause reaches the journal.
 */
import type { z } from "zod";
import { NodeError, type StepError } from "#errors/step-error.ts";
import { ExpressionError } from "#workflow/expression/expression.ts";
import type { Json } from "#workflow/json.ts";
import { AttemptAbort } from "./attempt-abort.ts";
import type { NodeContext, NodeDefinition } from "./define-node.ts";
import { toPlainJson } from "./pure/plain-json.ts";

/** Characters of JSON that one output may have. */
export const OUTPUT_SIZE_MAX = 10 * 1024 * 1024;
const DETAILS_SIZE_MAX = 16 * 1024;
const MESSAGE_LENGTH_MAX = 4096;

export type AttemptResult =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly error: StepError };

/** One evaluation of a pure node. `config` is the evaluated `with`, with functions in its function fields. */
export function runPure(definition: NodeDefinition, config: unknown): AttemptResult {
  try {
    if (definition.runPure === null) throw new Error(`${definition.type} is not a pure node`);
    return {
      ok: true,
      output: parsedOutput(definition, definition.runPure(parsedConfig(definition, config))),
    };
  } catch (error) {
    return { ok: false, error: stepErrorOf(error) };
  }
}

/**
 * One attempt of an effect node. `config` is the evaluated `with`. `abort` is what the context's
 * signal comes from, where the caller has it: then the signal is made only for a node that asks.
 */
export function runAttempt(
  definition: NodeDefinition,
  config: unknown,
  context: NodeContext,
  abort: AttemptAbort = AttemptAbort.following(context.signal),
): Promise<AttemptResult> {
  return new Promise((resolve) => {
    if (abort.isAborted) return resolve(ABORTED);
    const failed = (error: unknown) => {
      abort.listen(null);
      resolve(abort.isAborted ? ABORTED : { ok: false, error: stepErrorOf(error) });
    };
    try {
      if (definition.runEffect === null)
        throw new Error(`${definition.type} is not an effect node`);
      const running: unknown = definition.runEffect(parsedConfig(definition, config), context);
      abort.listen(() => resolve(ABORTED));
      if (abort.isAborted) resolve(ABORTED);
      const promise = running instanceof Promise ? running : Promise.resolve(running);
      promise.then((output: unknown) => {
        abort.listen(null);
        resolve(outputResult(definition, output));
      }, failed);
    } catch (error) {
      failed(error);
    }
  });
}

function outputResult(definition: NodeDefinition, output: unknown): AttemptResult {
  try {
    return { ok: true, output: parsedOutput(definition, output) };
  } catch (error) {
    return { ok: false, error: stepErrorOf(error) };
  }
}

const ABORTED: AttemptResult = {
  ok: false,
  error: { code: "aborted", message: "The attempt was told to stop.", retryable: false },
};

function parsedConfig(definition: NodeDefinition, config: unknown): unknown {
  const parsed = definition.config.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new NodeError("config_invalid", `with ${issuesText(parsed.error)}`, {
    details: { issues: issuesOf(parsed.error) },
  });
}

function parsedOutput(definition: NodeDefinition, output: unknown): Json {
  const plain = toPlainJson(output, OUTPUT_SIZE_MAX);
  const parsed = definition.output.safeParse(plain);
  if (!parsed.success)
    throw new NodeError("output_invalid", `output ${issuesText(parsed.error)}`, {
      details: { issues: issuesOf(parsed.error) },
    });
  // A schema may transform; only then is there something new to look at.
  return parsed.data === plain ? plain : toPlainJson(parsed.data, OUTPUT_SIZE_MAX);
}

interface Issue {
  readonly path: string;
  readonly message: string;
}

function issuesOf(error: z.ZodError): readonly Issue[] {
  return error.issues.slice(0, 20).map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message.slice(0, 500),
  }));
}

function issuesText(error: z.ZodError): string {
  const shown = issuesOf(error).slice(0, 5);
  const texts = shown.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  const more = error.issues.length - shown.length;
  return `${texts.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

/** Any thrown value as it is journaled: bounded, without stack. */
export function stepErrorOf(error: unknown): StepError {
  if (error instanceof NodeError)
    return {
      code: error.code,
      message: error.message.slice(0, MESSAGE_LENGTH_MAX),
      retryable: error.retryable,
      ...(error.details === undefined ? {} : { details: boundedDetails(error.details) }),
    };
  if (error instanceof ExpressionError)
    return {
      code: error.kind === "limit" ? "limit_exceeded" : "expression_failed",
      message: error.message.slice(0, MESSAGE_LENGTH_MAX),
      retryable: false,
      ...(error.limit === null ? {} : { details: { limit: error.limit } }),
    };
  const message = error instanceof Error ? error.message : `threw ${describeThrown(error)}`;
  return {
    code: "internal",
    message: (message === "" ? "an error without a message" : message).slice(0, MESSAGE_LENGTH_MAX),
    retryable: true,
  };
}

function describeThrown(value: unknown): string {
  return typeof value === "string" ? value : `a ${value === null ? "null" : typeof value}`;
}

function boundedDetails(details: unknown): Json {
  try {
    return toPlainJson(details, DETAILS_SIZE_MAX);
  } catch {
    return { omitted: `The details were no JSON of at most ${DETAILS_SIZE_MAX} characters.` };
  }
}
