/**
 * One plugin while a host runs: its process, the attempts in it, and what becomes of both when it
 * ends before its time.
 *
 *   starting --ready--> running --ends--> waiting --delay--> starting
 *                          '--stop()--> stopped          (from every state)
 *
 *   P1. Every call settles: with the plugin's answer, or with `plugin_failed` (retryable) when its
 *       process ends, or when its time is over. Other plugins and the engine notice nothing.
 *   P2. A process that ended is started again after a delay that doubles up to `restartMsMax`; one that
 *       ran for STEADY_MS begins anew.
 *   P3. A restarted plugin that says something else of itself than at first is not used any more.
 */
import { isDeepStrictEqual } from "node:util";
import { NodeError, STEP_ERROR_CODES, type StepErrorCode } from "#errors/step-error.ts";
import type { NodeContext } from "#nodes/define-node.ts";
import { dataOf } from "./attempt-data.ts";
import { FrameFault } from "./frames.ts";
import { refused } from "./manifest.ts";
import type { FromPlugin, HttpOutcome, PlainError } from "./messages.ts";
import type { LinkEnd, LinkEvents, PluginLink } from "./plugin-link.ts";

export type PluginState = "starting" | "running" | "waiting" | "stopped" | "failed";

/** How a plugin is, for lists and metrics. */
export interface PluginHealth {
  readonly state: PluginState;
  readonly restarts: number;
  readonly calls: number;
  readonly running: number;
  readonly memoryBytes: number;
  /** Why its process ended last, without what it wrote, which may hold secrets; null: it never did. */
  readonly lastEnd: Omit<LinkEnd, "words"> | null;
}

export interface PluginHost {
  /** Starts a process; throws LockstitchError where it may not be (signature, permissions). */
  start(events: LinkEvents): PluginLink;
  /** Performs a call for an attempt. Never rejects. */
  http(request: Readonly<Record<string, unknown>>, context: NodeContext): Promise<HttpOutcome>;
  log(level: "info" | "warn", message: string, fields: Readonly<Record<string, unknown>>): void;
  readonly callTimeoutMs: number;
  /** The longest delay before a restart. */
  readonly restartMsMax: number;
}

interface Call {
  readonly context: NodeContext;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

const START_MS_MAX = 30_000;
const RESTART_MS_MIN = 100;
const STEADY_MS = 60_000;
const STOP_MS_MAX = 2_000;

export class Plugin {
  readonly name: string;
  readonly #host: PluginHost;
  readonly #manifest: unknown;
  readonly #calls = new Map<number, Call>();
  #link: PluginLink | null = null;
  #state: PluginState = "starting";
  #ready = Promise.withResolvers<void>();
  #hasEnded = Promise.withResolvers<void>();
  #lastId = 0;
  #restarts = 0;
  #delayMs = RESTART_MS_MIN;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #lastEnd: PluginHealth["lastEnd"] = null;

  /** `manifest`: what the plugin said when it was looked at. The process starts at once. */
  constructor(name: string, manifest: unknown, host: PluginHost) {
    this.name = name;
    this.#manifest = manifest;
    this.#host = host;
    this.#nobodyNeedsToWait();
    this.#start();
  }

  health(): PluginHealth {
    return {
      state: this.#state,
      restarts: this.#restarts,
      calls: this.#lastId,
      running: this.#calls.size,
      memoryBytes: this.#link?.memoryBytes ?? 0,
      lastEnd: this.#lastEnd,
    };
  }

  /** One attempt. Rejects with NodeError, or with the signal's reason. */
  async call(type: string, config: unknown, context: NodeContext): Promise<unknown> {
    if (this.#state !== "running") await this.#untilReady(context.signal);
    const link = this.#link;
    if (link === null) throw this.#gone("is not running");
    const id = ++this.#lastId;
    const settled = Promise.withResolvers<unknown>();
    const { signal } = context;
    const onAbort = () => {
      link.send({ kind: "abort", id });
      settled.reject(signal.reason);
    };
    const timer = setTimeout(() => {
      link.send({ kind: "abort", id });
      settled.reject(tooLong(this.name, this.#host.callTimeoutMs));
    }, this.#host.callTimeoutMs);
    this.#calls.set(id, { context, resolve: settled.resolve, reject: settled.reject });
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const isSent = link.send({ kind: "call", id, type, config, context: dataOf(context) });
      if (!isSent) throw this.#gone("takes no more calls at the moment");
      return await settled.promise;
    } catch (error) {
      throw error instanceof FrameFault ? tooLarge(error) : error;
    } finally {
      this.#calls.delete(id);
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Resolves when it answers for the first time; rejects with why it never will. */
  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  /** Ends the process; calls that are under way fail. Idempotent. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const link = this.#link;
    this.#state = "stopped";
    this.#ready.reject(this.#gone("was stopped"));
    if (link === null) return;
    link.send({ kind: "stop" });
    const timer = setTimeout(() => link.kill("stopped", "did not stop by itself"), STOP_MS_MAX);
    await this.#hasEnded.promise;
    clearTimeout(timer);
  }

  #start(): void {
    this.#state = "starting";
    this.#startedAtMs = performance.now();
    this.#hasEnded = Promise.withResolvers();
    try {
      const link = this.#host.start({
        onMessage: (message) => this.#receive(message),
        onEnd: (end) => this.#ended(end),
        onLine: (line) => this.#host.log("info", line, { plugin: this.name }),
      });
      this.#link = link;
      this.#timer = setTimeout(
        () => link.kill("unresponsive", `was not ready after ${START_MS_MAX} ms`),
        START_MS_MAX,
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#state = "failed";
    this.#ready.reject(error);
    this.#host.log("warn", `plugin ${this.name} is not used any more: ${textOf(error)}`, {
      plugin: this.name,
    });
  }

  #receive(message: FromPlugin): void {
    switch (message.kind) {
      case "ready":
        return this.#isReady(message.manifest);
      case "refused":
        return this.#link?.kill("exited", message.message);
      case "done":
        return this.#calls.get(message.id)?.resolve(message.output);
      case "failed":
        return this.#calls.get(message.id)?.reject(nodeErrorOf(message.error));
      case "http":
        return void this.#http(message);
      case "pong":
        return;
      default:
        return tell(message, this.#calls.get(message.id)?.context);
    }
  }

  #isReady(manifest: unknown): void {
    if (this.#state !== "starting") return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!isDeepStrictEqual(manifest, this.#manifest)) {
      this.#fail(refused(this.name, "it says something else of itself than before its start."));
      return this.#link?.kill("stopped", "its manifest changed");
    }
    this.#state = "running";
    this.#ready.resolve();
  }

  async #http(message: Extract<FromPlugin, { kind: "http" }>): Promise<void> {
    const call = this.#calls.get(message.id);
    const link = this.#link;
    const answer: HttpOutcome =
      call === undefined
        ? {
            ok: false,
            error: { code: "aborted", message: "The attempt is over.", retryable: false },
          }
        : await this.#host.http(message.request, call.context);
    link?.send({ kind: "answer", call: message.call, answer });
  }

  #ended(end: LinkEnd): void {
    this.#link = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#hasEnded.resolve();
    for (const { reject } of this.#calls.values()) reject(this.#gone(end.text, end));
    if (this.#state === "stopped" || this.#state === "failed") return;
    this.#lastEnd = { reason: end.reason, text: end.text };
    if (end.reason === "unsealed")
      return this.#fail(refused(this.name, `${end.text}: ${end.words}`));
    if (performance.now() - this.#startedAtMs > STEADY_MS) this.#delayMs = RESTART_MS_MIN;
    this.#host.log("warn", `plugin ${this.name} ended: ${end.text}`, {
      ...{ plugin: this.name, reason: end.reason, restartInMs: this.#delayMs },
    });
    // Who waits for it goes on waiting: #untilReady bounds that.
    if (this.#state === "running") this.#ready = Promise.withResolvers();
    this.#nobodyNeedsToWait();
    this.#state = "waiting";
    this.#timer = setTimeout(() => {
      this.#restarts++;
      this.#start();
    }, this.#delayMs);
    this.#delayMs = Math.min(2 * this.#delayMs, this.#host.restartMsMax);
  }

  /** Who waits is told why it will never be ready; where nobody does, that must not end the host. */
  #nobodyNeedsToWait(): void {
    this.#ready.promise.catch(() => {});
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const late = Promise.withResolvers<never>();
    const onAbort = () => late.reject(signal.reason);
    const timer = setTimeout(() => late.reject(this.#gone("is not running")), START_MS_MAX);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#ready.promise, late.promise]);
    } catch (error) {
      if (error instanceof NodeError || signal.aborted) throw error;
      throw this.#gone(textOf(error));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  #gone(why: string, end: PluginHealth["lastEnd"] = this.#lastEnd): NodeError {
    return new NodeError("plugin_failed", `Plugin ${this.name}: ${why}.`.replace(/\.\.$/, "."), {
      retryable: this.#state !== "failed",
      details: { plugin: this.name, reason: end?.reason ?? this.#state },
    });
  }
}

/** Codes that only the host itself gives. */
const HOST_ONLY: ReadonlySet<string> = new Set([
  ...["aborted", "host_lost", "plugin_failed", "heartbeat_timeout", "operator_failed"],
  ...["deadline_exceeded", "child_failed", "child_cancelled", "child_not_started"],
]);

/** What a plugin says about a failure, with a code of the closed list. */
function nodeErrorOf({ code, message, retryable, details }: PlainError): NodeError {
  const isKnown =
    (Object.hasOwn(STEP_ERROR_CODES, code) && !HOST_ONLY.has(code)) ||
    /^http\.[1-5]\d\d$|^user\.[a-z0-9_.]+$/.test(code);
  return new NodeError(isKnown ? (code as StepErrorCode) : "internal", message, {
    retryable,
    details,
  });
}

function tell(
  message: Extract<FromPlugin, { kind: "log" | "heartbeat" | "progress" }>,
  context: NodeContext | undefined,
): void {
  if (context === undefined) return;
  try {
    if (message.kind === "log") context.log[message.level](message.message, message.fields);
    else if (message.kind === "heartbeat") context.heartbeat(message.details);
    else context.progress(message.fraction, message.note);
  } catch (error) {
    // What a built-in node would be told by an exception goes into the log of the attempt.
    context.log.warn(textOf(error));
  }
}

function tooLong(name: string, ms: number): NodeError {
  return new NodeError("timeout", `Plugin ${name} took longer than ${ms} ms for one call.`, {
    retryable: true,
  });
}

function tooLarge(fault: FrameFault): NodeError {
  return new NodeError("limit_exceeded", `The configuration is ${fault.message}.`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
