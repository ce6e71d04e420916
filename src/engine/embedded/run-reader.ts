/**
 * What callers read of a run: what is committed, whatever its host is doing. It comes from the
 * journal, but for what was committed a moment ago and is still at hand: a read costs 20 us of the
 * event loop, and a start with its wait used to take seven of them.
 *
 *   R1. Values are handed out as the run has them, never copied, so they are frozen. Who asks for
 *       packed ones passes on their JSON and changes nothing: those that are not packed stay as they are.
 */
import { LockstitchError } from "#errors/errors.ts";
import { StepHistory, type StepRow } from "#kernel/history.ts";
import type { Continued, Pins, TriggerOrigin } from "#kernel/run-links.ts";
import { VALUE_LOST, type ValueRef } from "#kernel/value-ref.ts";
import { frozen } from "#nodes/frozen.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import { PACKED_BYTES_MIN } from "#workflow/packed-json.ts";
import { childPath } from "#workflow/path.ts";
import type { Plan } from "#workflow/plan.ts";
import type { EventView, RunStateView, RunView, StepOutput, StepView } from "../engine.ts";
import type { ReadOptions } from "../read-options.ts";
import {
  blobLink,
  eventsOf,
  forFold,
  packedBlob,
  readBlob,
  type StoredEvent,
} from "./event-blobs.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import { BLOB_BYTES, type EngineLimits } from "./options.ts";
import type { Plans } from "./plans.ts";
import { isTerminal, type RunFacts } from "./run-facts.ts";
import type { RunLoader } from "./run-loader.ts";
import { eventView } from "./run-views.ts";
import { warningsOf } from "./run-warnings.ts";
import type { ValueCache } from "./value-cache.ts";
import type { ValueLoader, ValueSource } from "./value-loader.ts";

/** Turns read at once for a page of events. */
const TURNS_PER_PAGE = 200;

/** How a run began, as its view shows it; kept in the cache under BEGINNING. */
export interface Beginning {
  readonly input: unknown;
  readonly forkedFrom: string | null;
  readonly continuedFrom: string | null;
  /** The first run of its chain. */
  readonly chainId: string;
  readonly trigger: TriggerOrigin | null;
}
export const BEGINNING = "beginning";

export class RunReader {
  readonly #store: Store;
  readonly #values: ValueLoader;
  readonly #loader: RunLoader;
  readonly #plans: Plans;
  readonly #cache: ValueCache;
  readonly #limits: Pick<EngineLimits, "eventsWarned">;

  constructor(parts: {
    readonly store: Store;
    readonly values: ValueLoader;
    readonly loader: RunLoader;
    readonly plans: Plans;
    readonly cache: ValueCache;
    readonly limits: Pick<EngineLimits, "eventsWarned">;
  }) {
    this.#store = parts.store;
    this.#values = parts.values;
    this.#loader = parts.loader;
    this.#plans = parts.plans;
    this.#cache = parts.cache;
    this.#limits = parts.limits;
  }

  /** Throws run_not_found. */
  async head(context: CallContext, runId: string): Promise<RunHead> {
    const head = await this.#store.journal.head(context, runId);
    if (head === null) throw runNotFound(runId);
    return head;
  }

  /** null: there is no such run. */
  async run(context: CallContext, runId: string, how: ReadOptions = {}): Promise<RunView | null> {
    const head = await this.#store.journal.head(context, runId);
    return head === null ? null : this.view(context, head, how);
  }

  /** What the run was started with, to be started with again. Throws store_corrupt where it is lost. */
  async input(context: CallContext, runId: string): Promise<unknown> {
    const first = await this.#store.journal.turnAt(context, runId, 1);
    const event = first === null ? undefined : eventsOf(first)[0];
    const link = event === undefined ? null : blobLink(event, "input");
    if (link === null) return event?.["input"] ?? null;
    const input = await readBlob(this.#store.blobs, context, link);
    if (input !== undefined) return input;
    throw new LockstitchError(
      "store_corrupt",
      `The input of run ${runId} is missing or corrupt (blob ${link.hash}): give another one.`,
      { details: { runId } },
    );
  }

  /** `ended` is the turn in which the run ended, where the caller has seen it committed. */
  async view(
    context: CallContext,
    head: RunFacts,
    { packed = false }: ReadOptions = {},
    ended: CommittedTurn | null = null,
  ): Promise<RunView> {
    const source = this.#source(context, head.runId);
    const warnings = warningsOf(head.seq, this.#limits);
    const beginning =
      this.#knownBeginning(source, packed) ?? (await this.#beginning(source, packed));
    if (!packed) frozen(beginning.input);
    const view = newView(head, beginning, warnings);
    if (!isTerminal(head.status)) return view;
    const end = await this.#endOf(source, head, ended);
    if (end?.type === "run.failed") {
      const path = end["path"] as string | undefined;
      const error = frozen(end["error"] as NonNullable<RunView["error"]>);
      return { ...view, error: path === undefined ? error : { ...error, path } };
    }
    if (end?.type === "run.continued") return { ...view, continuedTo: end["toRunId"] as string };
    if (end?.type !== "run.succeeded") return view;
    const ref = end["outputRef"] as ValueRef | undefined;
    const output =
      ref === undefined
        ? await this.#fieldOf(context, end, "output", packed)
        : await this.#valueOf(source, ref, packed);
    return { ...view, output: packed ? output : frozen(output) };
  }

  #knownBeginning({ cacheId }: ValueSource, packed: boolean): Beginning | undefined {
    // Of a large input the store has the bytes.
    if (packed && this.#cache.sizeOf(cacheId, BEGINNING) > PACKED_BYTES_MIN) return undefined;
    return this.#cache.get(cacheId, BEGINNING) as Beginning | undefined;
  }

  async #beginning({ context, runId }: ValueSource, packed: boolean): Promise<Beginning> {
    const first = await this.#store.journal.turnAt(context, runId, 1);
    const events = first === null ? [] : eventsOf(first);
    const forked = events.find(({ type }) => type === "run.forked");
    const continued = events[0]?.["continued"] as Continued | undefined;
    return {
      input: await this.#fieldOf(context, events[0], "input", packed),
      forkedFrom: (forked?.["from"] as string | undefined) ?? null,
      continuedFrom: continued?.fromRunId ?? null,
      chainId: continued?.chainId ?? runId,
      trigger: (events[0]?.["trigger"] as TriggerOrigin | undefined) ?? null,
    };
  }

  /** The run's last event as the journal keeps it. */
  async #endOf(
    { context, runId }: ValueSource,
    { seq }: RunFacts,
    ended: CommittedTurn | null,
  ): Promise<StoredEvent | undefined> {
    // What was moved to the blob store stands in the journal as a link.
    if (ended !== null && !ended.hasBlobs)
      return ended.events[seq - ended.firstSeq] as unknown as StoredEvent;
    const last = await this.#store.journal.turnAt(context, runId, seq);
    return last === null ? undefined : eventsOf(last)[seq - last.firstSeq];
  }

  async events(
    context: CallContext,
    runId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly EventView[]> {
    const views: EventView[] = [];
    let seq = afterSeq;
    while (views.length < limit) {
      const turnsMax = Math.min(limit - views.length, TURNS_PER_PAGE);
      const turns = await this.#store.journal.turns(context, runId, seq, turnsMax);
      for (const turn of turns) {
        for (const [index, event] of eventsOf(turn).entries())
          if (turn.firstSeq + index > seq)
            views.push(eventView(event, turn.firstSeq + index, turn.atMs));
        seq = turn.lastSeq;
      }
      if (turns.length < turnsMax) break;
    }
    return views.slice(0, limit);
  }

  async state(context: CallContext, runId: string, how: ReadOptions = {}): Promise<RunStateView> {
    const head = await this.head(context, runId);
    const vars = new Map<string, StoredEvent>();
    let bufferedSignals = 0;
    let pins: Pins = {};
    const { plan, history } = await this.#story(context, head, (event) => {
      if (event.type === "run.queued") pins = (event["pins"] as Pins | undefined) ?? {};
      else if (event.type === "variable.set" && event["deleted"] === true)
        vars.delete(String(event["name"]));
      else if (event.type === "variable.set") vars.set(String(event["name"]), event);
      else if (event.type === "signal.received") bufferedSignals++;
      else if (event.type === "signal.consumed" || event.type === "signal.unconsumed")
        bufferedSignals--;
    });
    const source = this.#source(context, runId);
    const steps: StepView[] = [];
    for (const row of history.rows()) steps.push(await this.#stepView(source, row, how));
    const known = new Set(steps.map(({ path }) => path));
    for (const step of plan.root.steps)
      if (!known.has(childPath("", step.id))) steps.push(pendingStep(step));
    const values: Record<string, unknown> = {};
    for (const [name, event] of vars) {
      const link = blobLink(event, "value");
      values[name] = link === null ? cut(event["value"], VALUE_WHOLE) : tooLarge(VALUE_WHOLE);
    }
    const run = await this.view(context, head, how);
    return { run, steps, vars: values, bufferedSignals, pins };
  }

  async stepOutput(
    context: CallContext,
    runId: string,
    path: string,
    { packed = false }: ReadOptions = {},
  ): Promise<StepOutput> {
    const head = await this.head(context, runId);
    const { plan, history } = await this.#story(context, head);
    const row = history.row(path);
    if (row === undefined) {
      if (plan.root.steps.some(({ id }) => childPath("", id) === path))
        return { path, output: null };
      throw new LockstitchError(
        "step_not_found",
        `Run ${runId} has no step "${path}": \`runs get\` lists the paths of its steps.`,
        { details: { runId, path } },
      );
    }
    const source = this.#source(context, runId);
    const output = await (packed
      ? this.#values.loadPacked(source, row.output)
      : this.#values.load(source, row.output));
    if (output !== VALUE_LOST)
      return { path, output: packed ? (output ?? null) : frozen(output ?? null) };
    throw new LockstitchError(
      "store_corrupt",
      `The output of step "${path}" of run ${runId} is missing or corrupt.`,
      { details: { runId, path } },
    );
  }

  /** All steps of the run so far; `look` sees each event on its way. */
  async #story(
    context: CallContext,
    head: RunHead,
    look: (event: StoredEvent) => void = () => undefined,
  ): Promise<{ readonly plan: Plan; readonly history: StepHistory }> {
    const { plan } = await this.#plans.find(context, head.workflow, head.version);
    const history = new StepHistory(plan);
    await this.#loader.eachTurn(context, head, 0, async (events, _size, atMs, firstSeq) => {
      for (const [index, event] of events.entries()) {
        look(event);
        history.add(await forFold(event, this.#store.blobs, context), firstSeq + index, atMs);
      }
    });
    return { plan, history };
  }

  async #stepView(source: ValueSource, row: StepRow, how: ReadOptions): Promise<StepView> {
    const { output: ref, ...rest } = row;
    const output = cut(await this.#valueOf(source, ref, true), OUTPUT_WHOLE);
    return { ...rest, output: how.packed === true ? output : frozen(output) };
  }

  async #fieldOf(
    context: CallContext,
    event: StoredEvent | undefined,
    field: string,
    packed: boolean,
  ): Promise<unknown> {
    if (event === undefined) return null;
    const link = blobLink(event, field);
    if (link === null) return event[field] ?? null;
    const read = packed && link.bytes > PACKED_BYTES_MIN ? packedBlob : readBlob;
    const value = (await read(this.#store.blobs, context, link)) ?? undefined;
    return value === undefined ? { note: `missing or corrupt (blob ${link.hash})` } : value;
  }

  async #valueOf(source: ValueSource, ref: ValueRef, packed: boolean): Promise<unknown> {
    const { load, loadPacked } = this.#values;
    const value = await (packed ? loadPacked : load).call(this.#values, source, ref);
    return value === VALUE_LOST ? { note: "missing or corrupt" } : value;
  }

  #source(context: CallContext, runId: string): ValueSource {
    return {
      context,
      runId,
      cacheId: runKeyOf(context.tenant, runId),
      uncommitted: () => null,
    };
  }
}

/** Field by field: spreads of twenty fields cost more than the rest of a start. */
function newView(head: RunFacts, beginning: Beginning, warnings: readonly string[]): RunView {
  return {
    id: head.runId,
    workflow: head.workflow,
    version: head.version,
    status: head.status,
    input: beginning.input,
    output: null,
    error: null,
    labels: head.labels,
    parentRunId: head.parentRunId,
    forkedFrom: beginning.forkedFrom,
    continuedFrom: beginning.continuedFrom,
    continuedTo: null,
    chainId: beginning.chainId,
    trigger: beginning.trigger,
    warnings,
    createdAtMs: head.createdAtMs,
    startedAtMs: head.startedAtMs,
    endedAtMs: head.endedAtMs,
    seq: head.seq,
  };
}

export function runNotFound(runId: string): LockstitchError {
  return new LockstitchError("run_not_found", `There is no run ${runId}.`, { details: { runId } });
}

/** Where a value that is too large is to be had. */
const OUTPUT_WHOLE = "`lockstitch step output RUN PATH` prints it whole";
const VALUE_WHOLE = "steps that read it get it whole";

/** A value over 64 KiB is not shown among the steps. */
function cut(value: unknown, whole: string): unknown {
  return jsonSizeUpTo(value, BLOB_BYTES) > BLOB_BYTES ? tooLarge(whole) : (value ?? null);
}

function tooLarge(whole: string): unknown {
  return { note: `larger than ${BLOB_BYTES} bytes; ${whole}` };
}

function pendingStep(step: { readonly id: string; readonly uses: string }): StepView {
  return {
    path: childPath("", step.id),
    id: step.id,
    uses: step.uses,
    status: "pending",
    attempts: 0,
    output: null,
    error: null,
    startedAtMs: null,
    endedAtMs: null,
    memo: null,
    inner: false,
  };
}
