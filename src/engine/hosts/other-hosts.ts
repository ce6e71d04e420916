/**
 * Runs that other hosts drive: calls go to their host, and what happens to them is seen in the store.
 *
 *   O1. A call is tried again only where it is certain that nothing has come of it: its run was
 *       another host's by the time it arrived. Where a host does not answer, that is the answer.
 *   O2. A run that nobody drives is taken by whoever is called for it.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { Clock } from "#ports/clock.ts";
import type { Hosts } from "#ports/hosts.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import { aheadOf, type LinePlace } from "../admission/line-place.ts";
import type { AheadElsewhere, Elsewhere } from "../embedded/elsewhere.ts";
import type { EngineCore } from "../embedded/engine-core.ts";
import { isElsewhere, runElsewhere } from "../embedded/run-errors.ts";
import { isTerminal } from "../embedded/run-facts.ts";
import { notOpen } from "../embedded/successor-of.ts";
import type { ApprovalView, Engine, ExplainView, HostsStats, WaitView } from "../engine.ts";
import type { HostKeeper } from "./host-keeper.ts";
import { answered, answerOf, Question } from "./questions.ts";

/** A call waits for at most this many leases for a run that changes its host. */
const LEASES = 2;
const LOOK_AGAIN_MS = 100;
const ASK_MS = 10_000;
/** What people look at must not wait for a host that is gone. */
const LOOK_MS = 2_000;

type Call = Parameters<Elsewhere["call"]>[2];

interface OtherHostsOptions {
  readonly core: EngineCore;
  readonly hosts: Hosts;
  readonly keeper: HostKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class OtherHosts implements Elsewhere {
  readonly #options: OtherHostsOptions;
  /** Hosts that are to be told of messages, together. */
  #toTell: Set<number | null> | null = null;

  constructor(options: OtherHostsOptions) {
    this.#options = options;
  }

  /** Answers what other hosts ask about runs of this one. */
  serve(engine: Pick<Engine, "explain">): void {
    const { core, hosts } = this.#options;
    hosts.onAsk((text) =>
      answerOf(async () => {
        const question = Question.parse(JSON.parse(text));
        switch (question.kind) {
          case "call":
            return await core.callHere(question.context, question.runId, question.input);
          case "explain":
            return await engine.explain(question.context, question.runId);
          case "approvals":
            return await core.approvals.list(question.context, question.labels);
          case "ahead":
            return question.places.map((place) => this.#aheadHere(place));
        }
      }),
    );
  }

  async call(
    context: CallContext,
    runId: string,
    input: Call,
  ): Promise<{ readonly applied: boolean }> {
    const { clock, hosts } = this.#options;
    const untilMs = clock.monotonicMs() + LEASES * hosts.leaseMs;
    for (;;) {
      try {
        return await this.#callOnce(context, runId, input);
      } catch (error) {
        if (!isElsewhere(error) || clock.monotonicMs() >= untilMs) throw error;
      }
      await new Promise<void>((resolve) => void clock.after(LOOK_AGAIN_MS, resolve));
    }
  }

  async #callOnce(context: CallContext, runId: string, input: Call) {
    const { core, hosts, keeper } = this.#options;
    const { journal } = core.options.store;
    const head = await journal.head(context, runId);
    if (head === null || isTerminal(head.status)) throw await notOpen(journal, context, runId);
    const { owner = null } = head;
    if (owner === hosts.host) return await core.callHere(context, runId, input);
    if (owner === null || !keeper.others.some(({ host }) => host === owner)) {
      if (await keeper.claimRun(context.tenant, runId))
        return await core.callHere(context, runId, input);
      if (owner === null) throw runElsewhere(head);
    }
    const question: Question = { kind: "call", context, runId, input };
    return (await this.#ask(owner, question, ASK_MS)) as { readonly applied: boolean };
  }

  async explain(context: CallContext, runId: string): Promise<ExplainView | null> {
    const { core } = this.#options;
    const head = await core.options.store.journal.head(context, runId);
    if (head?.owner == null) return null;
    const view = await this.#look(head.owner, { kind: "explain", context, runId });
    return view as ExplainView | null;
  }

  get stats(): HostsStats {
    return this.#options.keeper.stats;
  }

  silence({ owner = null }: RunHead): WaitView {
    const { clock, keeper } = this.#options;
    const wait = { path: null, kind: "host" };
    if (owner === null) {
      const text = "no host drives it; the next one that looks takes it";
      return { ...wait, text, frees: "a host that takes runs", dueAtMs: null };
    }
    const facts = keeper.others.find(({ host }) => host === owner);
    const frees = "its host, when it answers again, or another one that takes it";
    if (facts === undefined || facts.expiresAtMs <= clock.nowMs()) {
      const which = facts?.name ?? `number ${owner}`;
      const text = `its host (${which}) does not answer and has no lease any more; the next one that looks takes it`;
      return { ...wait, text, frees, dueAtMs: null };
    }
    const { name, expiresAtMs } = facts;
    const until = new Date(expiresAtMs).toISOString();
    const text = `its host (${name}) does not answer; unless it renews its lease, another one takes the run after ${until}`;
    return { ...wait, text, frees, dueAtMs: expiresAtMs };
  }

  async approvals(
    context: CallContext,
    labels: Readonly<Record<string, string>>,
  ): Promise<readonly ApprovalView[]> {
    const question: Question = { kind: "approvals", context, labels };
    const { others } = this.#options.keeper;
    const lists = await Promise.all(others.map(({ host }) => this.#look(host, question)));
    return lists.flatMap((list) => (list ?? []) as readonly ApprovalView[]);
  }

  #aheadHere(place: LinePlace): number {
    const { core, clock } = this.#options;
    const { attemptSlots, runSlots } = core.services;
    return aheadOf(place, place.isOfRuns ? runSlots : attemptSlots, clock.nowMs());
  }

  async ahead(places: readonly LinePlace[]): Promise<AheadElsewhere> {
    const { others } = this.#options.keeper;
    if (places.length === 0) return { counts: [], isPartial: false };
    const question: Question = { kind: "ahead", places: [...places] };
    const lists = await Promise.all(others.map(({ host }) => this.#look(host, question)));
    const known = lists.filter((list): list is number[] => Array.isArray(list));
    return {
      counts: places.map((_, at) => known.reduce((sum, list) => sum + (list[at] ?? 0), 0)),
      isPartial: known.length < lists.length,
    };
  }

  hasMessages(owner: number | null): void {
    if (this.#toTell !== null) return void this.#toTell.add(owner);
    this.#toTell = new Set([owner]);
    this.#options.core.defer(() => this.#tell());
  }

  #tell(): void {
    const { hosts, keeper, logger } = this.#options;
    const owners = this.#toTell ?? [];
    this.#toTell = null;
    for (const owner of owners) {
      if (owner === hosts.host) keeper.carry();
      else if (owner === null) void keeper.claim();
      else
        hosts.tell(owner, "messages").catch((error: unknown) => {
          // It looks for itself with its next beat.
          logger.debug({ host: owner, error: String(error) }, "a host was not told of messages");
        });
    }
  }

  /** null: it does not answer, or cannot say. */
  async #look(host: number, question: Question): Promise<unknown> {
    try {
      return await this.#ask(host, question, LOOK_MS);
    } catch (error) {
      const { logger } = this.#options;
      logger.warn({ host, error: String(error) }, `a host does not answer (${question.kind})`);
      return null;
    }
  }

  /** Throws what the other host answers, and store_unavailable. */
  async #ask(host: number, question: Question, timeoutMs: number): Promise<unknown> {
    const answer = await this.#options.hosts.ask(host, JSON.stringify(question), timeoutMs);
    return answered(answer);
  }
}
