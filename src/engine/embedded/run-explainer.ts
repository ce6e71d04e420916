/** Why a run stands where it stands, and how far it is: from its state in memory, else folded. */
import { LockstitchError } from "#errors/errors.ts";
import { explainRun } from "#kernel/explain.ts";
import type { RunState } from "#kernel/state.ts";
import type { CallContext } from "#ports/call-context.ts";
import { Look } from "../admission/slot-wait.ts";
import type { ExplainView } from "../engine.ts";
import type { EngineCore } from "./engine-core.ts";
import { lookElsewhere, withSlot } from "./explain-slot.ts";
import { endSentence, explainView, parkedWait, WAITS_SHOWN_MAX } from "./explain-view.ts";
import { runKeyOf } from "./host-services.ts";
import { isOthers, isTerminal } from "./run-facts.ts";
import type { RunReader } from "./run-reader.ts";
import { warningsOf } from "./run-warnings.ts";

export class RunExplainer {
  readonly #core: EngineCore;
  readonly #reader: RunReader;

  constructor(core: EngineCore, reader: RunReader) {
    this.#core = core;
    this.#reader = reader;
  }

  /** Throws run_not_found. */
  async explain(context: CallContext, runId: string): Promise<ExplainView> {
    const { options } = this.#core;
    const head = await this.#reader.head(context, runId);
    const { status } = head;
    const warnings = this.warnings(head.seq);
    if (isTerminal(status)) {
      const sentence = await endSentence(options.store.journal, context, head);
      return { ...explainView(head, [], warnings), sentence };
    }
    // What waits for a slot, and where in the line, only its own host knows.
    const others = isOthers(options.store, head) ? this.#core.elsewhere : null;
    const view = await others?.explain(context, runId);
    if (view != null) return view;
    if (others !== null) {
      // Somebody may have taken it while its host was asked.
      const { owner, status: now } = await this.#reader.head(context, runId);
      if (owner !== head.owner || isTerminal(now)) return await this.explain(context, runId);
    }
    const silence = others === null ? [] : [others.silence(head)];
    const host = this.#core.host(runKeyOf(context.tenant, runId));
    const parked = parkedWait(host);
    if (parked !== null) return explainView(head, [parked], warnings);
    const state = await this.state(context, runId);
    const waits = explainRun(state, options.clock.nowMs());
    const look = new Look(options.clock);
    // Only those that are shown are counted out.
    const first = waits.slice(0, WAITS_SHOWN_MAX);
    await lookElsewhere(first, host, { look, elsewhere: this.#core.elsewhere });
    const shown = first.map((wait) => withSlot(wait, host, look));
    const all = [...silence, ...shown, ...waits.slice(WAITS_SHOWN_MAX)];
    return explainView(head, all, warnings);
  }

  warnings(seq: number): readonly string[] {
    return warningsOf(seq, this.#core.limits, this.#core.services.committer.refusal);
  }

  /** The committed state: the host's between two turns, else folded. Throws run_not_found. */
  async state(context: CallContext, runId: string): Promise<RunState> {
    const resting = this.#core.host(runKeyOf(context.tenant, runId))?.restingState ?? null;
    if (resting !== null && resting.seq > 0) return resting;
    const loaded = await this.#core.loader.load(context, runId);
    if (loaded === null) throw new LockstitchError("run_not_found", `There is no run ${runId}.`);
    return loaded.state;
  }
}
