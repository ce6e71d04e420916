/**
 * An engine that does what a test tells it: runs are recorded event by event, everything read is
 * folded from those records. It stands in for the embedded engine where a test must hold a run
 * at an exact point (a step that runs, an approval that waits) for as long as it looks.
 */
import { randomUUID } from "node:crypto";
import type {
  ApprovalView,
  Engine,
  EventView,
  RunSummary,
  RunView,
  StartRequest,
  StepView,
} from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import { canonicalJson } from "#workflow/canonical-json.ts";
import { isCheckedText } from "#workflow/checked-text.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { type FindWorkflow, resolveDependencies } from "#workflow/dependencies.ts";
import { hashJson } from "#workflow/hash.ts";
import type { RunStatus, StepStatus } from "#workflow/statuses.ts";
import { callsOf } from "#workflow/workflow-calls.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Recorded {
  run: RunView;
  readonly body: string;
  readonly events: EventView[];
  readonly steps: Map<string, Mutable<StepView>>;
  approval: ApprovalView | null;
}

const TERMINAL: readonly RunStatus[] = ["succeeded", "failed", "cancelled"];
const STATUS_OF: Readonly<Record<string, StepStatus>> = {
  "step.waiting": "waiting",
  "step.started": "running",
  "step.succeeded": "succeeded",
  "step.failed": "failed",
  "step.retry_scheduled": "retrying",
  "step.skipped": "skipped",
};

export interface RecordedEngine extends Engine {
  /** Commits one event; `path` moves that step, `run.*` types move the run. */
  record(runId: string, type: string, path?: string, fields?: Record<string, unknown>): void;
  askApproval(runId: string, path: string, title: string): void;
  /** Set to fail every call. */
  failure: unknown;
  continuedRuns: number;
}

/** `nowMs` gives the instants of events. */
const noValue = async () => {
  throw new LockstitchError("value_not_found", "The tenant has no values.");
};

export function recordedEngine(nowMs: () => number): RecordedEngine {
  const workflows = new Map<string, (WorkflowVersion & { definition: WorkflowDefinition })[]>();
  const runs = new Map<string, Recorded>();
  const keys = new Map<string, string>();
  const listeners = new Set<(run: RunSummary) => void>();

  const summary = (run: RunView): RunSummary => {
    const { input: _i, output: _o, error, forkedFrom: _f, ...shown } = run;
    const {
      continuedFrom: _c,
      continuedTo: _t,
      chainId: _n,
      trigger: _g,
      warnings: _w,
      ...rest
    } = shown;
    return { ...rest, errorCode: error?.code ?? null };
  };
  const known = (runId: string): Recorded => {
    if (engine.failure !== null) throw engine.failure;
    const found = runs.get(runId);
    if (found === undefined)
      throw new LockstitchError("run_not_found", `There is no run ${runId}.`);
    return found;
  };
  const open = (runId: string): Recorded => {
    const found = known(runId);
    if (TERMINAL.includes(found.run.status))
      throw new LockstitchError("run_terminal", `Run ${runId} has ended.`);
    return found;
  };
  const changed = (found: Recorded): RunView => {
    for (const listener of [...listeners]) listener(summary(found.run));
    return found.run;
  };
  const moved = (runId: string, type: string, fields: Record<string, unknown> = {}): RunView => {
    open(runId);
    engine.record(runId, type, undefined, fields);
    return known(runId).run;
  };
  const untilChange = (signal: AbortSignal, isReady: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = () => {
        if (!isReady() && !signal.aborted) return;
        listeners.delete(check);
        signal.removeEventListener("abort", check);
        resolve();
      };
      listeners.add(check);
      signal.addEventListener("abort", check);
      check();
    });

  const noStore = () =>
    Promise.reject(new LockstitchError("request_invalid", "There is no store."));
  const engine: RecordedEngine = {
    failure: null,
    care: {
      checkpoint: noStore,
      checkpoints: noStore,
      deleteRun: noStore,
      archiveRun: noStore,
      backup: noStore,
      quotas: () =>
        Promise.resolve([
          { workflow: null, quota: "openRuns", limit: 10, used: 3, untilMs: null },
          { workflow: "w", quota: "stepsPerHour", limit: 2, used: 2, untilMs: 60_000 },
        ]),
      hold: () => Promise.resolve(null),
      release: noStore,
    },
    triggers: {
      list: async () => ({ items: [], cursor: null }),
      get: noStore,
      marks: noStore,
      save: noStore,
      delete: noStore,
      pause: noStore,
      resume: noStore,
      fire: noStore,
      preview: noStore,
      emit: noStore,
      receive: noStore,
    },
    continuedRuns: 0,
    record(runId, type, path, fields = {}) {
      const found = known(runId);
      const atMs = nowMs();
      const seq = found.run.seq + 1;
      found.events.push({
        seq,
        atMs,
        type,
        path: path ?? null,
        event: { v: 1, type, path, ...fields },
      });
      const run: Mutable<RunView> = { ...found.run, seq };
      if (type.startsWith("run.")) {
        const verb = type.slice(4);
        if (verb === "started") Object.assign(run, { status: "running", startedAtMs: atMs });
        else if (verb === "resumed") run.status = "running";
        else if (["paused", ...TERMINAL].includes(verb)) run.status = verb as RunStatus;
        if (TERMINAL.includes(run.status))
          Object.assign(run, {
            endedAtMs: atMs,
            output: fields["output"] ?? null,
            error: fields["error"] ?? null,
          });
      }
      found.run = run;
      if (path !== undefined) {
        const id = path.split(".").at(-1) ?? path;
        const step = found.steps.get(path) ?? {
          path,
          id,
          uses: String(fields["uses"] ?? "noop"),
          status: "pending",
          attempts: 0,
          output: null,
          error: null,
          startedAtMs: null,
          endedAtMs: null,
          memo: null,
          inner: path.includes("."),
        };
        step.status = STATUS_OF[type] ?? step.status;
        if (type === "step.started") {
          step.attempts += 1;
          step.startedAtMs ??= atMs;
        }
        if (["succeeded", "failed", "skipped"].includes(step.status)) step.endedAtMs = atMs;
        step.output = fields["output"] ?? step.output;
        step.error = (fields["error"] as StepView["error"] | undefined) ?? step.error;
        found.steps.set(path, step);
      }
      changed(found);
    },
    askApproval(runId, path, title) {
      const found = known(runId);
      found.approval = {
        runId,
        workflow: found.run.workflow,
        path,
        title,
        description: "Does it look right?",
        form: null,
        assignees: [],
        sinceMs: nowMs(),
        expiresAtMs: null,
      };
      found.run = { ...found.run, status: "waiting" };
      engine.record(runId, "step.waiting", path, { uses: "wait.approval" });
    },
    async saveWorkflow(_context, given) {
      const definition: WorkflowDefinition = isCheckedText(given) ? JSON.parse(given.json) : given;
      const hash = hashJson(definition);
      const versions = workflows.get(definition.name) ?? [];
      const newest = versions.at(-1);
      if (newest?.hash === hash) return { ...newest, created: false };
      const saved = {
        name: definition.name,
        version: versions.length + 1,
        hash,
        createdAtMs: nowMs(),
        definition,
      };
      workflows.set(definition.name, [...versions, saved]);
      return { ...saved, created: true };
    },
    async findWorkflow(_context, name, version) {
      const versions = workflows.get(name) ?? [];
      return (
        versions.find((one) => one.version === version) ??
        (version === undefined ? (versions.at(-1) ?? null) : null)
      );
    },
    async listWorkflows(_context, after, limit) {
      return [...workflows.values()]
        .flatMap((versions) => versions.at(-1) ?? [])
        .filter(({ name }) => after === null || name > after)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit);
    },
    async workflowVersions(_context, name) {
      return (workflows.get(name) ?? []).toReversed();
    },
    async workflowDependencies(_context, name, version) {
      const find: FindWorkflow = async (of, wanted) => {
        const all = workflows.get(of) ?? [];
        const found = wanted === null ? all.at(-1) : all.find((each) => each.version === wanted);
        return found === undefined
          ? null
          : { version: found.version, calls: callsOf(found.definition) };
      };
      const known = await find(name, version ?? null);
      if (known === null) throw new LockstitchError("workflow_not_found", `no ${name}`);
      return await resolveDependencies(name, known, find);
    },
    async start(context, request: StartRequest) {
      if (engine.failure !== null) throw engine.failure;
      const definition =
        typeof request.workflow === "string"
          ? null
          : await engine.saveWorkflow(context, request.workflow);
      const name = definition?.name ?? (request.workflow as string);
      const saved = await engine.findWorkflow(context, name, request.version);
      if (saved === null)
        throw new LockstitchError(
          "workflow_not_found",
          `There is no workflow ${JSON.stringify(name)}.`,
        );
      const body = canonicalJson({ name, input: request.input ?? null });
      const id = request.id ?? keys.get(request.idempotencyKey ?? "") ?? `run_${randomUUID()}`;
      const existing = runs.get(id);
      if (existing !== undefined) {
        if (existing.body === body) return { run: existing.run, created: false };
        throw new LockstitchError("run_exists", `Run ${id} exists with another body.`);
      }
      if (request.idempotencyKey !== undefined) keys.set(request.idempotencyKey, id);
      runs.set(id, {
        run: {
          id,
          workflow: name,
          version: saved.version,
          status: "queued",
          input: request.input ?? {},
          output: null,
          error: null,
          labels: request.labels ?? {},
          parentRunId: null,
          forkedFrom: null,
          continuedFrom: null,
          continuedTo: null,
          chainId: id,
          trigger: request.trigger ?? null,
          warnings: [],
          createdAtMs: nowMs(),
          startedAtMs: null,
          endedAtMs: null,
          seq: 0,
        },
        body,
        events: [],
        steps: new Map(),
        approval: null,
      });
      engine.record(id, "run.started", undefined, {
        input: request.input ?? {},
        principal: context.principal,
      });
      return { run: known(id).run, created: true };
    },
    async get(_context, runId) {
      if (engine.failure !== null) throw engine.failure;
      return runs.get(runId)?.run ?? null;
    },
    async wait(_context, runId, timeoutMs, signal) {
      known(runId);
      const limit = AbortSignal.timeout(timeoutMs);
      const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
      await untilChange(either, () => TERMINAL.includes(known(runId).run.status));
      return known(runId).run;
    },
    async list(_context, filter) {
      const all = [...runs.values()].map(({ run }) => summary(run)).toReversed();
      const matching = all.filter(
        (run) =>
          (filter.status === undefined || filter.status.includes(run.status)) &&
          (filter.workflow === undefined || filter.workflow === run.workflow) &&
          Object.entries(filter.labels ?? {}).every(([key, value]) => run.labels[key] === value),
      );
      const from = Number(filter.cursor ?? 0);
      const items = matching.slice(from, from + filter.limit);
      const next = from + items.length;
      return { items, cursor: next < matching.length ? String(next) : null };
    },
    async events(_context, runId, afterSeq, limit) {
      return known(runId)
        .events.filter(({ seq }) => seq > afterSeq)
        .slice(0, limit);
    },
    async *follow(_context, runId, afterSeq, signal) {
      let at = afterSeq;
      while (!signal.aborted) {
        const found = known(runId);
        for (const event of found.events.filter(({ seq }) => seq > at)) {
          yield event;
          at = event.seq;
        }
        if (TERMINAL.includes(found.run.status) && at >= found.run.seq) return;
        await untilChange(signal, () => known(runId).run.seq > at);
      }
    },
    on() {
      throw new Error("nobody subscribes through HTTP");
    },
    onChange(_context, listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stepOutput(_context, runId, path) {
      return { path, output: known(runId).steps.get(path)?.output ?? null };
    },
    async state(_context, runId) {
      const found = known(runId);
      return {
        run: found.run,
        steps: [...found.steps.values()],
        vars: {},
        bufferedSignals: 0,
        pins: {},
      };
    },
    async progress(_context, runId) {
      const found = known(runId);
      const statuses = [...found.steps.values()].map(({ status }) => status);
      const count = (...of: StepStatus[]) => statuses.filter((one) => of.includes(one)).length;
      return {
        status: found.run.status,
        total: statuses.length,
        settled: count("succeeded", "failed", "skipped"),
        running: count("running"),
        waiting: count("waiting", "retrying"),
        failed: count("failed"),
        steps: [],
        warnings: [],
      };
    },
    async explain(_context, runId) {
      const { run, approval } = known(runId);
      const sentence =
        approval === null
          ? `The run is ${run.status}.`
          : `Waits for a person to decide “${approval.title}”.`;
      return { status: run.status, sentence, waits: [], more: 0, warnings: [] };
    },
    async approvals() {
      return [...runs.values()].flatMap(({ approval }) => approval ?? []);
    },
    logs: async () => [],
    async *followLogs() {},
    values: {
      list: async () => ({ items: [], cursor: null }),
      get: noValue,
      set: noValue,
      delete: noValue,
      changes: async () => [],
    },
    memos: async () => ({ items: [], cursor: null }),
    clearMemos: async () => 0,
    pause: async (_context, runId, reason) => moved(runId, "run.paused", { reason }),
    resume: async (_context, runId, reason) => moved(runId, "run.resumed", { reason }),
    cancel: async (_context, runId, reason) => moved(runId, "run.cancelled", { reason }),
    terminate: async (_context, runId, reason) => moved(runId, "run.cancelled", { reason }),
    async label(_context, runId, { set = {}, remove = [] }) {
      const found = open(runId);
      const kept = Object.entries(found.run.labels).filter(([name]) => !remove.includes(name));
      const labels = { ...Object.fromEntries(kept), ...set };
      found.run = { ...found.run, labels };
      engine.record(runId, "run.labelled", undefined, { labels });
      return found.run;
    },
    prioritize: async (_context, runId, change) => moved(runId, "run.prioritized", { ...change }),
    async signal(_context, runId, signal) {
      const found = open(runId);
      const id = signal.id ?? randomUUID();
      const applied = !found.events.some(
        ({ type, event }) => type === "signal.received" && event["id"] === id,
      );
      if (applied) engine.record(runId, "signal.received", undefined, { ...signal, id });
      return { applied, id };
    },
    async decideApproval(_context, runId, path, decision) {
      const found = open(runId);
      if (found.approval?.path !== path)
        throw new LockstitchError("not_waiting", `Step ${path} waits for no decision.`);
      found.approval = null;
      found.run = { ...found.run, status: "running" };
      engine.record(runId, "step.succeeded", path, { output: decision });
      return found.run;
    },
    async resolveStep(_context, runId, path, { action, output }) {
      const found = open(runId);
      engine.record(runId, "step.resolved", path, { action, output });
      return found.run;
    },
    async rerun(context, runId, change) {
      const old = known(runId).run;
      const { run } = await engine.start(context, {
        workflow: old.workflow,
        version: old.version,
        input: "input" in change ? change.input : old.input,
        id: change.id,
      });
      const found = known(run.id);
      found.run = { ...found.run, forkedFrom: runId };
      return found.run;
    },
    stats: () => ({
      openRuns: [...runs.values()].filter(({ run }) => !TERMINAL.includes(run.status)).length,
      runningAttempts: 0,
      attemptLimit: { now: 1_000, max: 1_000, reason: null },
      queuedAttempts: 0,
      admission: {
        waiting: {
          ...{ slot: 0, concurrency: 0, bulkhead: 0, quota: 0 },
          ...{ rate_limit: 0, circuit_breaker: 0, quarantine: 0 },
        },
        held: { slot: 0, concurrency: 0, bulkhead: 0, quota: 0 },
        breakers: { open: 0, probing: 0 },
        quotas: { refused: {}, usedUp: {} },
      },
      memo: { hits: 0, misses: 0 },
      values: { operations: 0, conflicts: 0, cacheHits: 0, cacheMisses: 0 },
      commits: 0,
      turns: 0,
      events: 0,
      continuedRuns: engine.continuedRuns,
      recovering: false,
    }),
    close: async () => undefined,
  };
  return engine;
}
