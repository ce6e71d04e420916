/**
 * Whether time limits hold, pauses and restarts included: read from the journals by their own clock,
 * against the limits of the definitions. `leapMs` is by how much the wall clock was moved in all.
 *
 *   T1. A run that was told to cancel, or whose deadline has passed, ends within its cleanupTimeout;
 *       a saga or try that cleans up ends within its own, and then waits for children that were told
 *       to stop: they clean up within theirs, which T1 says of them.
 *   T2. Nothing is cut off before its time: a pause extends deadlines and cleanupTimeouts. An
 *       attempt works on while its run is paused, and its timeout counts on.
 *   T3. Nobody starves: what asks for a slot gets it, or is told to stop.
 */
import { durationMs } from "#workflow/duration.ts";
import { type Entry, endOf, factsAt, pausedMs, type RunHistory } from "./run-history.ts";

export interface TimeCounts {
  cleanups: number;
  cutOff: number;
  timeouts: number;
  deadlines: number;
  pausedLimits: number;
}

/** What the engine may take beyond a limit: the grace of aborted attempts, slow and failed commits, a restart. */
const SLACK_MS = 10_000;
const CLEANUP_MS = 600_000;
/** A step is ready a little before its first event. */
const COMMIT_MS = 500;
const STARVED_MS = 15 * 60_000;

export function readTimes(
  history: RunHistory,
  leapMs: number,
  { counts, violate }: { readonly counts: TimeCounts; readonly violate: (what: string) => void },
): void {
  const reading = new TimeReading(history, leapMs, counts, violate);
  for (const entry of history.entries) reading.follow(entry);
}

const BEGINS: ReadonlySet<string> = new Set([
  "step.scheduled",
  "step.started",
  "step.waiting",
  "child.started",
]);

function limitOf(text: unknown): number | null {
  return typeof text === "string" ? durationMs(text) : null;
}

class TimeReading {
  readonly #history: RunHistory;
  readonly #leapMs: number;
  readonly #counts: TimeCounts;
  readonly #violate: (what: string) => void;
  readonly #started = new Map<string, Entry>();
  readonly #ready = new Map<string, Entry>();
  readonly #asked = new Map<string, Entry>();
  readonly #cleaning = new Map<string, Entry>();
  /** By the path of their steps: when cleaning up was cut off, and how long they went on. */
  readonly #stopping = new Map<string, Entry>();
  readonly #stopped = new Map<string, { readonly at: Entry; readonly spentMs: number }>();
  #runAsked: Entry | null = null;

  constructor(
    history: RunHistory,
    leapMs: number,
    counts: TimeCounts,
    violate: (what: string) => void,
  ) {
    this.#history = history;
    this.#leapMs = leapMs;
    this.#counts = counts;
    this.#violate = violate;
  }

  follow(entry: Entry): void {
    const { event } = entry;
    const isFirst = BEGINS.has(event.type) && "path" in event && event.path !== undefined;
    if (isFirst && !this.#ready.has(event.path)) this.#ready.set(event.path, entry);
    switch (event.type) {
      case "run.cancel_requested":
      case "run.deadline_passed":
        this.#runAsked ??= entry;
        return this.#readRunCleanup(entry);
      case "step.scheduled":
        this.#asked.set(event.path, entry);
        return;
      case "step.started":
        this.#started.set(event.path, entry);
        return this.#readAsked(event.path, entry);
      case "scope.opened":
        if (event.cleanupAtMs !== undefined && event.owner !== undefined)
          this.#cleaning.set(event.owner, entry);
        return;
      case "step.cancel_requested":
        if (event.reason === "cleanup") {
          this.#readCutOff(event.path, entry);
          this.#stopping.set(event.path, entry);
        }
        if (event.error?.code === "deadline_exceeded") this.#readDeadline(event.path, entry);
        return;
      case "child.finished": {
        const told = this.#stopping.get(event.path);
        if (told !== undefined)
          this.#stopped.set(event.path, { at: entry, spentMs: entry.atMs - told.atMs });
        return;
      }
      case "step.retry_scheduled":
      case "step.failed":
        this.#readTimeout(event.path, event.error.code, entry);
        return this.#readEnd(event.path, entry);
      case "step.succeeded":
      case "step.cancelled":
      case "step.skipped":
        return this.#readEnd(event.path, entry);
      default:
        return;
    }
  }

  /** How long it took without pauses. */
  #spentMs(from: Entry, to: Entry): number {
    return to.atMs - from.atMs - pausedMs(this.#history, from.atMs, to.atMs);
  }

  /** T1 for the run. */
  #readRunCleanup(asked: Entry): void {
    const end = endOf(this.#history);
    if (end === null) return;
    const { runId, workflow } = this.#history;
    const limitMs = limitOf(workflow.cleanupTimeout) ?? CLEANUP_MS;
    const spentMs = this.#spentMs(asked, end);
    this.#counts.cleanups++;
    if (spentMs > limitMs + SLACK_MS + this.#leapMs)
      this.#violate(`T1: ${runId} took ${spentMs} ms to clean up, it had ${limitMs}`);
    if (end.event.type !== "run.failed" || end.event.error.code !== "cleanup_timeout") return;
    // One of a saga's or try's own has the same code, and names its step.
    if (end.event.path !== undefined) return;
    this.#counts.cutOff++;
    this.#readEarly("the run", spentMs, limitMs);
  }

  #readEnd(path: string, end: Entry): void {
    const began = this.#cleaning.get(path);
    this.#asked.delete(path);
    if (began === undefined) return;
    this.#cleaning.delete(path);
    const limitMs = limitOf(factsAt(this.#history, path)?.step.cleanupTimeout);
    if (limitMs === null) return;
    this.#counts.cleanups++;
    const spentMs = this.#spentMs(began, end);
    if (spentMs > limitMs + this.#childrenMs(path, began) + SLACK_MS + this.#leapMs)
      this.#violate(
        `T1: ${this.#history.runId} ${path} took ${spentMs} ms to clean up, it had ${limitMs}`,
      );
  }

  /** How long the slowest child inside went on after it was told to stop. */
  #childrenMs(path: string, since: Entry): number {
    let longestMs = 0;
    for (const [child, { at, spentMs }] of this.#stopped)
      if (child.startsWith(`${path}.`) && at.atMs >= since.atMs)
        longestMs = Math.max(longestMs, spentMs);
    return longestMs;
  }

  #readCutOff(path: string, at: Entry): void {
    const began = this.#cleaning.get(path);
    const limitMs = limitOf(factsAt(this.#history, path)?.step.cleanupTimeout);
    if (began === undefined || limitMs === null || this.#isCutFromOutside(path, at)) return;
    this.#counts.cutOff++;
    this.#readEarly(path, this.#spentMs(began, at), limitMs);
  }

  /** Whether the time of a step around it, or of the whole run, is up: that cuts off what is inside. */
  #isCutFromOutside(path: string, at: Entry): boolean {
    const isUp = (began: Entry, limitMs: number | null): boolean =>
      limitMs !== null && this.#spentMs(began, at) >= limitMs - this.#leapMs;
    const { workflow } = this.#history;
    if (
      this.#runAsked !== null &&
      isUp(this.#runAsked, limitOf(workflow.cleanupTimeout) ?? CLEANUP_MS)
    )
      return true;
    return [...this.#cleaning].some(
      ([owner, began]) =>
        path.startsWith(`${owner}.`) &&
        isUp(began, limitOf(factsAt(this.#history, owner)?.step.cleanupTimeout)),
    );
  }

  /** T2 for attempts. */
  #readTimeout(path: string, code: string, at: Entry): void {
    const began = this.#started.get(path);
    const step = factsAt(this.#history, path)?.step;
    if (began === undefined || step === undefined) return;
    const limitMs =
      code === "timeout"
        ? limitOf(step.timeout)
        : // The steps around an attempt that was silent fail with its error.
          code === "heartbeat_timeout" && step.uses === "work"
          ? limitOf(step.heartbeatTimeout)
          : null;
    if (limitMs === null) return;
    this.#counts.timeouts++;
    this.#readEarly(path, at.atMs - began.atMs, limitMs);
  }

  /** T2 for steps: from when they were ready until their outcome, retries included. */
  #readDeadline(path: string, at: Entry): void {
    const ready = this.#ready.get(path);
    const limitMs = limitOf(factsAt(this.#history, path)?.step.deadline);
    if (ready === undefined || limitMs === null) return;
    this.#counts.deadlines++;
    if (pausedMs(this.#history, ready.atMs, at.atMs) > 0) this.#counts.pausedLimits++;
    this.#readEarly(path, this.#spentMs(ready, at) + COMMIT_MS, limitMs);
  }

  #readEarly(what: string, spentMs: number, limitMs: number): void {
    if (spentMs < limitMs - this.#leapMs)
      this.#violate(
        `T2: ${this.#history.runId} ${what} was cut off after ${spentMs} of ${limitMs} ms`,
      );
  }

  /** T3. */
  #readAsked(path: string, started: Entry): void {
    const asked = this.#asked.get(path);
    this.#asked.delete(path);
    if (asked === undefined) return;
    const waitedMs = this.#spentMs(asked, started) - this.#leapMs;
    if (waitedMs > STARVED_MS)
      this.#violate(`T3: ${this.#history.runId} ${path} waited ${waitedMs} ms for its slot`);
  }
}
