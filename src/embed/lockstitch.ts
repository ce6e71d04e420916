/**
 * Lockstitch inside a program of one's own: what openLockstitch() answers. A thin layer over the
 * engine's contract: it saves definitions once, follows runs to their end and gives outputs their
 * types. Everything it does is durable when its promise resolves.
 *
 *   L1. A definition object is saved at its first use; later starts name the saved version.
 *   L2. run() and result() reject with RunFailed when the run ends as anything but succeeded, and
 *       with shutting_down when Lockstitch is closed before the run's end, which is no failure of it.
 *   L3. What a call is given counts as it is at the call: what the program does with it later changes
 *       no run. What a call answers is shared with the engine, and frozen.
 *   L4. After close() every call rejects with shutting_down; what had not ended goes on at the next open.
 */
import { readFile } from "node:fs/promises";
import type {
  Engine,
  EventView,
  ExplainView,
  LogFollowQuery,
  LogLineView,
  RunSummary,
  RunView,
  SignalRequest,
  StartRequest,
} from "#engine/engine.ts";
import type { NamedValue, NamedValueChange, NamedValueKey } from "#engine/named-values.ts";
import type { ApprovalDecision, CheckpointRequest } from "#engine/run-changes.ts";
import type {
  EventFilter,
  EventListener,
  EventSubscription,
  SubscribeOptions,
} from "#engine/run-events.ts";
import { LockstitchError } from "#errors/errors.ts";
import { toOwnJson } from "#nodes/pure/plain-json.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { CheckpointMark, RunFilter } from "#ports/journal.ts";
import type { SharedFilter } from "#ports/state-store.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { parseWorkflowOrThrow } from "#workflow/parse.ts";
import type { TypedWorkflow } from "#workflow/typed.ts";
import { RunFailed } from "./run-failed.ts";

/** A run that has succeeded. */
export type FinishedRun<Output = unknown> = Omit<RunView, "output"> & { readonly output: Output };

/** A run under way. */
export interface StartedRun<Output = unknown> {
  readonly id: string;
  /** False: a run with this id or idempotency key existed, with the same input; this is it. */
  readonly created: boolean;
  /** Waits for the end. Rejects with RunFailed; with the signal's reason when it aborts. */
  result(options?: { readonly signal?: AbortSignal }): Promise<FinishedRun<Output>>;
}

export interface StartOptions {
  /** Your own id for the run: starting the same twice gives the same run. */
  readonly id?: string;
  readonly idempotencyKey?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** 0 to 10, higher first. */
  readonly priority?: number;
  /** Of a workflow named by text; default: the newest. */
  readonly version?: number;
}

export interface RunOptions extends StartOptions {
  /** Ends the waiting, not the run. */
  readonly signal?: AbortSignal;
}

/** Which shared values: all without `scope`, `workflow` and `prefix`. */
export interface ValuesFilter extends SharedFilter {
  readonly limit?: number;
}

/** A value that runs share, with the type that the caller knows it to have. */
export type SharedValue<Value = unknown> = Omit<NamedValue, "value"> & { readonly value: Value };

/** Input and options; the input may be left out where nothing is known to be required. */
type Rest<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options];

interface Parts {
  readonly engine: Engine;
  readonly nodes: NodeRegistry;
  readonly context: CallContext;
  readonly close: (graceMs: number) => Promise<void>;
}

/** Runs that one page of a list brings. */
const PAGE_RUNS = 100;
const PAGE_VALUES = 100;
/** Changes of a value that are shown without a limit of the caller's. */
const CHANGES = 100;
/** What running attempts get when the program ends without saying how long. */
const GRACE_MS = 10_000;

export class Lockstitch implements AsyncDisposable {
  /** The engine's whole contract, for what has no shorthand here. */
  readonly engine: Engine;
  /** Who calls, in the journal. */
  readonly context: CallContext;
  readonly #parts: Parts;
  readonly #saved = new WeakMap<WorkflowDefinition, WorkflowVersion | Promise<WorkflowVersion>>();

  constructor(parts: Parts) {
    this.engine = parts.engine;
    this.context = parts.context;
    this.#parts = parts;
  }

  /** Starts a run and waits for its end: `const { output } = await l.run(flow, { name: "Ada" })`. */
  async run<Input, Output>(
    flow: TypedWorkflow<Input, Output>,
    ...rest: Rest<Input, RunOptions>
  ): Promise<FinishedRun<Output>>;
  async run(workflow: string, input?: unknown, options?: RunOptions): Promise<FinishedRun>;
  async run(
    workflow: string | WorkflowDefinition,
    input?: unknown,
    options: RunOptions = {},
  ): Promise<FinishedRun> {
    const { signal, ...start } = options;
    const wait = { timeoutMs: Number.POSITIVE_INFINITY, signal };
    const asked = this.#request(workflow, input, start);
    const request = asked instanceof Promise ? await asked : asked;
    const { run } = await this.engine.start(this.context, request, { wait });
    return finished(run, signal);
  }

  /**
   * Starts a run; resolves when it is durable. Throws LockstitchError workflow_not_found,
   * definition_invalid, input_invalid, run_exists, payload_too_large, queue_full.
   */
  async start<Input, Output>(
    flow: TypedWorkflow<Input, Output>,
    ...rest: Rest<Input, StartOptions>
  ): Promise<StartedRun<Output>>;
  async start(workflow: string, input?: unknown, options?: StartOptions): Promise<StartedRun>;
  async start(
    workflow: string | WorkflowDefinition,
    input?: unknown,
    options: StartOptions = {},
  ): Promise<StartedRun> {
    const asked = this.#request(workflow, input, options);
    const request = asked instanceof Promise ? await asked : asked;
    const { run, created } = await this.engine.start(this.context, request);
    return this.#started(run.id, created);
  }

  /** L3: at once where nothing must be saved first, so that the engine takes the input as it is now. */
  #request(
    workflow: string | WorkflowDefinition,
    input: unknown,
    options: StartOptions,
  ): StartRequest | Promise<StartRequest> {
    if (typeof workflow === "string") return { ...options, workflow, input };
    const saved = this.#saved.get(workflow);
    if (saved !== undefined && !(saved instanceof Promise))
      return { ...options, workflow: saved.name, version: saved.version, input };
    const given = { ...options, labels: { ...options.labels }, input: copyOf(input) };
    return this.#save(workflow).then(({ name, version }) => ({
      ...given,
      workflow: name,
      version,
    }));
  }

  /** A run that was started before, by this program or another one. Rejects with run_not_found. */
  async attach(runId: string): Promise<StartedRun> {
    const run = await this.get(runId);
    return this.#started(run.id, false);
  }

  #started(id: string, created: boolean): StartedRun {
    return {
      id,
      created,
      result: async ({ signal } = {}) => {
        const run = await this.engine.wait(this.context, id, Number.POSITIVE_INFINITY, signal);
        return finished(run, signal);
      },
    };
  }

  /** Saves a definition as a version of its name. The same content again is the same version. */
  async save(definition: WorkflowDefinition): Promise<WorkflowVersion> {
    return await this.#save(definition);
  }

  /** Saves a workflow file (YAML or JSON). Throws definition_invalid with every problem and its place. */
  async saveFile(path: string): Promise<WorkflowVersion> {
    const text = await readFile(path, "utf8");
    const { definition } = parseWorkflowOrThrow(text, { nodes: this.#parts.nodes, file: path });
    return await this.#save(definition);
  }

  async #save(definition: WorkflowDefinition): Promise<WorkflowVersion> {
    const known = this.#saved.get(definition);
    if (known !== undefined) return await known;
    const saving = this.engine.saveWorkflow(this.context, definition);
    this.#saved.set(definition, saving);
    try {
      const saved = await saving;
      this.#saved.set(definition, saved);
      return saved;
    } catch (error) {
      // One that could not be saved is tried anew.
      this.#saved.delete(definition);
      throw error;
    }
  }

  /** The run as it is now. Throws run_not_found. */
  async get(runId: string): Promise<RunView> {
    return await this.engine.wait(this.context, runId, 0);
  }

  /** Runs, newest first, page after page: `for await (const run of l.runs({ status: ["failed"] }))`. */
  async *runs(filter: Partial<RunFilter> = {}): AsyncGenerator<RunSummary, void, undefined> {
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    let { cursor } = filter;
    while (left > 0) {
      const page = await this.engine.list(this.context, {
        ...filter,
        limit: Math.min(left, PAGE_RUNS),
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield* page.items;
      left -= page.items.length;
      if (page.cursor === null) return;
      cursor = page.cursor;
    }
  }

  /** Journaled events of a run, from the first, live until its last. */
  events(runId: string, signal: AbortSignal = NEVER): AsyncIterable<EventView> {
    return this.engine.follow(this.context, runId, 0, signal);
  }

  /**
   * Calls `listener` with what has become durable, filtered: `l.on({ type: "run.failed" }, alarm)`.
   * See docs/events.md; ends with close(), of the subscription or of this.
   */
  on(
    filter: EventFilter,
    listener: EventListener,
    options: SubscribeOptions = {},
  ): EventSubscription {
    return this.engine.on(this.context, filter, listener, options);
  }

  /** Lines that the run's steps have logged, from the first, live until the run ends. */
  logs(
    runId: string,
    filter: LogFollowQuery = {},
    signal: AbortSignal = NEVER,
  ): AsyncIterable<LogLineView> {
    return this.engine.followLogs(this.context, runId, filter, signal);
  }

  /** What the run waits for, in sentences, and what would free it. */
  async explain(runId: string): Promise<ExplainView> {
    return await this.engine.explain(this.context, runId);
  }

  /** Sends a signal; `id` makes it count once. `applied` is false for an id seen before. */
  async signal(
    runId: string,
    name: string,
    payload: unknown = null,
    options: Pick<SignalRequest, "key" | "id"> = {},
  ): Promise<{ readonly applied: boolean; readonly id: string }> {
    return await this.engine.signal(this.context, runId, { ...options, name, payload });
  }

  /** Decides a `wait.approval` of the run at `path`. */
  async approve(
    runId: string,
    path: string,
    decision: ApprovalDecision = { approved: true },
  ): Promise<RunView> {
    return await this.engine.decideApproval(this.context, runId, path, decision);
  }

  async pause(runId: string, reason?: string): Promise<RunView> {
    return await this.engine.pause(this.context, runId, reason);
  }

  async resume(runId: string, reason?: string): Promise<RunView> {
    return await this.engine.resume(this.context, runId, reason);
  }

  /** Cancels: running steps are aborted, `finally` runs. */
  async cancel(runId: string, reason?: string): Promise<RunView> {
    return await this.engine.cancel(this.context, runId, reason);
  }

  /** Ends the run at once, without cleanup. */
  async terminate(runId: string, reason?: string): Promise<RunView> {
    return await this.engine.terminate(this.context, runId, reason);
  }

  /** Another priority, 0 to 10: of attempts that wait, and of steps to come. */
  async prioritize(runId: string, priority: number, reason?: string): Promise<RunView> {
    return await this.engine.prioritize(this.context, runId, { priority, reason });
  }

  /** Saves the run's state, so that a restart begins there; `pin` keeps it beside newer ones. */
  async checkpoint(runId: string, request: CheckpointRequest = {}): Promise<CheckpointMark> {
    return await this.engine.care.checkpoint(this.context, runId, request);
  }

  /**
   * Values that runs share, by scope, workflow and name, page after page:
   * `for await (const { name, value } of l.values({ workflow: "orders" }))`.
   */
  async *values(filter: ValuesFilter = {}): AsyncGenerator<NamedValue, void, undefined> {
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    let cursor: string | undefined;
    while (left > 0) {
      const limit = Math.min(left, PAGE_VALUES);
      const page = await this.engine.values.list(this.context, { ...filter, limit, cursor });
      yield* page.items;
      left -= page.items.length;
      if (page.cursor === null) return;
      cursor = page.cursor;
    }
  }

  /** A value that the runs of `workflow` share, or without it the tenant's. Throws value_not_found. */
  async value<Value = unknown>(key: NamedValueKey): Promise<SharedValue<Value>> {
    return (await this.engine.values.get(this.context, key)) as SharedValue<Value>;
  }

  /**
   * Sets it; steps that are settled later build on it. Throws request_invalid for a name that no
   * step could use, payload_too_large, action_refused where there is no more room.
   */
  async setValue<Value>(
    key: NamedValueKey,
    value: Value,
    reason?: string,
  ): Promise<SharedValue<Value>> {
    const change = { value, reason };
    return (await this.engine.values.set(this.context, key, change)) as SharedValue<Value>;
  }

  /** Deletes it; answers what there was. Throws value_not_found. */
  async deleteValue(key: NamedValueKey, reason?: string): Promise<NamedValue> {
    return await this.engine.values.delete(this.context, key, reason);
  }

  /** Who set or deleted it by hand, newest first; what steps did to it is in their runs. */
  async valueChanges(key: NamedValueKey, limit = CHANGES): Promise<readonly NamedValueChange[]> {
    return await this.engine.values.changes(this.context, key, limit);
  }

  /** Gives running attempts `graceMs`, commits what they report and frees the data directory. */
  async close({ graceMs = GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    await this.#parts.close(graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const NEVER = new AbortController().signal;

/** What cannot be copied the engine refuses, and says why. */
function copyOf(input: unknown): unknown {
  try {
    return input === undefined ? undefined : toOwnJson(input, Number.POSITIVE_INFINITY);
  } catch {
    // It is no JSON: the engine's own check names the place.
    return input;
  }
}

function finished(run: RunView, signal: AbortSignal | undefined): FinishedRun {
  signal?.throwIfAborted();
  if (run.status === "succeeded") return run;
  if (run.endedAtMs === null)
    throw new LockstitchError(
      "shutting_down",
      `Lockstitch was closed before run ${run.id} of ${run.workflow} ended (it is ${run.status}). It goes on at the next open: attach("${run.id}") waits for it there.`,
      { details: { runId: run.id } },
    );
  throw new RunFailed(run);
}
