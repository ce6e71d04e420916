/**
 * What a node sees of its attempt. What costs and is seldom asked for (the abort signal, the
 * idempotency key, the log) is made when it is first read, so that a node which never looks pays
 * nothing: SHA-256 and four closures were a tenth of a step that does nothing.
 */
import { idempotencyKey } from "#kernel/derive-id.ts";
import type { AttemptAbort } from "#nodes/attempt-abort.ts";
import type { NodeLog, NodeServices } from "#nodes/define-node.ts";
import type { Redactor } from "#nodes/redactor.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { AttemptLog } from "./attempt-log.ts";
import type { HeartbeatReport } from "./attempts.ts";
import { Heartbeats } from "./heartbeats.ts";
import { runKeyOf } from "./host-services.ts";
import type { AttemptRequest } from "./options.ts";
import type { StepLogKeeper } from "./step-log-keeper.ts";

export interface AttemptFields {
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
  readonly workflow: string;
  readonly tenant: string;
  readonly uses: string;
  readonly config: unknown;
  readonly deadlineAtMs: number | null;
  readonly lastHeartbeat: unknown;
  readonly middleware: readonly string[] | null;
}

/** What the host lends to an attempt. */
export interface AttemptHost {
  readonly services: NodeServices;
  readonly logger: Logger;
  readonly abort: AttemptAbort;
  readonly clock: Clock;
  readonly logs: StepLogKeeper;
  /** Of an attempt with secrets. */
  readonly redactor?: Redactor;
  readonly beat: (beat: HeartbeatReport) => void;
}

export class AttemptContext implements AttemptRequest {
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
  readonly workflow: string;
  readonly tenant: string;
  readonly uses: string;
  readonly config: unknown;
  readonly deadlineAtMs: number | null;
  readonly lastHeartbeat: unknown;
  readonly middleware: readonly string[] | null;
  readonly services: NodeServices;
  readonly abort: AttemptAbort;
  readonly #host: AttemptHost;
  #beats: Heartbeats | null = null;
  readonly #logger: Logger;
  #log: NodeLog | null = null;
  #lines: AttemptLog | null = null;
  #key: string | null = null;
  sandboxCpuMs = 0;

  constructor(fields: AttemptFields, host: AttemptHost) {
    this.runId = fields.runId;
    this.path = fields.path;
    this.attempt = fields.attempt;
    this.workflow = fields.workflow;
    this.tenant = fields.tenant;
    this.uses = fields.uses;
    this.config = fields.config;
    this.deadlineAtMs = fields.deadlineAtMs;
    this.lastHeartbeat = fields.lastHeartbeat;
    this.middleware = fields.middleware;
    this.#host = host;
    this.services = host.services;
    this.abort = host.abort;
    this.#logger = host.logger;
  }

  get sandboxUsed(): (cpuMs: number) => void {
    return (cpuMs) => {
      this.sandboxCpuMs += cpuMs;
    };
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get idempotencyKey(): string {
    this.#key ??= idempotencyKey(this.runId, this.path);
    return this.#key;
  }

  get log(): NodeLog {
    this.#log ??= this.#newLog();
    return this.#log;
  }

  /** Bound, so that a node may take it out of its context. */
  get progress(): (fraction: number, note?: string) => void {
    return (fraction, note) => {
      if (!this.abort.isAborted) this.#heartbeats().progress(fraction, note);
    };
  }

  get heartbeat(): (details?: unknown) => void {
    return (details) => {
      if (!this.abort.isAborted) this.#heartbeats().beat(details);
    };
  }

  /** Tells what was held back; the outcome follows. */
  flush(): void {
    this.#beats?.flush();
    this.#lines?.end();
  }

  #heartbeats(): Heartbeats {
    const { clock, beat: tell } = this.#host;
    this.#beats ??= new Heartbeats({ clock, tell });
    return this.#beats;
  }

  #newLog(): NodeLog {
    const names = this.#names();
    const { logs, redactor = null } = this.#host;
    const lines = logs.open(runKeyOf(this.tenant, this.runId), names, redactor);
    this.#lines = lines;
    const log = (level: "debug" | "info" | "warn" | "error") => {
      return (message: string, more: Readonly<Record<string, unknown>> = {}) => {
        lines.add(level, message, more);
        this.#logger[level]({ ...more, ...names }, message);
      };
    };
    return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  }

  #names() {
    const { runId, path, attempt, workflow, tenant } = this;
    return { runId, path, attempt, workflow, tenant };
  }
}
