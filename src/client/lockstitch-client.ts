/**
 * The typed client of the HTTP API: the same calls as the engine's, over HTTP.
 *
 * C1. Failures are LockstitchError with the server's code; one that never reached a server is
 *     `store_unavailable` with the cause.
 * C2. What is safe to repeat is repeated after a lost connection or a 503: reads, idempotent
 *     controls, and creations, which carry an Idempotency-Key that stays the same.
 * C3. A stream resumes after the last event it gave, so it neither loses nor doubles one.
 */
import type { z } from "zod";
import type {
  ApprovalDecision,
  ApprovalView,
  EventView,
  ExplainView,
  LabelChange,
  MemoView,
  PriorityChange,
  ProgressView,
  RerunChange,
  RunStateView,
  RunSummary,
  RunView,
  SignalRequest,
  StartRequest,
  StepOutput,
  StepResolution,
} from "#engine/engine.ts";
import type { EngineCare } from "#engine/engine-care.ts";
import type { EngineTriggers } from "#engine/engine-triggers.ts";
import type { NamedValues } from "#engine/named-values.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { RunFilter } from "#ports/journal.ts";
import type { MemoFilter } from "#ports/memo-store.ts";
import { WorkflowDefinition } from "#workflow/definition.ts";
import type { WorkflowDependencies } from "#workflow/dependencies.ts";
import { careOverHttp } from "./care-client.ts";
import { type LogClient, logsOverHttp } from "./log-client.ts";
import { type Query, queryText, runPath } from "./request-path.ts";
import { resumedStream } from "./resumed-stream.ts";
import { createTransport, type Transport, type TransportOptions } from "./transport.ts";
import { triggersOverHttp } from "./triggers-client.ts";
import { valuesOverHttp } from "./values-client.ts";
import { isoOf } from "./wire/instants.ts";
import { MemoListJson, MemosClearedJson, memoFromJson } from "./wire/memo.ts";
import { PluginListJson } from "./wire/plugin.ts";
import { RunJson, RunListJson, RunSummaryJson, runFromJson, summaryFromJson } from "./wire/run.ts";
import {
  EventJson,
  EventPageJson,
  ExplainJson,
  eventFromJson,
  explainFromJson,
  GraphJson,
  ProgressJson,
  RunStateJson,
  StepOutputJson,
  stateFromJson,
} from "./wire/run-reads.ts";
import {
  ApprovalListJson,
  approvalFromJson,
  EngineJson,
  NodeTypeListJson,
  SignalAnswerJson,
  ValidationJson,
  versionFromJson,
  WorkflowDependenciesJson,
  WorkflowJson,
  WorkflowListJson,
  WorkflowVersionJson,
  WorkflowVersionsJson,
} from "./wire/workflow.ts";

/** The server answers a wait after at most this; wait() asks again. */
const WAIT_SLICE_MS = 30_000;

export class LockstitchClient {
  readonly #transport: Transport;
  /** The store behind the server: deleting, archiving, copying. */
  readonly care: EngineCare;
  /** What steps have logged. */
  readonly logs: LogClient;
  /** Values that runs share. */
  readonly values: NamedValues;
  /** Schedules, events and webhooks. */
  readonly triggers: EngineTriggers;

  constructor(options: TransportOptions) {
    this.#transport = createTransport(options);
    this.care = careOverHttp(this.#transport);
    this.logs = logsOverHttp(this.#transport);
    this.values = valuesOverHttp(this.#transport);
    this.triggers = triggersOverHttp(this.#transport);
  }

  /** Saves a definition, as a value or as text (YAML or JSON). definition_invalid. */
  async saveWorkflow(
    name: string,
    definition: WorkflowDefinition | string,
  ): Promise<WorkflowVersion & { readonly created: boolean }> {
    const answer = await this.#transport.request({
      method: "PUT",
      path: `/workflows/${encodeURIComponent(name)}`,
      ...(typeof definition === "string" ? { text: definition } : { json: definition }),
    });
    const version = versionFromJson(WorkflowVersionJson.parse(answer.json));
    return { ...version, created: answer.status === 201 };
  }

  /** Every problem of a definition's text, without saving it. */
  async validateWorkflow(text: string): Promise<z.infer<typeof ValidationJson>> {
    const answer = await this.#transport.request({
      method: "POST",
      path: "/workflows/validate",
      text,
    });
    return ValidationJson.parse(answer.json);
  }

  /** null when there is none. */
  async findWorkflow(
    name: string,
    version?: number,
  ): Promise<(WorkflowVersion & { readonly definition: WorkflowDefinition }) | null> {
    const json = await this.#found(`/workflows/${encodeURIComponent(name)}`, { version });
    if (json === null) return null;
    const workflow = WorkflowJson.parse(json);
    return {
      ...versionFromJson(workflow),
      definition: WorkflowDefinition.parse(workflow.definition),
    };
  }

  async listWorkflows(
    afterName: string | null,
    limit: number,
  ): Promise<readonly WorkflowVersion[]> {
    const json = await this.#get("/workflows", { cursor: afterName ?? undefined, limit });
    return WorkflowListJson.parse(json).items.map(versionFromJson);
  }

  /** What the workflow runs, and what those run; the newest without `version`. workflow_not_found. */
  async workflowDependencies(name: string, version?: number): Promise<WorkflowDependencies> {
    const json = await this.#get(`/workflows/${encodeURIComponent(name)}/dependencies`, {
      version,
    });
    return WorkflowDependenciesJson.parse(json);
  }

  /** Newest first; empty when there is no such workflow. */
  async workflowVersions(name: string): Promise<readonly WorkflowVersion[]> {
    const json = await this.#found(`/workflows/${encodeURIComponent(name)}/versions`);
    return json === null ? [] : WorkflowVersionsJson.parse(json).items.map(versionFromJson);
  }

  /** Starts a run, once however often the call must be repeated. */
  async start(
    request: StartRequest,
  ): Promise<{ readonly run: RunView; readonly created: boolean }> {
    const { idempotencyKey, ...json } = request;
    const answer = await this.#transport.request({
      method: "POST",
      path: "/runs",
      json,
      headers: { "idempotency-key": idempotencyKey ?? crypto.randomUUID() },
    });
    return { run: runFromJson(RunJson.parse(answer.json)), created: answer.status === 201 };
  }

  /** null when there is none. */
  async get(runId: string): Promise<RunView | null> {
    const json = await this.#found(runPath(runId));
    return json === null ? null : runFromJson(RunJson.parse(json));
  }

  /** Resolves when the run has ended or `timeoutMs` has passed. run_not_found. */
  async wait(runId: string, timeoutMs: number, signal?: AbortSignal): Promise<RunView> {
    const untilMs = performance.now() + timeoutMs;
    while (true) {
      const leftMs = Math.max(0, untilMs - performance.now());
      const waitS = Math.ceil(Math.min(leftMs, WAIT_SLICE_MS) / 1_000);
      const answer = await this.#transport.request({
        method: "GET",
        path: runPath(runId),
        headers: waitS === 0 ? {} : { prefer: `wait=${waitS}` },
        ...(signal === undefined ? {} : { signal }),
      });
      const run = runFromJson(RunJson.parse(answer.json));
      if (run.endedAtMs !== null || performance.now() >= untilMs) return run;
    }
  }

  async list(
    filter: RunFilter,
  ): Promise<{ readonly items: readonly RunSummary[]; readonly cursor: string | null }> {
    const json = await this.#get("/runs", {
      status: filter.status,
      workflow: filter.workflow,
      label: labelPairs(filter.labels),
      parentRunId: filter.parentRunId,
      createdAfter: filter.createdAfterMs === undefined ? undefined : isoOf(filter.createdAfterMs),
      createdBefore:
        filter.createdBeforeMs === undefined ? undefined : isoOf(filter.createdBeforeMs),
      cursor: filter.cursor,
      limit: filter.limit,
    });
    const page = RunListJson.parse(json);
    return { items: page.items.map(summaryFromJson), cursor: page.cursor };
  }

  async events(runId: string, afterSeq: number, limit: number): Promise<readonly EventView[]> {
    const json = await this.#get(`${runPath(runId)}/events`, { after: afterSeq, limit });
    return EventPageJson.parse(json).items.map(eventFromJson);
  }

  /** Events from `afterSeq` on, live; goes on by itself after a lost connection; ends with the run. */
  async *follow(runId: string, afterSeq: number, signal: AbortSignal): AsyncIterable<EventView> {
    let at = afterSeq;
    const open = () => this.#transport.stream(`${runPath(runId)}/stream?after=${at}`, signal);
    for await (const event of resumedStream(this.#transport, open, signal)) {
      if (event.event === "end") return;
      const view = eventFromJson(EventJson.parse(JSON.parse(event.data)));
      if (view.seq <= at) continue;
      at = view.seq;
      yield view;
    }
  }

  /** Runs that change, newest state each; goes on by itself after a lost connection. */
  async *followRuns(signal: AbortSignal): AsyncIterable<RunSummary> {
    const open = () => this.#transport.stream("/stream", signal);
    for await (const event of resumedStream(this.#transport, open, signal))
      if (event.event === "message")
        yield summaryFromJson(RunSummaryJson.parse(JSON.parse(event.data)));
  }

  async state(runId: string): Promise<RunStateView> {
    return stateFromJson(RunStateJson.parse(await this.#get(`${runPath(runId)}/state`)));
  }

  async stepOutput(runId: string, path: string): Promise<StepOutput> {
    const address = `${runPath(runId)}/steps/${encodeURIComponent(path)}/output`;
    return StepOutputJson.parse(await this.#get(address));
  }

  async progress(runId: string): Promise<ProgressView> {
    return ProgressJson.parse(await this.#get(`${runPath(runId)}/progress`));
  }

  async explain(runId: string): Promise<ExplainView> {
    return explainFromJson(ExplainJson.parse(await this.#get(`${runPath(runId)}/explain`)));
  }

  async graph(runId: string): Promise<GraphJson> {
    return GraphJson.parse(await this.#get(`${runPath(runId)}/graph`));
  }

  async approvals(
    filter: { readonly labels?: Readonly<Record<string, string>> | undefined } = {},
  ): Promise<readonly ApprovalView[]> {
    const found = await this.#get("/approvals", { label: labelPairs(filter.labels) });
    return ApprovalListJson.parse(found).items.map(approvalFromJson);
  }

  async memos(
    filter: MemoFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly MemoView[]; readonly cursor: string | null }> {
    const page = MemoListJson.parse(await this.#get("/memos", { ...filter }));
    return { items: page.items.map(memoFromJson), cursor: page.cursor };
  }

  /** Answers how many are gone. */
  async clearMemos({ workflow, key }: MemoFilter): Promise<number> {
    const path = `/memos${queryText({ workflow, key })}`;
    const answer = await this.#transport.request({ method: "DELETE", path });
    return MemosClearedJson.parse(answer.json).cleared;
  }

  /** Applied once, however often the call must be repeated. */
  async resolveStep(runId: string, path: string, resolution: StepResolution): Promise<RunView> {
    const { action, id, ...rest } = resolution;
    const body = { ...rest, id: id ?? crypto.randomUUID() };
    return await this.#postRun(
      `${runPath(runId)}/steps/${encodeURIComponent(path)}/${action}`,
      body,
    );
  }

  /** Idempotent. */
  async label(runId: string, change: LabelChange): Promise<RunView> {
    const path = `${runPath(runId)}/labels`;
    const answer = await this.#transport.request({ method: "PATCH", path, json: change });
    return runFromJson(RunJson.parse(answer.json));
  }

  /** Idempotent. */
  async prioritize(runId: string, change: PriorityChange): Promise<RunView> {
    const exchange = { method: "PATCH", path: runPath(runId), json: change } as const;
    return runFromJson(RunJson.parse((await this.#transport.request(exchange)).json));
  }

  /** `verb` is idempotent. run_not_found, run_terminal. */
  async control(
    runId: string,
    verb: "pause" | "resume" | "cancel" | "terminate",
    reason?: string,
  ): Promise<RunView> {
    return await this.#postRun(`${runPath(runId)}/${verb}`, { reason });
  }

  /** Applied once, however often the call must be repeated. */
  async signal(
    runId: string,
    signal: SignalRequest,
  ): Promise<{ readonly applied: boolean; readonly id: string }> {
    const answer = await this.#transport.request({
      method: "POST",
      path: `${runPath(runId)}/signal`,
      json: { ...signal, id: signal.id ?? crypto.randomUUID() },
      headers: {},
    });
    return SignalAnswerJson.parse(answer.json);
  }

  /** step_not_found, not_waiting, run_terminal. */
  async decideApproval(runId: string, path: string, decision: ApprovalDecision): Promise<RunView> {
    const { approved, comment, form } = decision;
    const verb = approved ? "approve" : "reject";
    const answer = await this.#transport.request({
      method: "POST",
      path: `${runPath(runId)}/${verb}`,
      json: { path, comment, form },
      // A repeat of an applied decision would answer not_waiting.
      isRepeatable: false,
    });
    return runFromJson(RunJson.parse(answer.json));
  }

  async rerun(runId: string, change: RerunChange): Promise<RunView> {
    return await this.#postRun(`${runPath(runId)}/rerun`, change, {
      "idempotency-key": crypto.randomUUID(),
    });
  }

  async nodeTypes(): Promise<z.infer<typeof NodeTypeListJson>["items"]> {
    return NodeTypeListJson.parse(await this.#get("/node-types")).items;
  }

  /** The plugins of the host and how their processes do. */
  async plugins(): Promise<z.infer<typeof PluginListJson>["items"]> {
    return PluginListJson.parse(await this.#get("/plugins")).items;
  }

  /** What the server's engine did and is doing. */
  async engine(): Promise<z.infer<typeof EngineJson>> {
    return EngineJson.parse(await this.#get("/engine"));
  }

  async #get(path: string, query: Query = {}): Promise<unknown> {
    return (await this.#transport.request({ method: "GET", path: path + queryText(query) })).json;
  }

  async #found(path: string, query: Query = {}): Promise<unknown> {
    try {
      return await this.#get(path, query);
    } catch (error) {
      if (error instanceof LockstitchError && NOT_FOUND.has(error.code)) return null;
      throw error;
    }
  }

  async #postRun(
    path: string,
    json: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RunView> {
    const answer = await this.#transport.request({ method: "POST", path, json, headers });
    return runFromJson(RunJson.parse(answer.json));
  }
}

const NOT_FOUND: ReadonlySet<string> = new Set(["run_not_found", "workflow_not_found"]);

function labelPairs(labels: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}
