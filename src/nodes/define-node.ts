/**
 * The contract of a node type: one file that exports `defineNode({...})`. The palette, the docs
 * page, validation and the builder's types all come from that one definition.
 *
 * N1. A pure node is deterministic, does no I/O, reads no clock, and runs inside the kernel's turn.
 * N2. Any other node runs as an attempt, at least once; repeats carry the same idempotency key.
 * N3. A node fails by throwing NodeError; anything else it throws is journaled as `internal`.
 */
import { z } from "zod";
import { NodeError, type StepErrorCode } from "#errors/step-error.ts";
import type { Json } from "#workflow/json.ts";
import type { NodeType } from "#workflow/node-types.ts";
import { answerOnEmpty, type StateRequest } from "#workflow/state-operation.ts";
import type { TypedNode } from "#workflow/typed.ts";
import type { Connections } from "./connections/lent-connection.ts";
import type { StreamUse } from "./pure/stream-value.ts";

// A user's node file needs both from the one place it can import (`lockstitch/node`).
export { NodeError };

/**
 * What an attempt may use of its surroundings. Everything here belongs to this one attempt. Read its
 * members: some are made when first read, and a spread copy (`{ ...context }`) does not have them.
 */
export interface NodeContext {
  readonly runId: string;
  /** Text form of the step instance's path. */
  readonly path: string;
  readonly workflow: string;
  readonly tenant: string;
  /** The same for all attempts of a step instance, after retries and crashes too. */
  readonly idempotencyKey: string;
  /** 1 for the first. Attempts lost in a crash count. */
  readonly attempt: number;
  /** Aborts at timeout, deadline, cancel and shutdown. */
  readonly signal: AbortSignal;
  /** When the attempt's timeout ends, epoch ms; null without one. */
  readonly deadlineAtMs: number | null;
  readonly log: NodeLog;
  /** Reports progress in [0, 1] with an optional note, as a heartbeat does: journaled, at most once a second. */
  progress(fraction: number, note?: string): void;
  /**
   * A sign of life, durable at most once a second (the newest of those in between). `details` is
   * JSON of at most 64 Ki characters that the next attempt finds in `lastHeartbeat`.
   */
  heartbeat(details?: unknown): void;
  /** The newest details that an attempt before this one gave, after a crash too; null without. */
  readonly lastHeartbeat: unknown;
  /** Host services that the composition root gives to nodes (file root, HTTP client, ...). */
  readonly services: NodeServices;
  /** Tells how much processor time the attempt's sandboxed code took, in milliseconds; absent: nobody asks. */
  readonly sandboxUsed?: (cpuMs: number) => void;
  /** The secrets in its configuration by name; absent: none. */
  readonly secretNames?: readonly string[];
}

export interface NodeLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What the host lends to effectful nodes; configured once, in the composition root. */
export interface NodeServices {
  /** Folder below which file nodes may read and write; null: file nodes are off. */
  readonly fileRoot: string | null;
  readonly http: HttpRules;
  /** The operator's named connections; absent: there are none. */
  readonly connections?: Connections;
  /** What shell.run may do; absent: it is off. */
  readonly shell?: ShellRules;
  /** What one call of sandboxed code may have at most, whatever its step says; absent: that. */
  readonly sandbox?: (tenant: string, workflow: string) => SandboxCeilings;
  /** Folder for what steps spill while they work on streams; absent: one of the machine's. */
  readonly scratchRoot?: string;
  /**
   * Sends a signal to a run, applied once per id. Resolves when it is durable.
   * Rejects with LockstitchError run_not_found, run_terminal, signals_full, signal_invalid.
   */
  sendSignal(signal: {
    readonly tenant: string;
    readonly runId: string;
    readonly name: string;
    readonly key: string | null;
    readonly payload: Json;
    readonly id: string;
  }): Promise<void>;
}

/** Infinity: the operator sets none. */
export interface SandboxCeilings {
  readonly memoryBytesMax: number;
  readonly cpuMsMax: number;
}

/** The operator's rules for outgoing HTTP. */
export interface HttpRules {
  readonly allowPrivate: boolean;
  /** CIDR blocks that are allowed although private. */
  readonly allowCidrs: readonly string[];
  /** Host names or `.suffix`; empty allow list: all that is not denied. */
  readonly allowHosts: readonly string[];
  readonly denyHosts: readonly string[];
  readonly redirectsMax: number;
  readonly responseBytesMax: number;
  readonly timeoutMs: number;
  readonly callsPerRunMax: number;
  /** Size of a response that goes to a file instead of into the output; default DOWNLOAD_BYTES_MAX. */
  readonly downloadBytesMax?: number;
}

/** The operator's rules for shell.run. */
export interface ShellRules {
  /** Programs that may be started, as steps write them; `*`: any. Empty: the node is off. */
  readonly commands: readonly string[];
  /** Names of environment variables that programs get from the host or from the step. */
  readonly environment: readonly string[];
  readonly outputBytesMax: number;
  readonly timeoutMs: number;
}

/** Groups of the palette and of the docs, in the order in which they are shown. */
export const NODE_CATEGORIES = [
  "control",
  "wait",
  "data",
  "text",
  "convert",
  "state",
  "io",
  "code",
  "view",
  "user",
] as const;

export type NodeCategory = (typeof NODE_CATEGORIES)[number];

interface Common<Config extends z.ZodType, Output extends z.ZodType> {
  /** `group.name`, or one word for control-like ones. */
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly category: NodeCategory;
  /** A short emoji-free icon name for the palette. */
  readonly icon: string;
  /**
   * Version of the node's code, default "1". Change it when the same configuration gives another
   * result than before: what was remembered of the type (`memo`) is then not used any more.
   */
  readonly version?: string;
  /** Schema of the evaluated `with`; a strictObject, so that unknown fields are found. */
  readonly config: Config;
  readonly output: Output;
  /** Codes with which it fails, beside those of every step (COMMON_ERRORS). */
  readonly errors?: readonly NodeErrorCode[];
  /** Run as tests and stand in the docs. `with` as a workflow would write it. */
  readonly examples?: readonly NodeExample[];
}

/** One code, or all HTTP statuses that are failures. */
export type NodeErrorCode = StepErrorCode | "http.*";

/** Codes with which a step of any type may fail; docs name them once. */
export const COMMON_ERRORS: readonly StepErrorCode[] = [
  "aborted",
  "config_invalid",
  "expression_failed",
  "internal",
  "limit_exceeded",
  "output_invalid",
];

/** What a type does with a configuration: exactly one of `output` and `error`. */
export interface NodeExample {
  readonly title: string;
  readonly with: Json;
  readonly given?: ExampleWorld;
  /** All of it; of an effect node the fields that are the same every time. */
  readonly output?: Json;
  readonly error?: StepErrorCode;
}

/** What must be there outside for an example; tests put real stand-ins there. */
export interface ExampleWorld {
  /** Texts of files below the file root, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** What hosts of `example.com` answer, by method and path: `GET /orders`. Others answer 404. */
  readonly http?: Readonly<
    Record<
      string,
      {
        readonly status?: number;
        readonly headers?: Readonly<Record<string, string>>;
        readonly body?: Json;
      }
    >
  >;
}

export interface PureNode<
  Config extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends Common<Config, Output> {
  readonly pure: true;
  /** Of a type that can be a step of a stream: see pure/stream-value.ts. */
  readonly stream?: StreamUse;
  /** The field that is the output as it stands, where no other is set: a large value is then handed on unread. */
  readonly handsOn?: string;
  run(config: z.output<Config>): z.input<Output>;
}

export interface EffectNode<
  Config extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends Common<Config, Output> {
  readonly pure: false;
  run(config: z.output<Config>, context: NodeContext): Promise<z.input<Output>>;
}

/**
 * A node whose attempt only says what is to be done with named values: it is done in the
 * transaction that settles the step, once, whatever was tried before (kernel/state-step.ts).
 */
export interface StateNode<
  Config extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends Common<Config, Output> {
  readonly pure: false;
  readonly run?: never;
  operation(config: z.output<Config>): StateRequest;
}

/** A node type as the registry keeps it: the parser's view plus its code, with types erased. */
export interface NodeDefinition extends NodeType {
  readonly icon: string;
  readonly version: string;
  readonly errors: readonly NodeErrorCode[];
  readonly examples: readonly NodeExample[];
  /** Of pure nodes that take a stream in the place of a field; null: the type takes none. */
  readonly stream: StreamUse | null;
  /** See PureNode; null: the type always computes. */
  readonly handsOn: string | null;
  /** Of pure nodes. `config` has passed the config schema. */
  readonly runPure: ((config: unknown) => unknown) | null;
  /** Of effect nodes. `config` has passed the config schema. */
  readonly runEffect: ((config: unknown, context: NodeContext) => Promise<unknown>) | null;
  /**
   * Of effect nodes that work on named values: the host asks for this instead of running them.
   * Their runEffect answers as if nothing was stored. null: of all others.
   */
  readonly operation: ((config: unknown) => StateRequest) | null;
  /** Its code is not Lockstitch's own: it may hold what it has answered, and change it. The registry says so. */
  readonly isUsers?: true;
}

/** Declares a node type; TypeScript infers what `run` receives and must return from the two schemas. */
export function defineNode<Config extends z.ZodType, Output extends z.ZodType>(
  node: PureNode<Config, Output> | EffectNode<Config, Output> | StateNode<Config, Output>,
): NodeDefinition & TypedNode<z.input<Config>, z.output<Output>> {
  const common = {
    type: node.type,
    title: node.title,
    description: node.description,
    category: node.category,
    icon: node.icon,
    version: node.version ?? "1",
    config: node.config,
    output: node.output,
    errors: [...(node.errors ?? [])].sort(),
    examples: node.examples ?? [],
    functionFields: fieldsWith(node.config, "lambda"),
    constantFields: fieldsWith(node.config, "constant"),
    ...connectionFieldsOf(node.config),
  };
  if (node.pure)
    return {
      ...common,
      execution: "pure",
      stream: node.stream ?? null,
      handsOn: node.handsOn ?? null,
      runPure: node.run as (config: unknown) => unknown,
      runEffect: null,
      operation: null,
    };
  if (node.run === undefined) return { ...common, ...stateParts(node) };
  return {
    ...common,
    execution: "effect",
    stream: null,
    handsOn: null,
    runPure: null,
    runEffect: node.run as (config: unknown, context: NodeContext) => Promise<unknown>,
    operation: null,
  };
}

function stateParts<Config extends z.ZodType, Output extends z.ZodType>(
  node: StateNode<Config, Output>,
): Pick<
  NodeDefinition,
  "execution" | "isExact" | "stream" | "handsOn" | "runPure" | "runEffect" | "operation"
> {
  const operation = node.operation as (config: unknown) => StateRequest;
  return {
    execution: "effect",
    isExact: true,
    stream: null,
    handsOn: null,
    runPure: null,
    runEffect: async (config) =>
      answerOnEmpty(operation(config), ({ code, message }) => new NodeError(code, message)),
    operation,
  };
}

/**
 * A config field that holds a bare function, such as `map: "(x) => x.price"`. `signature` is for
 * people; `.describe()` says what the function is for.
 */
export function lambda<Args extends readonly unknown[] = readonly [unknown], Result = unknown>(
  signature: string,
) {
  return z
    .custom<(...args: Args) => Result>((value) => typeof value === "function", {
      message: `must be a function, ${signature}`,
    })
    .meta({ lambda: signature });
}

/** Absent where there are none: then a step of the type costs no look at its configuration. */
function connectionFieldsOf(config: z.ZodType): Pick<NodeType, "connectionFields"> {
  const connectionFields = fieldsWith(config, "connection");
  return connectionFields.size === 0 ? {} : { connectionFields };
}

/** Top-level fields of a configuration whose schema carries `mark` in its metadata. */
function fieldsWith(
  config: z.ZodType,
  mark: "lambda" | "constant" | "connection",
): ReadonlySet<string> {
  const fields = new Set<string>();
  if (!(config instanceof z.ZodObject)) return fields;
  for (const [name, field] of Object.entries(config.shape as Record<string, z.ZodType>)) {
    let inner: z.ZodType = field;
    while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault)
      inner = inner.unwrap() as z.ZodType;
    if (inner.meta()?.[mark] !== undefined) fields.add(name);
  }
  return fields;
}
