/** The approvals that wait for a person, of all open runs, in memory; their texts are read when asked for. */
import type { EventOf, RunEvent } from "#kernel/events.ts";
import type { RunState } from "#kernel/state.ts";
import { refOf, type ValueRef } from "#kernel/value-ref.ts";
import { frozen } from "#nodes/frozen.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { ApprovalView } from "../engine.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import type { RunFacts } from "./run-facts.ts";
import type { ValueLoader } from "./value-loader.ts";

interface OpenApproval {
  readonly facts: RunFacts;
  readonly path: string;
  readonly input: ValueRef;
  readonly sinceMs: number;
  readonly expiresAtMs: number | null;
}

interface ApprovalConfig {
  readonly title?: string;
  readonly description?: string;
  readonly form?: unknown;
  readonly assignees?: readonly string[];
}

export class ApprovalIndex {
  readonly #values: ValueLoader;
  readonly #byRun = new Map<string, Map<string, OpenApproval>>();

  constructor(values: ValueLoader) {
    this.#values = values;
  }

  committed(turn: CommittedTurn): void {
    let seq = turn.firstSeq - 1;
    for (const event of turn.events) {
      seq++;
      const input = approvalInput(event, seq);
      if (input !== null && event.type === "step.waiting")
        this.#add({
          facts: turn.facts,
          path: event.path,
          input,
          sinceMs: turn.atMs,
          expiresAtMs: event.for.dueAtMs,
        });
      else if (this.#byRun.size > 0 && ends(event)) this.#remove(turn.facts, event.path);
      else if (event.type === "run.labelled") this.#relabel(turn.facts);
    }
    if (turn.facts.endedAtMs !== null)
      this.#byRun.delete(runKeyOf(turn.facts.tenant, turn.facts.runId));
  }

  /** Finds the open approvals of a run that came from the journal. */
  loaded(facts: RunFacts, state: RunState): void {
    for (const { path, status, live } of state.steps.values()) {
      if (status !== "awaiting" || live?.wait?.kind !== "approval") continue;
      const { input, readyAtMs, wait } = live;
      this.#add({ facts, path, input, sinceMs: readyAtMs, expiresAtMs: wait.dueAtMs });
    }
  }

  async list(
    context: CallContext,
    labels: Readonly<Record<string, string>>,
  ): Promise<readonly ApprovalView[]> {
    const wanted = Object.entries(labels);
    const open = [...this.#byRun.values()]
      .flatMap((ofRun) => [...ofRun.values()])
      .filter(({ facts }) => facts.tenant === context.tenant)
      .filter(({ facts }) => wanted.every(([name, value]) => facts.labels[name] === value))
      .sort((a, b) => a.sinceMs - b.sinceMs);
    const views: ApprovalView[] = [];
    for (const { facts, path, input, sinceMs, expiresAtMs } of open) {
      const { tenant, runId, workflow } = facts;
      const source = {
        context,
        runId,
        cacheId: runKeyOf(tenant, runId),
        uncommitted: () => null,
      };
      // The form is handed out as the run has it.
      const value = frozen(await this.#values.load(source, input));
      const config = (typeof value === "object" && value !== null ? value : {}) as ApprovalConfig;
      views.push({
        runId,
        workflow,
        path,
        title: config.title ?? path,
        description: config.description ?? null,
        form: config.form ?? null,
        assignees: config.assignees ?? [],
        sinceMs,
        expiresAtMs,
      });
    }
    return views;
  }

  #add(approval: OpenApproval): void {
    const key = runKeyOf(approval.facts.tenant, approval.facts.runId);
    let ofRun = this.#byRun.get(key);
    if (ofRun === undefined) {
      ofRun = new Map();
      this.#byRun.set(key, ofRun);
    }
    ofRun.set(approval.path, approval);
  }

  #relabel(facts: RunFacts): void {
    const ofRun = this.#byRun.get(runKeyOf(facts.tenant, facts.runId));
    for (const [path, approval] of ofRun ?? []) ofRun?.set(path, { ...approval, facts });
  }

  #remove({ tenant, runId }: RunFacts, path: string): void {
    const key = runKeyOf(tenant, runId);
    const ofRun = this.#byRun.get(key);
    if (ofRun === undefined) return;
    ofRun.delete(path);
    if (ofRun.size === 0) this.#byRun.delete(key);
  }
}

function approvalInput(event: RunEvent, seq: number): ValueRef | null {
  return event.type === "step.waiting" && event.for.kind === "approval"
    ? refOf(event.input, seq, "input")
    : null;
}

type EndOfWait =
  | "step.succeeded"
  | "step.failed"
  | "step.retry_scheduled"
  | "step.cancelled"
  | "step.skipped";

/** Whether the step that it names, if it waited, waits no more. */
function ends(event: RunEvent): event is EventOf<EndOfWait> {
  switch (event.type) {
    case "step.succeeded":
    case "step.failed":
    case "step.retry_scheduled":
    case "step.cancelled":
    case "step.skipped":
      return true;
    default:
      return false;
  }
}
