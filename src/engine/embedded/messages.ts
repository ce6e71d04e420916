/**
 * Messages between runs: children start and end, runs are cancelled. A message lies in the journal
 * from the commit that sent it to the commit in which its receiver applied it; this file only
 * carries it over, and does so again at every start.
 *
 *   M1. A message is applied once: its id is consumed in the commit that applies it.
 *   M2. Messages to one run are handed over in the order in which they were sent.
 *   M3. A child that cannot be started is told to its parent as `child_not_started`.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Send } from "#kernel/effects.ts";
import type { Input } from "#kernel/inputs.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Clock } from "#ports/clock.ts";
import type { Journal, Message } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { Committer } from "./committer.ts";
import { runKeyOf } from "./host-services.ts";
import { type Mail, type MailEnd, report } from "./mail.ts";
import { engineContext } from "./run-facts.ts";

export type ChildStart = Extract<Send, { readonly kind: "child_start" }>;

/** Creates the child with `mail`, which is settled with `exists` when it is there already. */
export type ChildStarter = (
  context: CallContext,
  send: ChildStart,
  mail: Omit<Mail, "input">,
) => Promise<void>;

interface MessagesOptions {
  readonly journal: Journal;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly epoch: number;
  readonly isClosing: () => boolean;
  /** Gives mail to a run; it is settled with `over` when the run has ended or does not exist. */
  deliver(context: CallContext, runId: string, mail: Mail): Promise<void>;
  readonly createChild: ChildStarter;
}

const READ_MAX = 10_000;
const RETRY_MS = 1_000;

export class Messages {
  readonly #options: MessagesOptions;
  readonly #underWay = new Set<string>();
  readonly #chains = new Map<string, Promise<void>>();

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) {
      const name = `${message.tenant}/${message.id}`;
      if (this.#underWay.has(name)) continue;
      this.#underWay.add(name);
      const receiver = runKeyOf(message.tenant, message.toRunId);
      const before = this.#chains.get(receiver) ?? Promise.resolve();
      const chain = before.then(() => this.#carry(message, name));
      this.#chains.set(receiver, chain);
      void chain.then(() => {
        if (this.#chains.get(receiver) === chain) this.#chains.delete(receiver);
      });
    }
  }

  /** Carries over what lies in the journal: at start, and when a parked run is tried again. */
  async redeliver(): Promise<void> {
    this.send(await this.#options.journal.messages(READ_MAX));
  }

  /** Never rejects. */
  async #carry(message: Message, name: string): Promise<void> {
    const context = engineContext(message.tenant);
    const done = () => this.#underWay.delete(name);
    try {
      const send = JSON.parse(message.body) as Send;
      if (send.kind === "child_start") return await this.#startChild(context, message, send, done);
      await this.#options.deliver(context, message.toRunId, {
        ...report(inputOf(send)),
        consumes: message.id,
        settle: (end) => {
          // Its run was being created and is not, or is by somebody else: look again.
          const error = end.kind === "failed" ? end.error : new Error("the run is not there yet");
          if (end.kind === "exists" || (end.kind === "failed" && isPassing(end.error)))
            return this.#retry(message, error, done);
          if (end.kind === "over") void this.#drop(context, message);
          done();
        },
      });
    } catch (error) {
      this.#retry(message, error, done);
    }
  }

  async #startChild(
    context: CallContext,
    message: Message,
    send: ChildStart,
    done: () => void,
  ): Promise<void> {
    const settle = (end: MailEnd) => {
      if (end.kind === "exists" || end.kind === "over") void this.#drop(context, message);
      if (end.kind !== "failed") return done();
      if (isPassing(end.error)) return this.#retry(message, end.error, done);
      void this.#tellParent(context, message, send, end.error).then(done);
    };
    try {
      const mail = { ...report({ kind: "continue" }), consumes: message.id, settle };
      await this.#options.createChild(context, send, mail);
    } catch (error) {
      settle({ kind: "failed", error: asLockstitchError(error) });
    }
  }

  /** M3. The message is consumed by the parent, since the child is nobody. */
  async #tellParent(
    context: CallContext,
    message: Message,
    send: ChildStart,
    error: LockstitchError,
  ): Promise<void> {
    const { logger } = this.#options;
    const { runId, path } = send.parent;
    logger.warn(
      { run: runId, path, workflow: send.workflow, error: error.message },
      "a child was not started",
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    const input: Input = {
      kind: "child_finished",
      path,
      runId: send.toRunId,
      status: "failed",
      output: null,
      error: {
        code: "child_not_started",
        message: `Workflow ${send.workflow} was not started: ${error.message}`,
        retryable: false,
        details: { code: error.code },
      },
    };
    const settle = (end: MailEnd) => {
      if (end.kind === "over") void this.#drop(context, message, runId);
      resolve();
    };
    try {
      await this.#options.deliver(context, runId, {
        ...report(input),
        consumes: message.id,
        settle,
      });
    } catch (failure) {
      this.#retry(message, failure, resolve);
    }
    await promise;
  }

  /** Consumes a message that means nothing any more: its receiver has ended or exists already. */
  async #drop(context: CallContext, message: Message, byRunId = message.toRunId): Promise<void> {
    const { journal, committer, epoch, logger } = this.#options;
    try {
      const head = await journal.head(context, byRunId);
      // A run that never came to be: the row stays, and is looked at again at the next start.
      if (head === null) return;
      const { tenant, runId, status, startedAtMs, endedAtMs, errorCode } = head;
      committer.submit({
        commit: {
          ...{ tenant, runId, epoch, status, startedAtMs, endedAtMs, errorCode },
          ...{ create: null, record: null, sends: [], startKey: null, checkpoint: null },
          consumes: [message.id],
        },
        settle: (outcome) => {
          if (outcome.kind !== "committed")
            logger.warn({ message: message.id, outcome: outcome.kind }, "a spent message stays");
        },
      });
    } catch (error) {
      logger.warn({ message: message.id, error: String(error) }, "a spent message stays");
    }
  }

  #retry(message: Message, error: unknown, done: () => void): void {
    const { clock, logger, isClosing } = this.#options;
    logger.warn({ message: message.id, error: String(error) }, "a message waits");
    done();
    if (isClosing()) return;
    clock.after(RETRY_MS, () => {
      if (!isClosing()) this.send([message]);
    });
  }
}

function inputOf(send: Exclude<Send, ChildStart>): Input {
  if (send.kind === "cancel") return { kind: "cancel", by: "parent", reason: send.reason };
  const { path, runId, status, output, error } = send;
  return {
    kind: "child_finished",
    path,
    runId,
    status,
    output,
    error: error as Extract<Input, { kind: "child_finished" }>["error"],
  };
}

/** Whether trying again later can help. */
function isPassing(error: LockstitchError): boolean {
  return error.code === "store_unavailable" || error.code === "shutting_down";
}

function asLockstitchError(error: unknown): LockstitchError {
  if (error instanceof LockstitchError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LockstitchError("internal", message, { cause: error });
}
