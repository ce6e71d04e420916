/** What callers read of a run's log: pages, and live. Both answer run_not_found. */
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead } from "#ports/journal.ts";
import type { StepLogLine, StepLogQuery } from "#ports/step-logs.ts";
import type { LogFollowQuery, LogLineView } from "../engine.ts";
import type { EngineCore } from "./engine-core.ts";
import { followLines } from "./follow-logs.ts";
import { runKeyOf } from "./host-services.ts";
import { isTerminal } from "./run-facts.ts";

/** Throws run_not_found. */
type FindHead = (context: CallContext, runId: string) => Promise<RunHead>;

export class LogReader {
  readonly #core: EngineCore;
  readonly #head: FindHead;

  constructor(core: EngineCore, head: FindHead) {
    this.#core = core;
    this.#head = head;
  }

  async page(
    context: CallContext,
    runId: string,
    query: StepLogQuery,
  ): Promise<readonly LogLineView[]> {
    await this.#head(context, runId);
    return this.#read(context, runId, query);
  }

  async *follow(
    context: CallContext,
    runId: string,
    { after = 0, ...filter }: LogFollowQuery,
    signal: AbortSignal,
  ): AsyncGenerator<LogLineView, void, void> {
    await this.#head(context, runId);
    const { observers } = this.#core;
    if (this.#core.isClosing) return;
    const key = runKeyOf(context.tenant, runId);
    yield* followLines(
      {
        watch: (listener) => {
          const unwatchRun = observers.watchRun(key, (turn) => {
            if (turn === null || isTerminal(turn.facts.status)) listener(turn === null);
          });
          const unwatchLogs = observers.watchLogs(key, () => listener(false));
          return () => {
            unwatchRun();
            unwatchLogs();
          };
        },
        read: (from, limit) => this.#read(context, runId, { ...filter, after: from, limit }),
        isOver: async () => isTerminal((await this.#head(context, runId)).status),
      },
      after,
      signal,
    );
  }

  async #read(
    context: CallContext,
    runId: string,
    query: StepLogQuery,
  ): Promise<readonly LogLineView[]> {
    return (await this.#core.options.store.logs.read(context, runId, query)).map(lineView);
  }
}

export function lineView({ fields, ...line }: StepLogLine): LogLineView {
  const parsed = fields === null ? null : (JSON.parse(fields) as Record<string, unknown>);
  return { ...line, fields: parsed };
}
