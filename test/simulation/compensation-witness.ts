/**
 * Whether sagas undid what they had to, no more, and in order: judged by what the executor saw done
 * and by the outcomes that the journal gives, never by what the kernel kept for itself.
 *
 *   S1. What was done inside a saga that failed or was cancelled is undone exactly once: nothing of
 *       it is left standing, whatever crashed when.
 *   S2. Nothing is undone of a saga that succeeded (and whose outer sagas did), that was stopped, or
 *       of a step that failed by itself; nothing after the run was terminated.
 *   S3. One at a time, the last to complete first.
 *   S4. A compensation is told the outcome, the output and the idempotency key of what it undoes.
 *   S5. One that fails does not stop the others; the saga fails with compensation_failed and names
 *       it, and so does the run unless somebody handled it, whatever else failed or was cancelled.
 */
import type { EventOf } from "#kernel/events.ts";
import { formatPath, parsePath } from "#workflow/path.ts";
import {
  type Entry,
  endOf,
  entriesOf,
  factsAt,
  ownerAround,
  type RunHistory,
} from "./run-history.ts";

/** One performance of an effect. */
export interface Done {
  readonly runId: string;
  readonly path: string;
  /** In the world, whether the engine heard of it or not. */
  isDone: boolean;
}

/** What a compensation's first step was handed. */
interface Told {
  readonly runId: string;
  readonly path: string;
  readonly key: string;
  readonly value: readonly unknown[];
}

export interface UndoneCounts {
  succeeded: number;
  unknown: number;
  failed: number;
  nested: number;
}

export class CompensationWitness {
  readonly counts: UndoneCounts = { succeeded: 0, unknown: 0, failed: 0, nested: 0 };
  readonly #done: Done[] = [];
  readonly #told: Told[] = [];
  readonly #keys = new Map<string, string>();
  readonly #violate: (what: string) => void;

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  /** An execution begins. */
  begin(request: {
    readonly runId: string;
    readonly path: string;
    readonly idempotencyKey: string;
    readonly config: unknown;
  }): Done {
    const { runId, path, idempotencyKey, config } = request;
    const done = { runId, path, isDone: false };
    this.#done.push(done);
    this.#keys.set(`${runId} ${path}`, idempotencyKey);
    const value = (config as { readonly value?: unknown } | null)?.value;
    const key = undonePath(path);
    if (key !== null && Array.isArray(value) && value.length === 3)
      this.#told.push({ runId, path, key, value });
    return done;
  }

  read(histories: Iterable<RunHistory>): void {
    for (const history of histories) {
      const done = new Set(
        this.#done.filter((one) => one.runId === history.runId && one.isDone).map(pathOf),
      );
      new SagaReading(history, done, this.counts, this.#violate).read();
      this.#readTold(history);
    }
  }

  /** S4. */
  #readTold(history: RunHistory): void {
    for (const { path, key, value } of this.#told.filter(({ runId }) => runId === history.runId)) {
      const [output, outcome, idempotencyKey] = value;
      const settled = history.entries.find(
        ({ event }) => event.type === "step.succeeded" && event.path === key,
      )?.event as EventOf<"step.succeeded"> | undefined;
      const known = this.#keys.get(`${history.runId} ${key}`);
      const at = `${history.runId} ${path}`;
      if (known !== undefined && known !== idempotencyKey)
        this.#violate(`S4: ${at} was told ${idempotencyKey}, the key of ${key} is ${known}`);
      const isHit = history.entries.some(
        ({ event }) => event.type === "step.memo_hit" && event.path === key,
      );
      const expected = settled === undefined || isHit ? "unknown" : "succeeded";
      if (outcome !== expected) this.#violate(`S4: ${at} was told ${outcome}, not ${expected}`);
      const isPlain = settled !== undefined && settled.outputRef === undefined && !isHit;
      if (isPlain && JSON.stringify(settled.output ?? null) !== JSON.stringify(output))
        this.#violate(`S4: ${at} was told another output than that of ${key}`);
    }
  }
}

function pathOf({ path }: { readonly path: string }): string {
  return path;
}

/** The path that the compensation around `path` undoes; null: there is none. The innermost. */
function undonePath(path: string): string | null {
  const quoted = /^.*\.compensate\[("(?:[^"\\]|\\.)*")\]\.[^.[\]"]+$/.exec(path)?.[1];
  return quoted === undefined ? null : (JSON.parse(quoted) as string);
}

/** One attempt of one saga. */
interface SagaAttempt {
  readonly path: string;
  readonly attempt: number;
  /** Where its scopes hang. */
  readonly base: string;
  end: Entry | null;
  isTold: boolean;
  isStopped: boolean;
  isCutOff: boolean;
  readonly opened: { readonly key: string; readonly path: string; readonly seq: number }[];
  readonly failed: string[];
}

interface Settled {
  readonly path: string;
  readonly seq: number;
  readonly isSucceeded: boolean;
  readonly isHit: boolean;
  /** An attempt began, and what came of it nobody knows. */
  readonly mayBeDone: boolean;
}

class SagaReading {
  readonly #history: RunHistory;
  readonly #done: ReadonlySet<string>;
  readonly #counts: UndoneCounts;
  readonly #violate: (what: string) => void;
  readonly #sagas = new Map<string, SagaAttempt[]>();
  /** Open compensation by saga. */
  readonly #undoing = new Map<SagaAttempt, string>();

  constructor(
    history: RunHistory,
    done: ReadonlySet<string>,
    counts: UndoneCounts,
    violate: (what: string) => void,
  ) {
    this.#history = history;
    this.#done = done;
    this.#counts = counts;
    this.#violate = (what) => violate(`${what} (run ${history.runId})`);
  }

  read(): void {
    for (const entry of this.#history.entries) this.#follow(entry);
    const settled = this.#settled();
    const undone = new Map<string, number>();
    for (const saga of [...this.#sagas.values()].flat()) {
      this.#readOrder(saga, settled);
      for (const { key } of saga.opened) undone.set(key, (undone.get(key) ?? 0) + 1);
      this.#readFailures(saga);
    }
    for (const [path, times] of undone)
      if (times > 1) this.#violate(`S1: ${path} was undone ${times} times`);
    for (const one of settled.values()) this.#readStep(one, undone.has(one.path));
    for (const path of undone.keys())
      if (!settled.has(path)) this.#violate(`S2: ${path} was undone and never came to an end`);
  }

  #follow(entry: Entry): void {
    const { event } = entry;
    switch (event.type) {
      case "step.started":
        if (event.control?.["kind"] === "saga") this.#begin(event);
        return;
      case "step.cancel_requested": {
        const saga = this.#current(event.path);
        if (saga === undefined) return;
        saga.isTold = true;
        if (event.reason === "stop") saga.isStopped = true;
        if (event.reason === "cleanup") saga.isCutOff = true;
        return;
      }
      case "scope.cancel_requested": {
        const saga = this.#byBase(event.path);
        if (saga !== undefined && event.reason === "stop") saga.isStopped = true;
        return;
      }
      case "scope.opened":
        return this.#open(entry.seq, event);
      case "scope.closed":
        return this.#close(event);
      case "step.succeeded":
      case "step.failed":
      case "step.cancelled":
      case "step.skipped":
      case "step.retry_scheduled": {
        const saga = this.#current(event.path);
        if (saga !== undefined) saga.end ??= entry;
        return;
      }
      default:
        return;
    }
  }

  #begin({ path, attempt }: EventOf<"step.started">): void {
    const attempts = this.#sagas.get(path) ?? [];
    const base = attempt >= 2 ? `${path}#${attempt}` : path;
    attempts.push({
      ...{ path, attempt, base, end: null },
      ...{ isTold: false, isStopped: false, isCutOff: false, opened: [], failed: [] },
    });
    this.#sagas.set(path, attempts);
  }

  #current(path: string): SagaAttempt | undefined {
    return this.#sagas.get(path)?.at(-1);
  }

  #byBase(base: string): SagaAttempt | undefined {
    return [...this.#sagas.values()].flat().find((saga) => saga.base === base);
  }

  #open(seq: number, { path, owner, key }: EventOf<"scope.opened">): void {
    if (owner === undefined || key === undefined || !path.includes(".compensate[")) return;
    const saga = this.#current(owner);
    if (saga === undefined || path !== `${saga.base}.compensate[${JSON.stringify(key)}]`) return;
    const other = this.#undoing.get(saga);
    if (other !== undefined) this.#violate(`S3: ${path} began beside ${other}`);
    this.#undoing.set(saga, path);
    saga.opened.push({ key, path, seq });
  }

  #close({ path, outcome }: EventOf<"scope.closed">): void {
    for (const [saga, open] of this.#undoing) {
      if (open !== path) continue;
      this.#undoing.delete(saga);
      if (outcome === "failed") saga.failed.push(saga.opened.at(-1)?.key ?? "");
    }
  }

  /** Steps that say how they are undone, inside a saga, as they ended. */
  #settled(): Map<string, Settled> {
    const found = new Map<string, Settled>();
    const doubt = new Set<string>();
    const running = new Set<string>();
    const hits = new Set<string>();
    for (const { event, seq } of this.#history.entries) {
      if (!("path" in event) || event.path === undefined) continue;
      const { path } = event;
      switch (event.type) {
        case "step.memo_hit":
          hits.add(path);
          break;
        case "step.started":
          if (event.control === undefined) running.add(path);
          break;
        case "step.lost":
          doubt.add(path);
          running.delete(path);
          break;
        case "step.cancel_requested":
        case "step.resolved":
          if (running.has(path)) doubt.add(path);
          break;
        case "step.retry_scheduled":
          if (!isAnswer(event.error.code)) doubt.add(path);
          running.delete(path);
          break;
        case "step.succeeded":
        case "step.failed":
        case "step.cancelled":
        case "step.skipped": {
          if (event.type === "step.failed" && !isAnswer(event.error.code)) doubt.add(path);
          if (event.type === "step.cancelled" && running.has(path)) doubt.add(path);
          const facts = factsAt(this.#history, path);
          if (facts === undefined || facts.sagas.length === 0) break;
          if (facts.step.compensate === undefined) break;
          const isSucceeded = event.type === "step.succeeded";
          const mayBeDone = doubt.has(path);
          found.set(path, { path, seq, isSucceeded, isHit: hits.has(path), mayBeDone });
          break;
        }
        default:
      }
    }
    return found;
  }

  /** S1, S2 for one step. */
  #readStep({ path, isSucceeded, isHit, mayBeDone }: Settled, isUndone: boolean): void {
    const uses = factsAt(this.#history, path)?.step.uses ?? "";
    const wasDone = (isSucceeded && !isHit) || this.#done.has(path);
    const isEffect = uses === "work";
    const mayUndo = wasDone || mayBeDone || !isEffect;
    if (isUndone) {
      if (isSucceeded && !isHit) this.#counts.succeeded++;
      else this.#counts.unknown++;
    }
    if (isUndone && !mayUndo)
      return this.#violate(`S2: ${path} failed by itself and was undone all the same`);
    const undoes = this.#undoneBy(path);
    if (undoes === "any") return;
    if (undoes === "nobody" && isUndone)
      return this.#violate(`S2: ${path} was undone although its saga kept it`);
    if (undoes === "saga" && wasDone && !isUndone)
      this.#violate(
        `S1: ${path} was done${isSucceeded ? "" : " (the journal does not know)"} and is left standing`,
      );
  }

  /** Which of the sagas around `path` has to undo it: none that succeeded. */
  #undoneBy(path: string): "saga" | "nobody" | "any" {
    const end = endOf(this.#history)?.event;
    const isEndedAtOnce =
      (end?.type === "run.cancelled" && end.terminated === true) ||
      (end?.type === "run.failed" && end.error.code === "cleanup_timeout");
    for (const [depth, id] of (factsAt(this.#history, path)?.sagas ?? []).entries()) {
      const around = ownerAround(path, id);
      const saga = this.#sagas
        .get(around?.path ?? "")
        ?.find(({ attempt }) => attempt === around?.attempt);
      if (saga === undefined) return "any";
      const isKept = saga.end?.event.type === "step.succeeded" && !saga.isTold;
      if (isKept) continue;
      if (depth > 0) this.#counts.nested++;
      // A stop undoes nothing unless the body had failed before; both may be.
      if (saga.isCutOff || saga.isStopped || isEndedAtOnce || saga.end === null) return "any";
      return "saga";
    }
    return "nobody";
  }

  /** S3: by completion, the last first. */
  #readOrder(saga: SagaAttempt, settled: ReadonlyMap<string, Settled>): void {
    let before = Number.POSITIVE_INFINITY;
    for (const { key, path, seq } of saga.opened) {
      const completed = settled.get(key)?.seq ?? 0;
      if (completed >= seq) this.#violate(`S3: ${path} began before ${key} had ended`);
      if (completed >= before) this.#violate(`S3: ${path} is undone too late`);
      before = completed;
    }
  }

  /** S5. */
  #readFailures(saga: SagaAttempt): void {
    const { failed, end, isCutOff } = saga;
    this.#counts.failed += failed.length;
    if (failed.length === 0 || end === null || isCutOff) return;
    const error = "error" in end.event ? end.event.error : undefined;
    if (end.event.type !== "step.failed" || error?.code !== "compensation_failed")
      return this.#violate(
        `S5: ${saga.path} ended ${end.event.type} though ${failed} was not undone`,
      );
    const listed = JSON.stringify(error.details ?? null);
    for (const path of failed)
      if (!listed.includes(JSON.stringify(path)))
        this.#violate(`S5: the error of ${saga.path} does not name ${path}`);
    if (this.#isUnseen(saga, end.seq) || !this.#isHandled(saga.path, end)) this.#readRunEnd(saga);
  }

  /** Whether a handler ran that the failure of the saga may have met, or a loop went on without it. */
  #isHandled(path: string, { seq, event }: Entry): boolean {
    // The saga that undid with it lists it, and is read by itself.
    if (path.includes(".compensate[")) return true;
    if (event.type === "step.failed" && event.handled !== undefined) return true;
    const after = this.#history.entries.filter((entry) => entry.seq > seq);
    return this.#ownersOf(path).some(({ path: owner, uses }) =>
      after.some(({ event: next }) => {
        if (next.type === "scope.opened")
          return next.owner === owner && next.slot.startsWith("catch");
        if (!("path" in next) || next.path !== owner) return false;
        if (next.type === "step.failed") return next.handled !== undefined;
        return next.type === "step.succeeded" && (uses === "for_each" || uses === "parallel");
      }),
    );
  }

  /** The steps around `path`. */
  #ownersOf(path: string): { readonly path: string; readonly uses: string }[] {
    const segments = parsePath(path) ?? [];
    return segments.slice(0, -1).flatMap(({ id }, at) => {
      const uses = this.#history.steps.get(id)?.step.uses;
      return uses === undefined
        ? []
        : [{ path: formatPath([...segments.slice(0, at), { id }]), uses }];
    });
  }

  /** Whether everything around the saga that could handle its failure had been told to stop. */
  #isUnseen({ path }: SagaAttempt, seq: number): boolean {
    const told = entriesOf(this.#history, "scope.cancel_requested")
      .filter((entry) => entry.seq < seq)
      .map(({ event }) => event.path);
    return told.includes(scopeOf(path));
  }

  #readRunEnd({ path, failed }: SagaAttempt): void {
    const end = endOf(this.#history)?.event;
    if (end?.type === "run.cancelled" && end.terminated === true) return;
    const code = end?.type === "run.failed" ? end.error.code : end?.type;
    if (code !== "compensation_failed" && code !== "cleanup_timeout")
      this.#violate(`S5: ${path} could not undo ${failed}, and the run ended ${code}`);
  }
}

/** The scope that the step at `path` stands in. */
function scopeOf(path: string): string {
  return /^(.*)\.[^.]+$/.exec(path)?.[1] ?? "";
}

/** Whether a failure says what the attempt did: the executor's own, and none of the engine's. */
function isAnswer(code: string): boolean {
  return code === "http.503" || code === "user.no";
}
