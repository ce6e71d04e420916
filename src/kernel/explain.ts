/**
 * Why a run is where it is: everything it waits for, each as a sentence, with what would free it.
 * A run that has not ended and explains nothing would be stuck; a property test hunts for one.
 */
import { agendaWants } from "./agenda-wants.ts";
import type { Progress } from "./events.ts";
import type { RunState, StepInstance } from "./state.ts";

export interface Wait {
  readonly path: string | null;
  readonly kind:
    | "run_slot"
    | "slot"
    | "attempt"
    | "retry"
    | "timer"
    | "signal"
    | "approval"
    | "child"
    | "compensation"
    | "stopping"
    | "paused"
    | "turn"
    | "dynamic";
  readonly text: string;
  readonly frees: string | null;
  readonly dueAtMs: number | null;
}

/** In order of opening; empty for a run that has ended. `nowMs` makes instants readable (`in 12 s`). */
export function explainRun(state: RunState, nowMs: number): Wait[] {
  if (state.terminal !== null) return [];
  const waits: Wait[] = [];
  if (state.pausedAtMs !== null)
    waits.push({
      path: null,
      kind: "paused",
      text: `is paused since ${instant(state.pausedAtMs)}${byWhom(state.pausedBy)}`,
      frees: "resume it",
      dueAtMs: null,
    });
  if (state.phase === "new" || state.phase === "queued")
    waits.push({
      path: null,
      kind: "run_slot",
      text:
        state.concurrency === null
          ? "waits to be admitted"
          : `waits for one of ${state.concurrency.limit} slots of concurrency key "${state.concurrency.key}"`,
      frees: state.concurrency === null ? null : "a run with the same key ends",
      dueAtMs: null,
    });
  for (const instance of state.steps.values()) {
    const wait = explainCompensation(instance) ?? explainStep(state.runId, instance, nowMs);
    if (wait !== null) waits.push(wait);
  }
  for (const scope of state.scopes.values())
    if (!scope.sealed && scope.unsettled === 0)
      waits.push({
        path: scope.path,
        kind: "dynamic",
        text: `scope "${scope.path}" may still gain steps`,
        frees: "its owner declares more steps or seals it",
        dueAtMs: null,
      });
  if (agendaWants(state))
    waits.push({ path: null, kind: "turn", text: "goes on by itself", frees: null, dueAtMs: null });
  return waits;
}

/** ` by NAME: reason`; nothing where it is not known. */
export function byWhom(
  who: { readonly by: string; readonly reason: string | null } | null,
): string {
  if (who === null) return "";
  return who.reason === null ? ` by ${who.by}` : ` by ${who.by}: ${who.reason}`;
}

/** A saga that undoes what it did: which step, and how far it is. */
function explainCompensation({ path, live }: StepInstance): Wait | null {
  const control = live?.control;
  if (live === null || control?.kind !== "saga" || control.undoing === null) return null;
  const [scope] = live.scopes;
  const undo = scope?.steps.find(({ live: inner }) => inner !== null);
  const attempt = undo === undefined || undo.attempt === 0 ? "" : `, attempt ${undo.attempt}`;
  const failed = control.failed === 0 ? "" : `; ${control.failed} failed`;
  return {
    path,
    kind: "compensation",
    text: `"${path}" compensates "${control.undoing}" (${control.total - control.compensables.length} of ${control.total})${attempt}${failed}`,
    frees: null,
    dueAtMs: live.cleanupAtMs,
  };
}

function explainStep(runId: string, instance: StepInstance, nowMs: number): Wait | null {
  const { path, live, attempt } = instance;
  if (live === null) return null;
  if (live.cancelling !== null)
    return {
      path,
      kind: "stopping",
      text: `"${path}" was told to stop (${live.cancelling.reason}) and has not ended yet`,
      frees: null,
      dueAtMs: null,
    };
  if (live.computing)
    return { path, kind: "attempt", text: `"${path}" is computed`, frees: null, dueAtMs: null };
  switch (instance.status) {
    case "scheduled":
      return {
        path,
        kind: "slot",
        // Admission knows which gate; the engine says more.
        text: `"${path}" (attempt ${attempt}) waits for a free slot`,
        frees: "another attempt ends",
        dueAtMs: null,
      };
    case "running":
      return {
        path,
        kind: "attempt",
        text: `attempt ${attempt} of "${path}" (${instance.step.uses}) runs${progressText(live.beat?.progress ?? null)}`,
        frees: `its end; an operator may retry, skip or fail it, or ${operatorText("complete", runId, path)}`,
        dueAtMs: live.timeoutAtMs,
      };
    case "retrying":
      return {
        path,
        kind: "retry",
        text: `"${path}" failed (${instance.error?.code ?? "unknown"}) and is tried again (attempt ${attempt})${due(live.retryAtMs, nowMs)}`,
        frees: operatorText("retry", runId, path),
        dueAtMs: live.retryAtMs,
      };
    case "awaiting":
      return explainWait(runId, instance, nowMs);
    case "open":
      return explainReading(instance);
    default:
      return null;
  }
}

function explainReading({ path, live }: StepInstance): Wait | null {
  const control = live?.control;
  if (live === null || control?.kind !== "for_each" || control.stream?.isRead !== false)
    return null;
  return {
    path,
    kind: "attempt",
    text: `"${path}" reads its stream: ${control.stored} items are stored so far`,
    frees: "the end of the stream",
    dueAtMs: live.timeoutAtMs,
  };
}

function progressText(progress: Progress | null): string {
  if (progress === null) return "";
  const percent = `${Math.floor(progress.fraction * 100)} %`;
  return progress.note === undefined ? ` (${percent})` : ` (${percent}: ${progress.note})`;
}

function explainWait(runId: string, instance: StepInstance, nowMs: number): Wait | null {
  const { path } = instance;
  const wait = instance.live?.wait ?? null;
  if (wait === null) return null;
  switch (wait.kind) {
    case "timer":
      return {
        path,
        kind: "timer",
        text: `"${path}" waits until ${instant(wait.dueAtMs)} (${distance(wait.dueAtMs, nowMs)})`,
        frees: `time, or ${operatorText("complete", runId, path)}`,
        dueAtMs: wait.dueAtMs,
      };
    case "signal":
      return {
        path,
        kind: "signal",
        text: `"${path}" waits for signal "${wait.name}"${wait.key === null ? "" : ` with key "${wait.key}"`}${expires(wait.dueAtMs, nowMs)}`,
        frees: `send signal "${wait.name}" to the run, or ${operatorText("complete", runId, path)}`,
        dueAtMs: wait.dueAtMs,
      };
    case "approval":
      return {
        path,
        kind: "approval",
        text: `"${path}" waits for a person to approve or reject it${expires(wait.dueAtMs, nowMs)}`,
        frees: "approve or reject it",
        dueAtMs: wait.dueAtMs,
      };
    case "child":
      return {
        path,
        kind: "child",
        text: `"${path}" waits for child run ${wait.runId}`,
        frees: `run ${wait.runId} ends`,
        dueAtMs: null,
      };
  }
}

/** The operator's command, as a shell takes it. */
function operatorText(action: "retry" | "complete", runId: string, path: string): string {
  const word = /^[\w.#@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  return `\`lockstitch step ${action} ${runId} ${word}\``;
}

/** To the second; tenths and time zones help nobody here. */
function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `in 12 s`, `in 3 h`, `now`: the largest whole unit. */
function distance(ms: number, nowMs: number): string {
  const seconds = Math.ceil((ms - nowMs) / 1_000);
  if (seconds <= 0) return "now";
  if (seconds < 120) return `in ${seconds} s`;
  if (seconds < 7_200) return `in ${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `in ${Math.round(seconds / 3_600)} h`;
  return `in ${Math.round(seconds / 86_400)} d`;
}

function due(ms: number | null, nowMs: number): string {
  return ms === null ? "" : ` ${distance(ms, nowMs)}`;
}

function expires(ms: number | null, nowMs: number): string {
  return ms === null ? "" : `, until ${instant(ms)} (${distance(ms, nowMs)})`;
}
