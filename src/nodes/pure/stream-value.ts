/**
 * A stream as a value: where its bytes come from and what is done to them on the way, as plain JSON.
 * A node that takes one does no work, it answers the stream with one step more; so steps stay pure
 * and the journal small, and only who uses the stream up (file.write, stream.collect, for_each)
 * reads, in bounded memory.
 *
 *   V1. The same stream gives the same records, on any host and at any time: the source is
 *       immutable (another content has another tag, and is refused), steps are deterministic.
 *   V2. A step on a stream gives what the same node type gives on the list of all its records.
 *   V3. Functions are in it by their source and the values they see, at most NAMES_SIZE_MAX.
 */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { originOf } from "#workflow/expression/callable-origin.ts";
import { toPlainJson } from "./plain-json.ts";

/** Characters of JSON of what one function sees of the workflow. */
const NAMES_SIZE_MAX = 64 * 1024;
/** Characters of JSON of a whole stream value. */
const STREAM_SIZE_MAX = 512 * 1024;
const STEPS_MAX = 100;

/** Bytes, as a file has them, or records: any JSON values, mostly the rows of a table. */
export type StreamOf = "text" | "records";

const StreamFunction = z.strictObject({
  source: z.string(),
  scope: z.record(z.string(), z.unknown()),
  seed: z.string().nullable(),
});

const StreamStep = z.strictObject({
  /** The node type. */
  uses: z.string(),
  /** Its configuration with defaults, without the stream and the functions. */
  with: z.record(z.string(), z.unknown()),
  functions: z.record(z.string(), StreamFunction),
  gives: z.enum(["text", "records"]),
});

const Source = z.strictObject({
  /** Below the file folder. */
  path: z.string(),
  bytes: z.int().min(0),
  /** Of this content: whoever changes the file changes the tag. Nobody can make one up. */
  tag: z.string(),
});

const Stream = z.strictObject({ source: Source, steps: z.array(StreamStep).max(STEPS_MAX) });

export const StreamValue = z.strictObject({ $stream: Stream });

export type StreamFunction = z.infer<typeof StreamFunction>;
export type StreamStep = z.infer<typeof StreamStep>;
export type Stream = z.infer<typeof Stream>;
export type StreamValue = z.infer<typeof StreamValue>;

/** How a node type takes a stream in the place of one of its fields. */
export interface StreamUse {
  readonly field: string;
  readonly takes: StreamOf;
  readonly gives: StreamOf;
  /** Why this configuration cannot be done on a stream; null: it can. */
  readonly refusal?: (config: Readonly<Record<string, unknown>>) => string | null;
}

/** Why `onItemError: report` cannot be: the report comes after the last item. */
export function refuseReport({ onItemError }: Readonly<Record<string, unknown>>): string | null {
  return onItemError === "report" ? "onItemError: report needs a list; use skip or fail." : null;
}

/** Whether `value` says that it is a stream; its form is not looked at. */
export function isStream(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "$stream");
}

/** Throws NodeError `config_invalid` for what only looks like a stream. */
export function streamOf(value: unknown, field: string): Stream {
  const parsed = StreamValue.safeParse(value);
  if (parsed.success) return parsed.data.$stream;
  throw unfit(field, "is no stream: hand on the whole value that a step gave.");
}

/** What the records or the text of a stream are. */
export function contentOf({ steps }: Stream): StreamOf {
  return steps.at(-1)?.gives ?? "text";
}

/**
 * `config[use.field]` with one step more: what `type` does with it. `config` has passed the
 * type's schema, but for the stream.
 */
export function withStep(
  type: string,
  use: StreamUse,
  config: Readonly<Record<string, unknown>>,
): StreamValue {
  const stream = streamOf(config[use.field], use.field);
  expectContent(stream, use.takes, use.field);
  if (use.takes === "text" && stream.steps.length > 0)
    throw unfit(use.field, "is a stream that was formatted already; use the one before that step.");
  const refusal = use.refusal?.(config) ?? null;
  if (refusal !== null) throw unfit(use.field, `is a stream, and ${refusal}`);
  const plain: Record<string, unknown> = {};
  const functions: Record<string, StreamFunction> = {};
  for (const [name, value] of Object.entries(config)) {
    if (name === use.field || value === undefined) continue;
    if (typeof value === "function") functions[name] = functionOf(name, value);
    else plain[name] = value;
  }
  const step: StreamStep = { uses: type, with: plain, functions, gives: use.gives };
  if (stream.steps.length >= STEPS_MAX)
    throw limit("streamSteps", STEPS_MAX, `A stream goes through more than ${STEPS_MAX} steps.`);
  const value = { $stream: { ...stream, steps: [...stream.steps, step] } };
  return toPlainJson(value, STREAM_SIZE_MAX) as unknown as StreamValue;
}

/** Throws NodeError `config_invalid` that says which step is missing. */
export function expectContent(stream: Stream, content: StreamOf, field: string): void {
  if (contentOf(stream) === content) return;
  const fix =
    content === "records"
      ? "is a stream of text; read it with `parse` first."
      : "is a stream of records; write it with `format` first.";
  throw unfit(field, fix);
}

function functionOf(field: string, callable: unknown): StreamFunction {
  const origin = originOf(callable);
  if (origin === null) throw unfit(field, "is no expression.");
  const { source, scope, seed } = origin;
  try {
    toPlainJson(scope, NAMES_SIZE_MAX);
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== "limit_exceeded") throw error;
    throw limit(
      "streamNames",
      NAMES_SIZE_MAX,
      `${field} reads more than ${NAMES_SIZE_MAX} characters of other steps' outputs, which a stream would carry along: take what it needs into a step of its own (data.set) and read that.`,
    );
  }
  return { source, scope, seed };
}

function limit(name: string, max: number, message: string): NodeError {
  return new NodeError("limit_exceeded", message, { details: { limit: name, max } });
}

function unfit(field: string, what: string): NodeError {
  return new NodeError("config_invalid", `${field}: ${what}`, { details: { field } });
}
