/**
 * How runs come to be: checked input, one run for one id or key, the first turn. Starts by callers,
 * by parents and as reruns all come through here.
 *
 *   S1. A start answers once its first turn is durable; bad input never starts a run.
 *   S2. An id or Idempotency-Key seen before gives the same run for the same body, run_exists for another.
 */
import { LockstitchError } from "#errors/errors.ts";
import { CHILD_DEPTH_MAX } from "#kernel/decision.ts";
import type { Input } from "#kernel/inputs.ts";
import type { Pins } from "#kernel/run-links.ts";
import { toPlainJson } from "#nodes/pure/plain-json.ts";
import type { CallContext } from "#ports/call-context.ts";
import { hashJson } from "#workflow/hash.ts";
import { type Json, jsonSizeUpTo } from "#workflow/json.ts";
import { PACKED_BYTES_MIN, PackedJson } from "#workflow/packed-json.ts";
import type { EngineCore } from "./engine-core.ts";
import { unpacked } from "./event-blobs.ts";
import { runKeyOf } from "./host-services.ts";
import { type Mail, report } from "./mail.ts";
import type { ChildStart } from "./messages.ts";
import { READER } from "./options.ts";
import type { PlannedWorkflow } from "./plans.ts";
import { fencedError, placeGone } from "./run-errors.ts";
import type { RunFacts } from "./run-facts.ts";
import { BEGINNING, type Beginning } from "./run-reader.ts";
import { checkLabels, startLabels } from "./start-labels.ts";

type StartInput = Extract<Input, { readonly kind: "start" }>;

export interface NewRun {
  readonly workflow: PlannedWorkflow;
  /** As ownInput() gives it. */
  readonly input: unknown;
  readonly id: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number | null;
  readonly forkedFrom: StartInput["forkedFrom"];
  /** Of the run that it repeats, null where that had none; undefined: found now. */
  readonly pins: Pins | null | undefined;
  readonly trigger?: StartInput["trigger"];
  /** What makes two starts the same. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Started {
  readonly runId: string;
  readonly created: boolean;
}

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/;
const KEY_LENGTH_MAX = 255;

export class Starts {
  readonly #core: EngineCore;
  /** Starts with a key whose first turn is not durable yet. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** Throws input_invalid, run_exists, queue_full, quota_exceeded, store_unavailable, shutting_down. */
  async start(context: CallContext, run: NewRun): Promise<Started> {
    checkNames(run, this.#core.limits.labelsMax);
    // Else it would wait in line, with nobody told, until the store is back.
    this.#core.services.committer.refuseWhileAway();
    const input = withDefaults(run.workflow, run.input);
    const key =
      run.id !== undefined
        ? `id:${run.id}`
        : run.idempotencyKey === undefined
          ? null
          : `key:${run.idempotencyKey}`;
    if (key === null) return this.#create(context, run, input, null);
    const startKey = { key, bodyHash: bodyHash(run.body) };
    const name = `${context.tenant}/${key}`;
    for (;;) {
      const known = await this.#known(context, run, startKey);
      if (known !== null) return known;
      const other = this.#underWay.get(name);
      if (other === undefined) break;
      // Whether it became a run is looked up; why it did not is its own caller's.
      await other.catch(() => {});
    }
    const creating = this.#create(context, run, input, startKey);
    this.#underWay.set(name, creating);
    try {
      return await creating;
    } finally {
      if (this.#underWay.get(name) === creating) this.#underWay.delete(name);
    }
  }

  /** The run of an earlier start with this key; null: there is none. */
  async #known(
    context: CallContext,
    run: NewRun,
    { key, bodyHash }: { readonly key: string; readonly bodyHash: string },
  ): Promise<Started | null> {
    const { journal } = this.#core.options.store;
    // First: another host's start may become durable between two looks, its run and its key at once.
    const isThere = run.id !== undefined && (await journal.head(context, run.id)) !== null;
    const known = await journal.startKey(context, key);
    if (known !== null) {
      if (known.bodyHash === bodyHash) {
        await this.#refuseDeleted(context, known.runId);
        return { runId: known.runId, created: false };
      }
      throw runExists(known.runId, "was started with the same id or key and another body");
    }
    if (run.id === undefined) return null;
    await this.#refuseDeleted(context, run.id);
    if (!isThere) return null;
    throw runExists(run.id, "exists already");
  }

  /** A deleted run's id and keys stay taken: what they stood for must not happen twice. */
  async #refuseDeleted(context: CallContext, runId: string): Promise<void> {
    const tombstone = (await this.#core.options.store.upkeep?.tombstone(context, runId)) ?? null;
    if (tombstone === null) return;
    const { removedAtMs, removedBy } = tombstone;
    const day = new Date(removedAtMs).toISOString().slice(0, 10);
    throw runExists(runId, `was deleted on ${day} by ${removedBy}; its id stays reserved`);
  }

  async #create(
    context: CallContext,
    run: NewRun,
    input: unknown,
    startKey: { readonly key: string; readonly bodyHash: string } | null,
  ): Promise<Started> {
    const { calls } = run.workflow;
    const pins =
      run.pins === undefined && calls.length > 0
        ? await this.#core.plans.dependencies.pinsOf(context, run.workflow)
        : (run.pins ?? null);
    const runId = run.id ?? this.#core.options.ids.runId();
    const { version, plan } = run.workflow;
    const labels = startLabels(
      plan,
      {
        ...{ id: runId, version: version.version, nowMs: this.#core.options.clock.nowMs() },
        input: plan.definition.labels === undefined ? null : unpacked(input),
      },
      { caller: run.labels, labelsMax: this.#core.limits.labelsMax },
    );
    const start: StartInput = {
      kind: "start",
      workflow: version.name,
      version: version.version,
      input,
      labels,
      priority: run.priority,
      parent: null,
      pins,
      forkedFrom: run.forkedFrom,
      by: context.principal,
      trace: context.trace,
      startKey: startKey?.key ?? null,
      trigger: run.trigger,
    };
    const { cache } = this.#core.services;
    const runKey = runKeyOf(context.tenant, runId);
    const beginning: Beginning = {
      input,
      forkedFrom: run.forkedFrom?.runId ?? null,
      continuedFrom: null,
      chainId: runId,
      trigger: run.trigger ?? null,
    };
    const begun = this.#core.quotas.begin({
      ...{ tenant: context.tenant, workflow: version.name, runId },
    });
    const ended = begun instanceof Promise ? await begun : begun;
    const wasReserved = this.#core.quotas.isReserved(context.tenant, runId);
    const isFree = await new Promise<boolean>((resolve, reject) => {
      const mail: Mail = {
        ...report(start),
        isCall: true,
        startKey,
        settle: (end) => {
          if (end.kind === "failed") return reject(end.error);
          // At once: a run may end in the turn that starts it, and then its values leave the cache.
          if (end.kind === "done" && !(input instanceof PackedJson))
            cache.put(runKey, BEGINNING, beginning);
          resolve(end.kind === "done");
        },
      };
      const host = this.#core.newHost(context.tenant, runId);
      if (host === undefined) return resolve(false);
      host.create(plan, newFacts(context, runId, run.workflow));
      host.deliver(mail);
    }).then(
      (created) => {
        ended(created);
        return created;
      },
      (error: unknown) => {
        ended(false);
        throw error;
      },
    );
    if (isFree) return { runId, created: true };
    const isThere =
      this.#core.host(runKey) !== undefined ||
      (await this.#core.options.store.journal.head(context, runId)) !== null;
    const known = startKey === null ? null : await this.#known(context, run, startKey);
    if (known !== null) return known;
    // Another process owns the store by now: nothing this one writes is taken.
    if (isThere) throw runExists(runId, "exists already");
    throw wasReserved ? placeGone(runId) : fencedError(runId);
  }
}

/** See ChildStarter. Throws what makes the start impossible. */
export async function startChild(
  core: EngineCore,
  context: CallContext,
  send: ChildStart,
  mail: Omit<Mail, "input">,
): Promise<void> {
  const { parent, toRunId } = send;
  if (parent.depth > CHILD_DEPTH_MAX)
    throw new LockstitchError(
      "input_invalid",
      `Runs may be nested ${CHILD_DEPTH_MAX} deep (workflow.run); this one would be at ${parent.depth}.`,
    );
  if ((await core.options.store.journal.head(context, toRunId)) !== null)
    return mail.settle?.({ kind: "exists" });
  const workflow = await core.plans.find(context, send.workflow, send.version);
  const input = checkedInput(workflow, send.input, core.limits.inputBytesMax);
  const { version } = workflow.version;
  const pins = await core.plans.dependencies.pinsOfNext(context, workflow, send.pins);
  const labels = startLabels(
    workflow.plan,
    { id: toRunId, input, version, nowMs: core.options.clock.nowMs() },
    { caller: {}, labelsMax: core.limits.labelsMax },
  );
  const by = `run:${parent.runId}`;
  const start = { input, labels, priority: null, parent, pins, by };
  beginByRun(core, context, { toRunId, workflow, start, mail });
}

/** Gives a run that another run starts its first mail, which is settled with `exists` when the id is taken. */
export function beginByRun(
  core: EngineCore,
  context: CallContext,
  begun: {
    readonly toRunId: string;
    readonly workflow: PlannedWorkflow;
    readonly start: Pick<StartInput, "input" | "labels" | "priority" | "parent" | "by"> &
      Pick<StartInput, "pins" | "continued">;
    readonly mail: Omit<Mail, "input">;
  },
): void {
  const { toRunId, workflow, start, mail } = begun;
  const host = core.newHost(context.tenant, toRunId);
  if (host === undefined) return mail.settle?.({ kind: "exists" });
  host.create(workflow.plan, newFacts(context, toRunId, workflow));
  const { name, version } = workflow.version;
  host.deliver({
    ...mail,
    input: {
      ...{ kind: "start", workflow: name, version, forkedFrom: null },
      ...{ trace: context.trace, startKey: null },
      ...start,
    },
  });
}

function newFacts({ tenant }: CallContext, runId: string, { version }: PlannedWorkflow): RunFacts {
  return {
    tenant,
    runId,
    workflow: version.name,
    version: version.version,
    status: "queued",
    seq: 0,
    createdAtMs: 0,
    startedAtMs: null,
    endedAtMs: null,
    labels: {},
    parentRunId: null,
    errorCode: null,
    minReader: READER,
  };
}

function checkNames({ id, idempotencyKey, labels }: NewRun, labelsMax: number): void {
  if (id !== undefined && !RUN_ID.test(id))
    throw new LockstitchError(
      "request_invalid",
      `A run id is 1 to 200 letters, digits and . _ : - and begins with a letter or digit; this is ${JSON.stringify(id.slice(0, 100))}.`,
    );
  if (idempotencyKey !== undefined && idempotencyKey.length > KEY_LENGTH_MAX)
    throw new LockstitchError(
      "request_invalid",
      `An Idempotency-Key has at most ${KEY_LENGTH_MAX} characters.`,
    );
  checkLabels(labels, labelsMax);
}

/**
 * The hash of what makes two starts the same. A large input stands in it by its own hash, which
 * came with it where it was read in another thread.
 */
function bodyHash(body: NewRun["body"]): string {
  const input = body["input"];
  if (jsonSizeUpTo(input, PACKED_BYTES_MIN) <= PACKED_BYTES_MIN) return hashJson(body);
  const known = input instanceof PackedJson ? input.canonicalHash : null;
  return hashJson({ ...body, input: { sha256: known ?? hashJson(unpacked(input)) } });
}

/**
 * A caller's input as the run keeps it, whatever the caller does with his own later. A packed one
 * stays so. Throws payload_too_large, request_invalid.
 */
export function ownInput(input: unknown, bytesMax: number): unknown {
  const limit = { name: "input", limit: "inputBytesMax", bytesMax };
  if (!(input instanceof PackedJson)) return plainPayload(input ?? {}, limit);
  if (input.content.byteLength > bytesMax) throw payloadTooLarge(limit);
  return input;
}

/** The input that a run gives to another one, with its defaults. Throws payload_too_large, input_invalid. */
export function checkedInput(workflow: PlannedWorkflow, input: unknown, bytesMax: number): unknown {
  const limit = { name: "input", limit: "inputBytesMax", bytesMax };
  return withDefaults(workflow, sizedJson(input ?? {}, limit).plain);
}

/** A packed input stays so where no schema looks at it. Throws input_invalid. */
function withDefaults(workflow: PlannedWorkflow, input: unknown): unknown {
  if (workflow.input === null) return input;
  const { value, errors } = workflow.input(unpacked(input));
  const [first] = errors;
  if (first === undefined) return value;
  throw new LockstitchError(
    "input_invalid",
    `The input does not fit workflow ${workflow.version.name}: ${first.pointer === "" ? "it" : first.pointer} ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ""}.`,
    { details: { errors } },
  );
}

interface PayloadLimit {
  readonly name: string;
  readonly limit: string;
  readonly bytesMax: number;
}

/**
 * A caller's value as plain JSON that is a copy: what he does with his own later is nobody's
 * business. Throws payload_too_large naming the limit, or request_invalid.
 */
export function plainPayload(value: unknown, limit: PayloadLimit): Json {
  const { text, plain } = sizedJson(value, limit);
  return typeof plain === "object" && plain !== null ? (JSON.parse(text) as Json) : plain;
}

function sizedJson(
  value: unknown,
  limit: PayloadLimit,
): { readonly text: string; readonly plain: Json } {
  const { name, bytesMax } = limit;
  const text = jsonText(value, name);
  if (text.length > bytesMax || Buffer.byteLength(text) > bytesMax) throw payloadTooLarge(limit);
  try {
    return { text, plain: toPlainJson(value, bytesMax) };
  } catch (error) {
    throw notJson(name, error);
  }
}

function payloadTooLarge({ name, limit, bytesMax }: PayloadLimit): LockstitchError {
  return new LockstitchError(
    "payload_too_large",
    `The ${name} is larger than ${bytesMax} bytes of JSON (${limit}).`,
    { details: { limit, bytes: bytesMax } },
  );
}

function jsonText(value: unknown, name: string): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    throw notJson(name, error);
  }
  throw notJson(name, new Error(`a ${typeof value} is no JSON`));
}

function notJson(name: string, cause: unknown): LockstitchError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LockstitchError("request_invalid", `The ${name} is not JSON: ${message}`, { cause });
}

function runExists(runId: string, how: string): LockstitchError {
  return new LockstitchError("run_exists", `Run ${runId} ${how}.`, { details: { runId } });
}
