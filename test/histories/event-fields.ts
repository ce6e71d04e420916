/**
 * What an event may hold, by its type: every field that has one, and every word where a field takes
 * only some. The compiler holds the table equal to src/kernel/events.ts, and replay.test.ts asks that golden
 * journals have all of it: whoever lets an event say something new adds it here, and a run that
 * says it to scenarios.ts.
 */
import type { StepError } from "#errors/step-error.ts";
import type {
  CancelReason,
  DeclaredStep,
  EventOf,
  RunEvent,
  RunEventType,
} from "#kernel/events.ts";
import type { ValueRef } from "#kernel/value-ref.ts";
import type { PackedJson } from "#workflow/packed-json.ts";

/** What is not looked into. */
type Whole = StepError | ValueRef | PackedJson | DeclaredStep | readonly unknown[];

type Present<Value> = Exclude<Value, null | undefined>;
type KeysOf<Union> = Union extends unknown ? keyof Union : never;
type In<Union, Key> = Union extends unknown
  ? Key extends keyof Union
    ? Union[Key]
    : never
  : never;

type FieldsOf<Value> = { readonly [Key in Exclude<KeysOf<Value>, "type">]: Shape<In<Value, Key>> };

type Shape<Value> = unknown extends Value
  ? true
  : [Present<Value>] extends [string]
    ? string extends Present<Value>
      ? true
      : { readonly [Word in Present<Value> & string]: true }
    : [Present<Value>] extends [readonly (infer Item)[]]
      ? Shape<Item>
      : [Present<Value>] extends [Whole]
        ? true
        : [Present<Value>] extends [object]
          ? string extends KeysOf<Present<Value>>
            ? true
            : FieldsOf<Present<Value>>
          : true;

export type EventFields = { readonly [Type in RunEventType]: FieldsOf<EventOf<Type>> };

const operated = { by: true, reason: true } as const;
const slot = { key: true, limit: true } as const;
const limits = { deadlineAtMs: true, timeoutAtMs: true } as const;
const secret = { secret: true, version: true } as const;
const cancelled: Readonly<Record<CancelReason, true>> = {
  ...{ cancel: true, stop: true, deadline: true, continue: true, fail_fast: true, join: true },
  ...{ operator: true, cleanup: true },
};
const ended = { succeeded: true, failed: true, cancelled: true } as const;

export const EVENT_FIELDS: EventFields = {
  "run.queued": {
    ...{ workflow: true, version: true, planHash: true, semantics: true, input: true },
    ...{ labels: true, priority: true, pins: true, by: true, trace: true, startKey: true },
    concurrency: { ...slot, whenFull: { queue: true, reject: true, cancelRunning: true } },
    parent: { runId: true, path: true, depth: true, wait: true },
    continued: { fromRunId: true, chainId: true, signalIds: true },
    trigger: {
      kind: { schedule: true, event: true, webhook: true },
      ...{ id: true, instantMs: true, event: true, eventId: true, hook: true, isManual: true },
    },
  },
  "run.forked": { from: true, reason: true },
  "run.admitted": {},
  "run.started": { deadlineAtMs: true },
  "run.paused": operated,
  "run.resumed": operated,
  "run.labelled": { labels: true, ...operated },
  "run.prioritized": { priority: true, ...operated },
  "checkpoint.saved": { isPinned: true, ...operated },
  "run.cancel_requested": { cleanupAtMs: true, ...operated },
  "run.stop_requested": { path: true, output: true },
  "run.deadline_passed": { cleanupAtMs: true },
  "run.continue_requested": { path: true, input: true, inputRef: true, latest: true },
  "run.succeeded": { output: true, outputRef: true },
  "run.failed": { error: true, path: true },
  "run.cancelled": { terminated: true, ...operated },
  "run.continued": { toRunId: true, chainId: true },
  "variable.set": { name: true, value: true, path: true, deleted: true },
  "state.applied": {
    ...{ path: true, name: true, revision: true, to: true, value: true },
    scope: { workflow: true, tenant: true },
    change: { set: true, delete: true },
  },
  "scope.opened": {
    ...{ path: true, owner: true, slot: true, index: true, key: true, locals: true, steps: true },
    cleanupAtMs: true,
  },
  "scope.sealed": { path: true },
  "scope.cancel_requested": { path: true, reason: cancelled },
  "scope.closed": {
    ...{ path: true, output: true, outputRef: true, carry: true, error: true, errorPath: true },
    outcome: ended,
  },
  "step.declared": { path: true, scope: true, step: true },
  "step.scheduled": {
    ...{ path: true, attempt: true, input: true, priority: true, deadlineAtMs: true },
    memo: {
      scope: { run: true, workflow: true, tenant: true },
      ttlMs: true,
      key: true,
      form: true,
    },
    cost: { high: true },
    concurrency: slot,
    rateLimit: { ...slot, perMs: true },
    circuitBreaker: { key: true, failureThreshold: true, resetAfterMs: true },
    secrets: { at: true, parts: true },
    connectionSecrets: secret,
  },
  "slot.granted": {
    ...{ path: true, attempt: true, waitedMs: true },
    gates: {
      gate: {
        ...{ concurrency: true, bulkhead: true, quota: true, quarantine: true, rate_limit: true },
        circuit_breaker: true,
      },
      key: true,
    },
  },
  "step.started": {
    ...{ path: true, attempt: true, secrets: secret, control: true, carry: true, input: true },
    ...limits,
  },
  "step.waiting": {
    ...{ path: true, input: true, ...limits },
    for: {
      kind: { timer: true, signal: true, approval: true },
      ...{ dueAtMs: true, name: true, key: true },
    },
  },
  "step.succeeded": { path: true, attempt: true, output: true, outputRef: true, port: true },
  "step.failed": {
    ...{ path: true, attempt: true, error: true, output: true, ends: true },
    handled: { onError: true, port: true },
  },
  "step.retry_scheduled": {
    ...{ path: true, attempt: true, dueAtMs: true, error: true, deadlineAtMs: true },
  },
  "step.skipped": { path: true, by: { if: true, untaken: true, operator: true } },
  "step.blocked": { path: true },
  "step.cancel_requested": { path: true, reason: cancelled, error: true },
  "step.cancelled": { path: true },
  "step.heartbeat": {
    ...{ path: true, attempt: true, value: true },
    progress: { fraction: true, note: true },
  },
  "step.resolved": {
    ...{ path: true, id: true, attempt: true, output: true, port: true, message: true },
    action: { retry: true, skip: true, complete: true, fail: true },
    ...operated,
  },
  "step.lost": { path: true, attempt: true, hostLived: true },
  "step.late_result": { path: true, attempt: true, ok: true },
  "step.memo_hit": { path: true, key: true, from: { runId: true, path: true, atMs: true } },
  "step.items_stored": {
    ...{ path: true, from: true, values: true, keys: true, count: true, position: true },
    isLast: true,
  },
  "step.results_stored": {
    ...{ path: true, from: true, results: true, failed: { index: true, error: true } },
  },
  "timer.fired": { key: true },
  "signal.received": { id: true, name: true, key: true, payload: true, by: true },
  "signal.consumed": { id: true, path: true },
  "signal.unconsumed": { id: true, reason: true },
  "child.started": {
    ...{ path: true, runId: true, workflow: true, version: true, wait: true, input: true },
    ...limits,
    onParentEnd: { cancel: true, abandon: true },
  },
  "child.finished": { path: true, runId: true, status: ended, error: true },
  "child.continued": { path: true, runId: true, toRunId: true },
};

export const EVENT_TYPES = Object.keys(EVENT_FIELDS) as readonly RunEventType[];

/** What of the table no event of `journals` has: `type field field`, and `type field word`. */
export function missingFields(journals: Iterable<readonly RunEvent[]>): string[] {
  const met = new Set<string>();
  for (const journal of journals) for (const event of journal) meet(event.type, event, met);
  return Object.entries(EVENT_FIELDS).flatMap(([type, fields]) =>
    [type, ...namesOf(type, fields)].filter((name) => !met.has(name)),
  );
}

function namesOf(at: string, fields: object): string[] {
  return Object.entries(fields).flatMap(([key, inner]) => {
    const name = `${at} ${key}`;
    return inner === true ? [name] : [name, ...namesOf(name, inner)];
  });
}

function meet(at: string, value: unknown, met: Set<string>): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) meet(at, item, met);
    return;
  }
  met.add(at);
  if (typeof value === "string") met.add(`${at} ${value}`);
  if (typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value)) meet(`${at} ${key}`, inner, met);
}
