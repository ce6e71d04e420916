/**
 * The Engine interface over one store in this process: checks calls, hands inputs to the runs'
 * hosts and reads what callers ask for from the journal.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Input } from "#kernel/inputs.ts";
import type { Pins } from "#kernel/run-links.ts";
import { progressOf } from "#kernel/status.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { RunFilter } from "#ports/journal.ts";
import type { CheckedText } from "#workflow/checked-text.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type {
  Engine,
  EventView,
  ProgressView,
  RerunChange,
  RunSummary,
  RunView,
  SignalRequest,
  StartRequest,
  StepResolution,
} from "../engine.ts";
import type { ReadOptions, StartWait } from "../read-options.ts";
import { approvalInput, labelInput, priorityInput, resolveInput } from "./call-inputs.ts";
import { Caretaker } from "./caretaker.ts";
import type { EngineCore } from "./engine-core.ts";
import { engineStats } from "./engine-stats.ts";
import { eventsOf } from "./event-blobs.ts";
import { followRun } from "./follow.ts";
import { runKeyOf } from "./host-services.ts";
import { LogReader } from "./log-reader.ts";
import { type OpenTriggers, openTriggers } from "./open-triggers.ts";
import { operateValues } from "./operate-values.ts";
import { RunExplainer } from "./run-explainer.ts";
import { committedFacts, factsOf, isTerminal, type RunFacts } from "./run-facts.ts";
import { RunReader } from "./run-reader.ts";
import { summaryOf } from "./run-views.ts";
import { saveWorkflow } from "./save-workflow.ts";
import { callerLabels } from "./start-labels.ts";
import { ownInput, plainPayload, Starts } from "./starts.ts";
import { terminateRun } from "./terminate-run.ts";
import { waitForEnd } from "./wait-for-end.ts";

export class EmbeddedEngine implements Engine {
  readonly #core: EngineCore;
  readonly #starts: Starts;
  readonly #reader: RunReader;
  readonly #logs: LogReader;
  readonly #explainer: RunExplainer;
  readonly care: Caretaker;
  readonly values: Engine["values"];
  readonly triggers: OpenTriggers;

  constructor(core: EngineCore) {
    this.#core = core;
    this.#starts = new Starts(core);
    const { plans, values, loader } = core;
    const { cache } = core.services;
    this.care = new Caretaker(core);
    this.values = operateValues(core, () => this.#guard());
    this.triggers = openTriggers(core, this, () => this.#guard());
    this.care.released = () => this.triggers.begin();
    this.#reader = new RunReader({
      ...{ store: core.options.store, limits: core.limits },
      ...{ plans, values, loader, cache },
    });
    this.#explainer = new RunExplainer(core, this.#reader);
    this.#logs = new LogReader(core, (context, runId) => this.#reader.head(context, runId));
  }

  // Workflows

  async saveWorkflow(
    context: CallContext,
    definition: WorkflowDefinition | CheckedText,
  ): Promise<WorkflowVersion & { readonly created: boolean }> {
    this.#guard();
    const saved = await saveWorkflow(this.#core, context, definition);
    if (saved.created) this.triggers.changed();
    return saved;
  }

  async #save(context: CallContext, definition: WorkflowDefinition | CheckedText) {
    const { name, version } = await this.saveWorkflow(context, definition);
    return await this.#core.plans.find(context, name, version);
  }

  async findWorkflow(
    context: CallContext,
    name: string,
    version?: number,
  ): Promise<(WorkflowVersion & { readonly definition: WorkflowDefinition }) | null> {
    const found = await this.#core.options.store.catalogue.find(context, name, version ?? null);
    if (found === null) return null;
    return { ...found, definition: JSON.parse(found.definition) as WorkflowDefinition };
  }

  readonly listWorkflows: Engine["listWorkflows"] = async (...call) =>
    this.#core.options.store.catalogue.list(...call);
  readonly workflowVersions: Engine["workflowVersions"] = async (...call) =>
    this.#core.options.store.catalogue.versions(...call);
  readonly workflowDependencies: Engine["workflowDependencies"] = (context, name, version) =>
    this.#core.plans.dependencies.of(context, name, version ?? null);

  // Runs

  async start(
    context: CallContext,
    request: StartRequest,
    how?: ReadOptions & StartWait,
  ): Promise<{ readonly run: RunView; readonly created: boolean }> {
    this.#guard();
    this.care.refuseStart();
    const { id, idempotencyKey, priority = null, version = null, trigger } = request;
    // Before anything is waited for: what the caller does with them from now on changes nothing.
    const labels = { ...request.labels };
    const input = ownInput(request.input, this.#core.limits.inputBytesMax);
    const workflow =
      typeof request.workflow === "string"
        ? await this.#core.plans.find(context, request.workflow, version)
        : await this.#save(context, request.workflow);
    const named = typeof request.workflow === "string" ? request.workflow : workflow.version.hash;
    const { runId, created } = await this.#starts.start(context, {
      ...{ workflow, input, id, idempotencyKey, labels, priority, trigger },
      forkedFrom: null,
      pins: undefined,
      body: { workflow: named, version, input, labels, priority },
    });
    return { run: await this.#started(context, runId, how), created };
  }

  async rerun(context: CallContext, runId: string, change: RerunChange): Promise<RunView> {
    this.#guard();
    this.care.refuseStart();
    const { inputBytesMax } = this.#core.limits;
    const given = change.input === undefined ? undefined : ownInput(change.input, inputBytesMax);
    const head = await this.#reader.head(context, runId);
    const workflow = await this.#core.plans.find(context, head.workflow, head.version);
    const old = await this.#reader.view(context, head);
    const first = await this.#core.options.store.journal.turnAt(context, runId, 1);
    const queued = first === null ? undefined : eventsOf(first)[0];
    const input = given ?? ownInput(await this.#reader.input(context, runId), inputBytesMax);
    const reason = change.reason ?? null;
    const { runId: newRunId } = await this.#starts.start(context, {
      ...{ workflow, input, id: change.id, idempotencyKey: undefined },
      labels: callerLabels(
        workflow.plan,
        { id: runId, input: old.input, version: head.version, nowMs: head.createdAtMs },
        head.labels,
      ),
      priority: (queued?.["priority"] as number | undefined) ?? null,
      forkedFrom: { runId, reason },
      pins: queued === undefined ? undefined : ((queued["pins"] as Pins | undefined) ?? null),
      body: { rerun: runId, input, reason },
    });
    return this.#view(context, newRunId);
  }

  async #started(context: CallContext, runId: string, how: (ReadOptions & StartWait) | undefined) {
    const { wait } = how ?? {};
    if (wait === undefined) return this.#view(context, runId, how);
    return this.wait(context, runId, wait.timeoutMs, wait.signal, how);
  }

  readonly get: Engine["get"] = (context, runId, how) => this.#reader.run(context, runId, how);

  async #view(context: CallContext, runId: string, how?: ReadOptions): Promise<RunView> {
    return this.#reader.view(context, await this.#facts(context, runId), how);
  }

  async #facts(context: CallContext, runId: string): Promise<RunFacts> {
    const known = committedFacts(this.#core.host(runKeyOf(context.tenant, runId)));
    return known ?? (await this.#reader.head(context, runId));
  }

  async wait(
    context: CallContext,
    runId: string,
    timeoutMs: number,
    signal?: AbortSignal,
    how?: ReadOptions,
  ): Promise<RunView> {
    const facts = () => this.#facts(context, runId);
    const end = await waitForEnd(this.#core, { context, runId, facts }, timeoutMs, signal);
    return await this.#reader.view(context, end?.facts ?? (await facts()), how, end?.turn);
  }

  async list(
    context: CallContext,
    filter: RunFilter,
  ): Promise<{ readonly items: readonly RunSummary[]; readonly cursor: string | null }> {
    const { items, cursor } = await this.#core.options.store.journal.heads(context, filter);
    return { items: items.map((head) => summaryOf(factsOf(head))), cursor };
  }

  async events(
    context: CallContext,
    runId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly EventView[]> {
    await this.#reader.head(context, runId);
    return this.#reader.events(context, runId, afterSeq, limit);
  }

  async *follow(
    context: CallContext,
    runId: string,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncGenerator<EventView, void, void> {
    await this.#reader.head(context, runId);
    if (this.#core.isClosing) return;
    const key = runKeyOf(context.tenant, runId);
    yield* followRun(
      {
        watch: (listener) => this.#core.observers.watchRun(key, listener),
        read: (after, limit) => this.#reader.events(context, runId, after, limit),
        end: async () => {
          const { status, seq } = await this.#reader.head(context, runId);
          return { isOver: isTerminal(status), seq };
        },
      },
      afterSeq,
      signal,
    );
  }

  readonly on: Engine["on"] = (...call) => this.#core.observers.on(...call);
  readonly onChange: Engine["onChange"] = (...call) => this.#core.observers.watchAll(...call);

  readonly state: Engine["state"] = (context, runId, how) =>
    this.#reader.state(context, runId, how);
  readonly stepOutput: Engine["stepOutput"] = (...of) => this.#reader.stepOutput(...of);

  async progress(context: CallContext, runId: string): Promise<ProgressView> {
    const state = await this.#explainer.state(context, runId);
    return { ...progressOf(state), warnings: this.#explainer.warnings(state.seq) };
  }

  readonly approvals: Engine["approvals"] = async (context, { labels = {} } = {}) => {
    const here = await this.#core.approvals.list(context, labels);
    const others = (await this.#core.elsewhere?.approvals(context, labels)) ?? [];
    return others.length === 0 ? here : [...here, ...others].sort((a, b) => a.sinceMs - b.sinceMs);
  };

  readonly explain: Engine["explain"] = (context, runId) => this.#explainer.explain(context, runId);

  // Control

  async pause(context: CallContext, runId: string, reason?: string): Promise<RunView> {
    return this.#control(context, runId, "pause", reason);
  }
  async resume(context: CallContext, runId: string, reason?: string): Promise<RunView> {
    return this.#control(context, runId, "resume", reason);
  }
  async cancel(context: CallContext, runId: string, reason?: string): Promise<RunView> {
    return this.#control(context, runId, "cancel", reason);
  }
  async terminate(context: CallContext, runId: string, reason?: string): Promise<RunView> {
    this.#guard();
    await terminateRun(this.#core, context, runId, reason ?? null);
    return this.#view(context, runId);
  }

  async #control(
    context: CallContext,
    runId: string,
    kind: "pause" | "resume" | "cancel",
    reason: string | undefined,
  ): Promise<RunView> {
    return this.#call(context, runId, { kind, by: context.principal, reason: reason ?? null });
  }

  async #call(context: CallContext, runId: string, input: Input): Promise<RunView> {
    this.#guard();
    await this.#core.call(context, runId, input);
    return this.#view(context, runId);
  }

  readonly label: Engine["label"] = async (context, runId, change) =>
    this.#call(context, runId, labelInput(context, change, this.#core.limits.labelsMax));
  readonly prioritize: Engine["prioritize"] = async (context, runId, change) =>
    this.#call(context, runId, priorityInput(context, change));

  async signal(
    context: CallContext,
    runId: string,
    { name, key = null, payload = null, id: given }: SignalRequest,
  ): Promise<{ readonly applied: boolean; readonly id: string }> {
    this.#guard();
    const id = given ?? this.#core.options.ids.commitId();
    const plain = this.#payload(payload, "payload");
    const input: Input = { kind: "signal", id, name, key, payload: plain, by: context.principal };
    const { applied } = await this.#core.call(context, runId, input);
    return { applied, id };
  }

  async decideApproval(
    context: CallContext,
    runId: string,
    path: string,
    decision: Parameters<Engine["decideApproval"]>[3],
  ): Promise<RunView> {
    return this.#call(context, runId, approvalInput(context, path, decision, this.#payload));
  }

  async resolveStep(
    context: CallContext,
    runId: string,
    path: string,
    resolution: StepResolution,
  ): Promise<RunView> {
    return this.#call(context, runId, resolveInput(context, path, resolution, this.#payload));
  }

  readonly #payload = (value: unknown, name: string) => {
    const { signalBytesMax: bytesMax } = this.#core.limits;
    return plainPayload(value, { name, limit: "signalBytesMax", bytesMax });
  };

  readonly memos: Engine["memos"] = async (context, filter) =>
    this.#core.options.store.memos.list(context, filter, this.#core.options.clock.nowMs());
  readonly clearMemos: Engine["clearMemos"] = async (context, filter) =>
    this.#core.options.store.memos.clear(context, filter);

  readonly logs: Engine["logs"] = (...call) => this.#logs.page(...call);
  readonly followLogs: Engine["followLogs"] = (...call) => this.#logs.follow(...call);

  // The engine itself

  readonly stats: Engine["stats"] = () => ({
    ...engineStats(this.#core, this.care),
    schedulesDue: this.triggers.due,
  });

  async close(graceMs: number): Promise<void> {
    // From now on calls are refused.
    const closed = this.#core.close(graceMs);
    await this.triggers.stop();
    await this.care.stop();
    await closed;
  }

  #guard(): void {
    if (this.#core.isClosing)
      throw new LockstitchError("shutting_down", "The engine is closing; try again soon.");
    this.care.refuseHeld();
  }
}
