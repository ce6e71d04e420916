/** EngineTriggers on a store and an engine, whoever of many hosts they are. */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Clock, Ids } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import type { Secrets } from "#ports/secrets.ts";
import type {
  TriggerKey,
  TriggerRow,
  TriggerSave,
  Triggers,
  TriggerText,
} from "#ports/triggers.ts";
import { checkSchedule } from "#workflow/check-triggers.ts";
import type { Finding } from "#workflow/problem.ts";
import { type ScheduleTrigger, TRIGGER_ID } from "#workflow/trigger-definition.ts";
import type { Engine } from "../engine.ts";
import type { EngineTriggers, ScheduleFacts, TriggerView, Upcoming } from "../engine-triggers.ts";
import { upcoming } from "./decide-schedule.ts";
import { emitEvent } from "./emit-event.ts";
import { scheduledInput } from "./fire-schedules.ts";
import { meterInstants, type Tally } from "./meter-triggers.ts";
import { receiveHook } from "./receive-hook.ts";
import { type Schedule, scheduleOf, stateOf } from "./schedule-state.ts";
import { triggerText } from "./trigger-text.ts";

export interface TriggerParts {
  readonly triggers: Triggers;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly meter?: Meter | undefined;
  readonly secrets: Secrets;
  readonly engine: Pick<Engine, "start" | "wait" | "get" | "cancel" | "findWorkflow">;
  /** Throws where nothing may be changed now. */
  guard(): void;
  /** What is due may have changed. */
  changed(): void;
}

/** Somebody else may change a trigger between a look at it and the write. */
const SAVE_TRIES_MAX = 20;
export const PREVIEW_MAX = 1_000;
/** Instants of a pause that are counted one by one. */
const COUNTED_MAX = 1_000;

export function operateTriggers(parts: TriggerParts): EngineTriggers {
  const { triggers, clock, guard } = parts;
  const find = async (context: CallContext, key: TriggerKey): Promise<TriggerRow> => {
    const row = await triggers.find(context, key);
    if (row === null) throw notFound(key);
    return row;
  };
  return {
    async list(context, filter) {
      const { items, cursor } = await triggers.list(context, filter);
      return { items: items.map(viewOf), cursor };
    },
    get: async (context, key) => viewOf(await find(context, key)),
    async marks(context, key, limit) {
      await find(context, key);
      return await triggers.marks(context, key, limit);
    },
    async save(context, key, schedule) {
      guard();
      refuseName(key);
      refuseFaulty(schedule);
      if ((await parts.engine.findWorkflow(context, key.workflow)) === null)
        throw new LockstitchError(
          "workflow_not_found",
          `There is no workflow ${key.workflow}: save it before its schedules.`,
        );
      return await saved(parts, context, key, schedule);
    },
    async delete(context, key) {
      guard();
      await change(parts, context, key, (row) => {
        refuseDefined(row);
        return null;
      });
    },
    async pause(context, key, reason) {
      guard();
      const atMs = clock.nowMs();
      const paused = { by: context.principal, reason: reason ?? null, atMs };
      return await change(parts, context, key, (row) =>
        // Looked at once more: what was decided before is done.
        row.paused === null ? { ...row, paused, dueAtMs: dueNow(row, atMs) } : row,
      );
    },
    async resume(context, key) {
      guard();
      const nowMs = clock.nowMs();
      return await change(parts, context, key, (row) => resumed(row, nowMs));
    },
    fire: (context, key, idempotencyKey) => fire(parts, context, { key, idempotencyKey, find }),
    async preview(context, key, count, afterMs) {
      const row = await find(context, key);
      if (row.kind !== "schedule")
        throw new LockstitchError("request_invalid", `${nameOf(key)} is no schedule.`);
      const schedule = scheduleOf(row);
      const state = stateOf(row);
      const from = afterMs ?? Math.max(clock.nowMs(), state.cursorMs);
      return previewOf(row, schedule, from, count);
    },
    emit(context, event) {
      guard();
      return emitEvent(parts, context, event);
    },
    receive(context, request) {
      guard();
      return receiveHook(parts, context, request);
    },
  };
}

function previewOf(
  name: { readonly tenant: string } & TriggerKey,
  schedule: Schedule,
  afterMs: number,
  count: number,
): readonly Upcoming[] {
  const local = localFormat(schedule.spec.timeZone ?? "UTC");
  const found = upcoming(name, schedule, afterMs, Math.min(count, PREVIEW_MAX));
  return found.map((one) => ({ ...one, local: local(one.instantMs) }));
}

async function saved(
  parts: TriggerParts,
  context: CallContext,
  key: TriggerKey,
  schedule: ScheduleTrigger,
): Promise<TriggerView & { readonly created: boolean }> {
  const { triggers, clock } = parts;
  for (let tries = 0; tries < SAVE_TRIES_MAX; tries += 1) {
    const before = await triggers.find(context, key);
    if (before !== null) refuseDefined(before);
    const trigger = { kind: "schedule", id: key.id, spec: schedule } as const;
    const text = triggerText(context.tenant, key.workflow, trigger, clock.nowMs());
    const isSame = before !== null && before.spec === text.spec;
    if (isSame) return { ...viewOf(before), created: false };
    refusePast(key, text);
    const { kind, lookup, spec } = text;
    const state = before?.state ?? text.state;
    const dueAtMs = before === null ? text.dueAtMs : clock.nowMs();
    const to = {
      kind,
      lookup,
      spec,
      state,
      dueAtMs,
      source: "api",
      paused: before?.paused ?? null,
    };
    const change = { ...key, revision: before?.revision ?? 0, to, marks: [] } as TriggerSave;
    if (!(await triggers.save(context, change))) continue;
    parts.changed();
    const row = await triggers.find(context, key);
    if (row === null) continue;
    return { ...viewOf(row), created: before === null };
  }
  throw contended(key);
}

type Changed = TriggerRow & Partial<Pick<TriggerSave, "marks">> & { tallies?: readonly Tally[] };

/** Changes a trigger as it is now; the same row again changes nothing. */
async function change(
  { triggers, changed, meter }: TriggerParts,
  context: CallContext,
  key: TriggerKey,
  to: (row: TriggerRow) => Changed | null,
): Promise<TriggerView> {
  for (let tries = 0; tries < SAVE_TRIES_MAX; tries += 1) {
    const row = await triggers.find(context, key);
    if (row === null) throw notFound(key);
    const next = to(row);
    if (next === row) return viewOf(row);
    const { revision } = row;
    const marks = next?.marks ?? [];
    const isSaved = await triggers.save(context, { ...key, revision, to: next, marks });
    if (!isSaved) continue;
    meterInstants(meter, row, next?.tallies ?? []);
    changed();
    return viewOf((await triggers.find(context, key)) ?? row);
  }
  throw contended(key);
}

/** What lay in the pause is passed over, and recorded. */
function resumed(row: TriggerRow, nowMs: number): Changed {
  const { paused } = row;
  if (paused === null) return row;
  if (row.kind !== "schedule") return { ...row, paused: null };
  const state = stateOf(row);
  const { times } = scheduleOf(row);
  const first = times.next(state.cursorMs);
  const isMissed = first !== null && first <= nowMs;
  let count = 0;
  for (let at = first; at !== null && at <= nowMs && count < COUNTED_MAX; at = times.next(at))
    count += 1;
  const { skipped } = state;
  const why = paused.reason === null ? "" : `: ${paused.reason}`;
  const reason = `paused by ${paused.by}${why}`;
  return {
    ...row,
    paused: null,
    state: JSON.stringify({
      ...{ ...state, skipped: skipped + count, cursorMs: Math.max(state.cursorMs, nowMs) },
    }),
    dueAtMs: nowMs,
    tallies: isMissed ? [{ outcome: "skipped", reason: "paused", count }] : [],
    marks: isMissed
      ? [{ kind: "skipped", instantMs: first, untilMs: nowMs, runId: null, reason, atMs: nowMs }]
      : [],
  };
}

async function fire(
  { engine, clock, guard }: TriggerParts,
  context: CallContext,
  call: {
    readonly key: TriggerKey;
    readonly idempotencyKey: string | undefined;
    find(context: CallContext, key: TriggerKey): Promise<TriggerRow>;
  },
) {
  guard();
  const { key, idempotencyKey } = call;
  const row = await call.find(context, key);
  if (row.kind !== "schedule")
    throw new LockstitchError(
      "request_invalid",
      `${nameOf(key)} is a ${row.kind}: ${row.kind === "event" ? "emit its event" : "call it"}.`,
    );
  const instantMs = clock.nowMs();
  const { run, created } = await engine.start(context, {
    workflow: row.workflow,
    input: scheduledInput(row, scheduleOf(row).spec, instantMs),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    trigger: { kind: "schedule", id: row.id, instantMs, isManual: true },
  });
  return { workflow: row.workflow, id: row.id, runId: run.id, created };
}

function viewOf(row: TriggerRow): TriggerView {
  const { workflow, id, kind, source, spec, paused, createdAtMs, changedAtMs } = row;
  return {
    ...{ workflow, id, kind, source, paused, createdAtMs, changedAtMs },
    spec: JSON.parse(spec) as Readonly<Record<string, unknown>>,
    schedule: kind === "schedule" ? factsOf(row) : null,
  };
}

/** What a newer release has written is listed all the same, and says that it cannot be read here. */
function factsOf(row: TriggerRow): ScheduleFacts {
  try {
    return readFacts(row);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      ...{ nextAtMs: null, lastInstantMs: null, lastRunId: null, running: [], waiting: 0 },
      ...{ fired: 0, skipped: 0, missed: 0, failed: 0 },
      trouble: `This release cannot read the schedule: ${reason}`,
    };
  }
}

function readFacts(row: TriggerRow): ScheduleFacts {
  const state = stateOf(row);
  const name = { tenant: row.tenant, workflow: row.workflow, id: row.id };
  const [next] = row.paused === null ? upcoming(name, scheduleOf(row), state.cursorMs, 1) : [];
  const { lastInstantMs, lastRunId, running, queue, trouble } = state;
  const { fired, skipped, missed, failed } = state;
  return {
    nextAtMs: next?.dueAtMs ?? null,
    ...{ lastInstantMs, lastRunId, running, waiting: queue.length },
    ...{ fired, skipped, missed, failed, trouble },
  };
}

function dueNow(row: TriggerRow, nowMs: number): number | null {
  return row.kind === "schedule" ? nowMs : null;
}

/** As in a definition: shape, times and expressions. */
function refuseFaulty(schedule: ScheduleTrigger): void {
  const findings: Finding[] = [];
  checkSchedule(schedule, [], (finding) => findings.push(finding));
  if (findings.length === 0) return;
  const errors = findings.map(({ pointer, message }) => ({ field: pointer.join("."), message }));
  const texts = findings.map(({ message, suggestion = null }) =>
    suggestion === null ? message : `${message} ${suggestion}`,
  );
  throw new LockstitchError("request_invalid", texts.join(" "), { details: { errors } });
}

function refusePast(key: TriggerKey, { dueAtMs }: TriggerText): void {
  if (dueAtMs !== null) return;
  throw new LockstitchError(
    "request_invalid",
    `${nameOf(key)} would never fire: all of its instants have passed.`,
  );
}

function refuseName({ id }: TriggerKey): void {
  if (TRIGGER_ID.test(id)) return;
  throw new LockstitchError(
    "request_invalid",
    `"${id.slice(0, 100)}" is no name of a schedule: lower-case letters, digits and - only, at most 64.`,
  );
}

function refuseDefined({ source, workflow, id }: TriggerRow): void {
  if (source === "api") return;
  throw new LockstitchError(
    "action_refused",
    `${workflow}/${id} stands in the workflow's definition: change it there, or pause it.`,
  );
}

function notFound(key: TriggerKey): LockstitchError {
  return new LockstitchError(
    "trigger_not_found",
    `There is no trigger ${nameOf(key)}: \`lockstitch schedules list\` shows what there is.`,
  );
}

function contended(key: TriggerKey): LockstitchError {
  return new LockstitchError(
    "store_unavailable",
    `${nameOf(key)} is being changed all the time; try again.`,
  );
}

function nameOf({ workflow, id }: TriggerKey): string {
  return `${workflow}/${id}`;
}

/** ISO 8601 with the offset that the zone has at the instant. */
function localFormat(timeZone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat("en", {
    ...{ timeZone, hourCycle: "h23", timeZoneName: "longOffset" },
    ...{ year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit", second: "2-digit" },
  });
  return (atMs) => {
    const part: Partial<Record<string, string>> = {};
    for (const { type, value } of format.formatToParts(atMs)) part[type] = value;
    const offset = (part["timeZoneName"] ?? "GMT").replace("GMT", "") || "+00:00";
    const date = `${part["year"]}-${part["month"]}-${part["day"]}`;
    return `${date}T${part["hour"]}:${part["minute"]}:${part["second"]}${offset}`;
  };
}
