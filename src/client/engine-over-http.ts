/**
 * An Engine on the other side of HTTP, so that a command works the same on its own engine and on
 * a server's. Tenant and principal are the server's to decide: the context given here is ignored.
 */
import type { Engine, EngineStats } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { isCheckedText } from "#workflow/checked-text.ts";
import type { LockstitchClient } from "./lockstitch-client.ts";

/** Everything but stats(), which is only known by asking: see connectEngine. */
export function engineOverHttp(client: LockstitchClient): Omit<Engine, "stats"> {
  const closing = new AbortController();
  return {
    saveWorkflow: (_context, definition) =>
      client.saveWorkflow(
        definition.name,
        isCheckedText(definition) ? JSON.parse(definition.json) : definition,
      ),
    findWorkflow: (_context, name, version) => client.findWorkflow(name, version),
    listWorkflows: (_context, afterName, limit) => client.listWorkflows(afterName, limit),
    workflowVersions: (_context, name) => client.workflowVersions(name),
    workflowDependencies: (_context, name, version) => client.workflowDependencies(name, version),
    async start(_context, request, { wait } = {}) {
      const started = await client.start(request);
      if (wait === undefined) return started;
      const run = await client.wait(started.run.id, wait.timeoutMs, wait.signal);
      return { run, created: started.created };
    },
    get: (_context, runId) => client.get(runId),
    wait: (_context, runId, timeoutMs, signal) => client.wait(runId, timeoutMs, signal),
    list: (_context, filter) => client.list(filter),
    events: (_context, runId, afterSeq, limit) => client.events(runId, afterSeq, limit),
    follow: (_context, runId, afterSeq, signal) => client.follow(runId, afterSeq, signal),
    logs: (_context, runId, query) => client.logs.page(runId, query),
    followLogs: (_context, runId, query, signal) => client.logs.follow(runId, query, signal),
    on() {
      const message =
        "Events are told where the engine runs; follow() and onChange() work over HTTP.";
      throw new LockstitchError("action_refused", message);
    },
    onChange(_context, listener) {
      const aborter = new AbortController();
      const signal = AbortSignal.any([aborter.signal, closing.signal]);
      void (async () => {
        for await (const run of client.followRuns(signal)) listener(run);
        // It asks again by itself; what ends it is the close, or a server that refuses for good, which
        // the caller's next request is told.
      })().catch(() => undefined);
      return () => aborter.abort();
    },
    state: (_context, runId) => client.state(runId),
    stepOutput: (_context, runId, path) => client.stepOutput(runId, path),
    progress: (_context, runId) => client.progress(runId),
    explain: (_context, runId) => client.explain(runId),
    approvals: (_context, filter) => client.approvals(filter),
    memos: (_context, filter) => client.memos(filter),
    clearMemos: (_context, filter) => client.clearMemos(filter),
    pause: (_context, runId, reason) => client.control(runId, "pause", reason),
    resume: (_context, runId, reason) => client.control(runId, "resume", reason),
    cancel: (_context, runId, reason) => client.control(runId, "cancel", reason),
    terminate: (_context, runId, reason) => client.control(runId, "terminate", reason),
    label: (_context, runId, change) => client.label(runId, change),
    prioritize: (_context, runId, change) => client.prioritize(runId, change),
    signal: (_context, runId, signal) => client.signal(runId, signal),
    decideApproval: (_context, runId, path, decision) =>
      client.decideApproval(runId, path, decision),
    resolveStep: (_context, runId, path, resolution) => client.resolveStep(runId, path, resolution),
    rerun: (_context, runId, change) => client.rerun(runId, change),
    care: client.care,
    values: client.values,
    triggers: client.triggers,
    async close() {
      closing.abort();
    },
  };
}

/** A whole Engine; stats() answers what the server said when it was connected. Rejects where no server answers. */
export async function connectEngine(client: LockstitchClient): Promise<Engine> {
  const stats: EngineStats = await client.engine();
  return { ...engineOverHttp(client), stats: () => stats };
}
