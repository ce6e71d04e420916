/**
 * The guards around a node's code: what comes in fits the node's schema, what goes out fits it too,
 * is plain JSON and not too large, and every way to fail becomes one StepError. They are links of
 * the chain (chain.ts), which puts others around and between them. Nothing here touches the world
 * or a clock, so the kernel's hosts can use runPure anywhere.
 *
 * A1. The result is a value; neither function throws or rejects.
 * A2. After the context's signal aborts, runAttempt settles as soon as possible with `aborted`,
 *     even if the node does not listen. What such a node still does is lost, and none is started
 *     any more (by a middleware that tries again).
 * A3. No stack trace and no cause reaches the journal.
 * A4. What code of others has answered is held still at the instant at which it is checked: whatever
 *     that code does with it later, no step, reader or journal sees it (frozen.ts).
 */
import type { z } from "zod";
import { NodeError, type StepError } from "#errors/step-error.ts";
import { ExpressionError } from "#workflow/expression/expression.ts";
import type { Json } from "#workflow/json.ts";
import type { StateRequest } from "#workflow/state-operation.ts";
import { AttemptAbort } from "./attempt-abort.ts";
import type { NodeContext, NodeDefinition } from "./define-node.ts";
import { frozen, frozenFix, heldStill } from "./frozen.ts";
import { toOwnJson, toPlainJson } from "./pure/plain-json.ts";
import { isStream, type StreamUse, withStep } from "./pure/stream-value.ts";

/** Characters of JSON that one output may have. */
export const OUTPUT_SIZE_MAX = 10 * 1024 * 1024;
const DETAILS_SIZE_MAX = 16 * 1024;
const MESSAGE_LENGTH_MAX = 4096;

export type AttemptResult =
  | { readonly ok: true; readonly output: Json; readonly operation?: StateRequest }
  | { readonly ok: false; readonly error: StepError };

/** One evaluation of a pure node. `config` is the evaluated `with`, with functions in its function fields. */
export function runPure(definition: NodeDefinition, config: unknown): AttemptResult {
  try {
    if (definition.runPure === null) throw new Error(`${definition.type} is not a pure node`);
    const output =
      definition.stream !== null && takesStream(definition.stream, config)
        ? streamed(definition, definition.stream, config)
        : parsedOutput(definition, definition.runPure(parsedConfig(definition, config)));
    return { ok: true, output: definition.isUsers === true ? heldStill(output) : output };
  } catch (error) {
    return { ok: false, error: stepErrorOf(error) };
  }
}

function takesStream({ field }: StreamUse, config: unknown): config is Record<string, unknown> {
  return typeof config === "object" && config !== null && isStream(Reflect.get(config, field));
}

/** The configuration is checked with something small in the stream's place. */
function streamed(
  definition: NodeDefinition,
  use: StreamUse,
  config: Readonly<Record<string, unknown>>,
): Json {
  const empty = { ...config, [use.field]: use.takes === "text" ? "" : [] };
  const checked = parsedConfig(definition, empty) as Readonly<Record<string, unknown>>;
  const stream = config[use.field];
  return withStep(definition.type, use, { ...checked, [use.field]: stream }) as unknown as Json;
}
/** One attempt on its way through the chain. */
export interface ChainCall {
  readonly definition: NodeDefinition;
  readonly context: NodeContext;
  readonly abort: AttemptAbort;
  /** The configuration that has passed the schema; UNSET before. */
  parsed: unknown;
  /** The output that is known to be plain JSON of a fitting size, and the one that fits the schema. */
  plain: unknown;
  checked: unknown;
  /** Whether somebody else may hold the output, or a part of it (A4). */
  isForeign: boolean;
}

/** What a link goes on with: answers a promise of the output, never throws. */
export type Inner = (call: ChainCall, config: unknown) => Promise<unknown>;
export type Link = (inner: Inner) => Inner;

const UNSET = Symbol("unset");
const ABORTED_ERROR = new NodeError("aborted", "The attempt was told to stop.");
const ABORTED: AttemptResult = {
  ok: false,
  error: { code: "aborted", message: "The attempt was told to stop.", retryable: false },
};

/**
 * One attempt of an effect node. `config` is the evaluated `with`. `abort` is what the context's
 * signal comes from, where the caller has it: then the signal is made only for a node that asks.
 */
export function runAttempt(
  definition: NodeDefinition,
  config: unknown,
  context: NodeContext,
  abort: AttemptAbort = AttemptAbort.following(context.signal),
  chain: Inner = GUARDED,
): Promise<AttemptResult> {
  if (abort.isAborted) return Promise.resolve(ABORTED);
  const call = newCall(definition, context, abort);
  return chain(call, config).then(
    (output) => outputResult(call, output),
    (error: unknown) => (abort.isAborted ? ABORTED : { ok: false, error: stepErrorOf(error) }),
  );
}

/** One attempt of a state node: what it asks for. It is done later, by the commit of its step. */
export function runState(
  definition: NodeDefinition,
  config: unknown,
  context: NodeContext,
  abort: AttemptAbort = AttemptAbort.following(context.signal),
  chain: Inner = stateEnd,
): Promise<AttemptResult> {
  if (abort.isAborted) return Promise.resolve(ABORTED);
  return chain(newCall(definition, context, abort), config).then(
    (asked) => ({ ok: true, output: null, operation: asked as StateRequest }),
    (error: unknown) => ({ ok: false, error: stepErrorOf(error) }),
  );
}

/** The innermost of a state node. */
export function stateEnd({ definition }: ChainCall, config: unknown): Promise<unknown> {
  try {
    if (definition.operation === null) throw new Error(`${definition.type} is not a state node`);
    return Promise.resolve(
      ownRequest(definition, definition.operation(parsedConfig(definition, config))),
    );
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Of what a user's type asks for, its code may hold the values. */
function ownRequest({ isUsers }: NodeDefinition, asked: StateRequest): StateRequest {
  if (isUsers !== true) return asked;
  return heldStill(toPlainJson(asked, OUTPUT_SIZE_MAX)) as unknown as StateRequest;
}

function newCall(definition: NodeDefinition, context: NodeContext, abort: AttemptAbort): ChainCall {
  const isForeign = definition.isUsers === true;
  return { definition, context, abort, parsed: UNSET, plain: UNSET, checked: UNSET, isForeign };
}

/** The innermost: the node itself, on a configuration that fits, also where a middleware made it. */
export function nodeEnd(call: ChainCall, config: unknown): Promise<unknown> {
  const { definition, context, abort } = call;
  if (abort.isAborted) return Promise.reject(ABORTED_ERROR);
  try {
    if (definition.runEffect === null) throw new Error(`${definition.type} is not an effect node`);
    const fitting = config === call.parsed ? config : parsedConfig(definition, config);
    const running: unknown = definition.runEffect(fitting, context);
    return running instanceof Promise ? running : Promise.resolve(running);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What goes in fits the schema, what comes out does, too. */
export function schemaLink(inner: Inner): Inner {
  return (call, config) => {
    const { definition } = call;
    try {
      call.parsed = parsedConfig(definition, config);
    } catch (error) {
      return Promise.reject(error);
    }
    return inner(call, call.parsed).then((output) => checkedOutput(call, output));
  };
}

/** Whatever is inside: it is over when the attempt aborts, whether it listens or not. */
export function abortLink(inner: Inner): Inner {
  return (call, config) => {
    const { abort } = call;
    return new Promise((resolve, reject) => {
      abort.listen(() => reject(ABORTED_ERROR));
      inner(call, config).then(
        (output) => {
          abort.listen(null);
          resolve(output);
        },
        (error: unknown) => {
          abort.listen(null);
          reject(abort.isAborted ? ABORTED_ERROR : error);
        },
      );
      if (abort.isAborted) reject(ABORTED_ERROR);
    });
  };
}

/** What comes out is plain JSON of at most OUTPUT_SIZE_MAX. */
export function sizeLink(inner: Inner): Inner {
  return (call, config) => inner(call, config).then((output) => plainOutput(call, output));
}

/** The guards alone, as they stand in every chain. */
const GUARDED: Inner = sizeLink(abortLink(schemaLink(nodeEnd)));

function outputResult(call: ChainCall, output: unknown): AttemptResult {
  try {
    return { ok: true, output: checkedOutput(call, output) };
  } catch (error) {
    return { ok: false, error: stepErrorOf(error) };
  }
}

function plainOutput(call: ChainCall, output: unknown): Json {
  if (output !== call.plain) call.plain = settled(call, toPlainJson(output, OUTPUT_SIZE_MAX));
  return call.plain as Json;
}

/** A4. */
function settled({ isForeign }: ChainCall, output: Json): Json {
  return isForeign ? heldStill(output) : output;
}

function checkedOutput(call: ChainCall, output: unknown): Json {
  if (output !== call.checked) {
    const plain = plainOutput(call, output);
    const fitting = fittingOutput(call.definition, plain);
    call.checked = fitting === plain ? plain : settled(call, fitting);
    call.plain = call.checked;
  }
  return call.checked as Json;
}

/** Somebody had the output in his hands, or made it: it is checked anew on its way out. */
export function uncheck(call: ChainCall): void {
  call.isForeign = true;
  call.plain = UNSET;
  call.checked = UNSET;
}

function parsedConfig(definition: NodeDefinition, config: unknown): unknown {
  if (definition.isUsers === true) frozen(config);
  const parsed = definition.config.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new NodeError("config_invalid", `with ${issuesText(parsed.error)}`, {
    details: { issues: issuesOf(parsed.error) },
  });
}

function parsedOutput(definition: NodeDefinition, output: unknown): Json {
  return fittingOutput(definition, toPlainJson(output, OUTPUT_SIZE_MAX));
}

function fittingOutput(definition: NodeDefinition, plain: Json): Json {
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

/** Any thrown value as it is journaled: bounded, without stack. Never throws. */
export function stepErrorOf(error: unknown): StepError {
  try {
    return readError(error);
  } catch {
    // Its message is a getter that throws, or it is a Proxy: what it is stays with who threw it.
    return { code: "internal", message: "threw an error that cannot be read", retryable: true };
  }
}

function readError(error: unknown): StepError {
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
  const fix = frozenFix(error);
  if (fix !== null)
    return { code: "internal", message: fix.slice(0, MESSAGE_LENGTH_MAX), retryable: false };
  // Whoever threw it may have put anything there.
  const message = error instanceof Error ? String(error.message) : `threw ${describeThrown(error)}`;
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
    return toOwnJson(details, DETAILS_SIZE_MAX);
  } catch {
    // The failure itself must arrive, whatever was hung on it.
    return { omitted: `The details were no JSON of at most ${DETAILS_SIZE_MAX} characters.` };
  }
}
