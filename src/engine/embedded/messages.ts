/**
 * Messages between runs: children start and end, runs continue and are cancelled. A message lies in the journal
 * from the commit that sent it to the commit in which its receiver applied it; this file only
 * carries it over, and does so again at every start.
 *
 *   M1. A message is applied once: its id is consumed in the commit that applies it.
 *   M2. Messages to one run are handed over in the order in which they were sent; what comes after
 *       a child's start waits until it is durable, or refused.
 *   M3. A child that cannot be started is told to its parent as `child_not_started`.
 *   M4. A message whose receiver never came to be, and cannot any more, is consumed.
 *   M5. A cancel of a run that has continued as another goes on to that one.
 *   M6. Messages to a run that another host drives are left to that host, which is told.
 *   M7. Of the messages that lie in the journal at most a page is in memory.
 */
import { LockstitchError, unreachable } from "#errors/errors.ts";
import { messageId } from "#kernel/derive-id.ts";
import type { Send } from "#kernel/effects.ts";
import type { Input } from "#kernel/inputs.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Clock } from "#ports/clock.ts";
import type { Journal, Message, RunHead } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { Committer, TurnOutcome } from "./committer.ts";
import { runKeyOf } from "./host-services.ts";
import { type Mail, type MailEnd, report } from "./mail.ts";
import { isElsewhere } from "./run-errors.ts";
import { engineContext } from "./run-facts.ts";
import { successorOf } from "./successor-of.ts";
import { messageOf } from "./turn-commit.ts";

export type ChildStart = Extract<Send, { readonly kind: "child_start" }>;
export type SuccessorStart = Extract<Send, { readonly kind: "continue_start" }>;
/** What creates a run. */
type RunStart = ChildStart | SuccessorStart;

/** Creates the run with `mail`, which is settled with `exists` when it is there already. */
export type ChildStarter = (
  context: CallContext,
  send: RunStart,
  mail: Omit<Mail, "input">,
) => Promise<void>;

interface MessagesOptions {
  readonly journal: Journal;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isClosing: () => boolean;
  /** Gives mail to a run; it is settled with `over` when the run has ended or does not exist. */
  deliver(context: CallContext, runId: string, mail: Mail): Promise<void>;
  readonly createChild: ChildStarter;
  /** There is something for a run that another host drives; null: nobody does. */
  elsewhere(owner: number | null): void;
}

const PAGE = 1_000;
const RETRY_MS = 1_000;

export class Messages {
  readonly #options: MessagesOptions;
  /** What is being carried, by name: resolves when it is applied, or left to another time. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #chains = new Map<string, Promise<void>>();
  /** Runs that a message may still create. */
  readonly #unborn = new Set<string>();
  /** Those without a receiver that came before the journal had been read to its end. */
  readonly #early: Message[] = [];
  #hasRead = false;
  #readers = 0;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) void this.#begin(message);
  }

  /**
   * Carries over what lies in the journal: at start, and when a parked run is tried again. Rejects
   * with what the store rejects with; then it must be called again.
   */
  async redeliver(): Promise<void> {
    const { journal, isClosing } = this.#options;
    this.#readers++;
    try {
      let page: readonly Message[] = [];
      do {
        page = await journal.messages(PAGE, page.at(-1));
        await Promise.all(page.map((message) => this.#begin(message)));
      } while (page.length === PAGE && !isClosing());
    } finally {
      this.#readers--;
    }
    this.#hasRead = true;
    if (this.#readers === 0) this.send(this.#early.splice(0));
  }

  /** Never rejects. */
  #begin(message: Message): Promise<void> {
    const name = `${message.tenant}/${message.id}`;
    const present = this.#underWay.get(name);
    if (present !== undefined) return present;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#underWay.set(name, promise);
    const receiver = runKeyOf(message.tenant, message.toRunId);
    if (isStart(message)) this.#unborn.add(receiver);
    const before = this.#chains.get(receiver) ?? Promise.resolve();
    const done = () => {
      this.#underWay.delete(name);
      resolve();
    };
    const chain = before.then(() => this.#carry(message, done));
    this.#chains.set(receiver, chain);
    void chain.then(() => {
      if (this.#chains.get(receiver) === chain) this.#chains.delete(receiver);
    });
    return promise;
  }

  /** Resolves when the next message to the same run may follow; never rejects. */
  async #carry(message: Message, done: () => void): Promise<void> {
    const context = engineContext(message.tenant);
    if (this.#options.isClosing()) return done();
    try {
      const send = JSON.parse(message.body) as Send;
      if (send.kind === "child_start" || send.kind === "continue_start") {
        await this.#startChild(context, message, send);
        return done();
      }
      await this.#options.deliver(context, message.toRunId, {
        ...report(inputOf(send)),
        consumes: message.id,
        settle: (end) => {
          // Its run was being created and is not, or is by somebody else: look again.
          const error = end.kind === "failed" ? end.error : new Error("the run is not there yet");
          if (end.kind === "exists" || (end.kind === "failed" && isPassing(end.error)))
            return this.#retry(message, error, done);
          if (end.kind !== "over") return done();
          void this.#drop(context, message, send).then(done);
        },
      });
    } catch (error) {
      this.#retry(message, error, done);
    }
  }

  /** M6. False: it is for a run of this host. */
  #leaves(error: unknown): boolean {
    if (!isElsewhere(error)) return false;
    this.#options.elsewhere((error.details["owner"] as number | null | undefined) ?? null);
    return true;
  }

  /** Tries until the child is there, its parent knows that it will not be, or the engine closes. */
  async #startChild(context: CallContext, message: Message, send: RunStart): Promise<void> {
    for (;;) {
      const end = await this.#tryStart(context, message, send);
      if (end.kind === "failed" && isPassing(end.error)) {
        if (await this.#isClosedAfterPause(message, end.error)) return;
        continue;
      }
      if (end.kind !== "failed" && end.kind !== "done") {
        // Somebody creates a run of that id, and may yet fail to.
        const error = new Error("the run is not there yet");
        const dropped = await this.#drop(context, message, send);
        if (dropped === "nobody" && !(await this.#isClosedAfterPause(message, error))) continue;
        if (dropped !== "consumed") return;
      } else if (end.kind === "failed") {
        if (!(await this.#tellParent(context, message, send, end.error))) return;
      }
      this.#unborn.delete(runKeyOf(message.tenant, message.toRunId));
      return;
    }
  }

  async #tryStart(context: CallContext, message: Message, send: RunStart): Promise<MailEnd> {
    const { promise, resolve } = Promise.withResolvers<MailEnd>();
    try {
      const mail = { ...report({ kind: "continue" }), consumes: message.id, settle: resolve };
      await this.#options.createChild(context, send, mail);
    } catch (error) {
      resolve({ kind: "failed", error: asLockstitchError(error) });
    }
    return promise;
  }

  /** M3. The message is consumed by the parent, since the child is nobody; false: it was not. */
  async #tellParent(
    context: CallContext,
    message: Message,
    send: RunStart,
    error: LockstitchError,
  ): Promise<boolean> {
    const { logger } = this.#options;
    const { parent, workflow } = send;
    logger.warn({ ...parent, workflow, error: error.message }, "a run was not started");
    if (parent === null)
      return (await this.#drop(context, message, send, starterOf(send))) === "consumed";
    const { runId, path } = parent;
    const { promise, resolve } = Promise.withResolvers<MailEnd>();
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
      ...(send.kind === "continue_start" ? { chainId: send.continued.chainId } : {}),
    };
    const mail = { ...report(input), consumes: message.id, settle: resolve };
    for (;;) {
      try {
        await this.#options.deliver(context, runId, mail);
        break;
      } catch (failure) {
        if (this.#leaves(failure) || (await this.#isClosedAfterPause(message, failure)))
          return false;
      }
    }
    const end = await promise;
    if (end.kind === "failed") this.#leaves(end.error);
    if (end.kind !== "over") return end.kind === "done";
    return (await this.#drop(context, message, send, runId)) === "consumed";
  }

  /**
   * Consumes a message that means nothing any more: its receiver has ended, exists already, or
   * never came to be (M4). What is not consumed stays, and is found again at the next start.
   */
  async #drop(
    context: CallContext,
    message: Message,
    send: Send,
    byRunId = message.toRunId,
  ): Promise<"consumed" | "kept" | "nobody"> {
    const { logger } = this.#options;
    for (;;) {
      try {
        return await this.#dropNow(context, message, send, byRunId);
      } catch (error) {
        // A cancel that is not passed on would stop nobody until the next start.
        const isAway = isPassing(asLockstitchError(error));
        if (isAway && !(await this.#isClosedAfterPause(message, error))) continue;
        if (!isAway)
          logger.warn({ message: message.id, error: String(error) }, "a spent message stays");
        return "kept";
      }
    }
  }

  async #dropNow(
    context: CallContext,
    message: Message,
    send: Send,
    byRunId: string,
  ): Promise<"consumed" | "kept" | "nobody"> {
    const { journal } = this.#options;
    const head = await journal.head(context, byRunId);
    if (head !== null) return await this.#consume(message, head, await this.#passOn(send, head));
    if (isStart(send)) return "nobody";
    if (this.#unborn.has(runKeyOf(message.tenant, byRunId))) return "kept";
    // Its `child_start` may lie in the journal, still unread.
    if (!this.#hasRead || this.#readers > 0) {
      this.#early.push(message);
      return "kept";
    }
    const sender = await journal.head(context, starterOf(send));
    return sender === null ? "kept" : await this.#consume(message, sender);
  }

  /** M5. */
  async #passOn(send: Send, head: RunHead): Promise<Message[]> {
    if (send.kind !== "cancel") return [];
    const next = await successorOf(this.#options.journal, engineContext(head.tenant), head);
    if (next === null) return [];
    const id = messageId(head.runId, "", 1, `${send.id} goes on`);
    return [messageOf(head.tenant, { ...send, id, toRunId: next })];
  }

  /** In a commit of the run `by`, to which nothing else happens; `sends` take its place. */
  async #consume(
    { id }: Message,
    by: RunHead,
    sends: readonly Message[] = [],
  ): Promise<"consumed" | "kept"> {
    const { committer, logger } = this.#options;
    const { tenant, runId, epoch, status, startedAtMs, endedAtMs, errorCode } = by;
    const { promise, resolve } = Promise.withResolvers<TurnOutcome>();
    committer.submit({
      commit: {
        ...{ tenant, runId, epoch, status, startedAtMs, endedAtMs, errorCode },
        ...{ create: null, record: null, sends, startKey: null, checkpoint: null },
        consumes: [id],
      },
      settle: resolve,
    });
    const outcome = await promise;
    if (outcome.kind === "refused") throw outcome.error;
    const { kind } = outcome;
    if (kind === "committed") {
      this.send(sends);
      return "consumed";
    }
    logger.warn({ message: id, outcome: kind }, "a spent message stays");
    return "kept";
  }

  /** Whether the engine has begun to close after a while. */
  async #isClosedAfterPause(message: Message, error: unknown): Promise<boolean> {
    const { clock, logger, isClosing } = this.#options;
    logger.warn({ message: message.id, error: String(error) }, "a message waits");
    if (isClosing()) return true;
    await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    return isClosing();
  }

  #retry(message: Message, error: unknown, done: () => void): void {
    done();
    if (this.#leaves(error)) return;
    void this.#isClosedAfterPause(message, error).then((isClosed) => {
      if (!isClosed) this.send([message]);
    });
  }
}

function isStart({ kind }: { readonly kind: string }): boolean {
  return kind === "child_start" || kind === "continue_start";
}

/** The run that sent it. */
function starterOf(send: Send): string {
  switch (send.kind) {
    case "child_start":
      return send.parent.runId;
    case "continue_start":
      return send.continued.fromRunId;
    case "cancel":
      return send.fromRunId;
    case "child_end":
    case "child_continued":
      return send.runId;
    default:
      return unreachable(send);
  }
}

function inputOf(send: Exclude<Send, RunStart>): Input {
  if (send.kind === "cancel") return { kind: "cancel", by: "parent", reason: send.reason };
  if (send.kind === "child_continued") {
    const { path, runId, byRunId: toRunId, chainId } = send;
    return { kind: "child_continued", path, runId, toRunId, chainId };
  }
  const { path, runId, status, output, error, chainId } = send;
  return {
    kind: "child_finished",
    path,
    runId,
    status,
    output,
    error: error as Extract<Input, { kind: "child_finished" }>["error"],
    ...(chainId === undefined ? {} : { chainId }),
  };
}

/** Whether trying again later can help. */
function isPassing(error: LockstitchError): boolean {
  const { code } = error;
  return code === "store_unavailable" || code === "shutting_down" || code === "run_elsewhere";
}

function asLockstitchError(error: unknown): LockstitchError {
  if (error instanceof LockstitchError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LockstitchError("internal", message, { cause: error });
}
