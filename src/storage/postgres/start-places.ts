/**
 * Places for new runs: the StartQuotas port, and the area that takes a place with the commit that
 * creates its run. Tenants are asked for in the order of their names, so that two hosts never wait
 * for each other's locks.
 */
import type { TurnCommit } from "#ports/journal.ts";
import {
  RESERVED_MS,
  type StartDemand,
  type StartQuotas,
  type StartRefusal,
} from "#ports/start-quotas.ts";
import { bigints, ints, texts } from "./columns.ts";
import type { Sessions } from "./connection.ts";
import { GIVE_BACK_STARTS } from "./sql/give-back-starts.ts";
import { RESERVE_STARTS } from "./sql/reserve-starts.ts";
import { TAKE_START_PLACES } from "./sql/take-start-places.ts";
import type { WaveArea } from "./wave.ts";

export const START_PLACES: WaveArea = {
  before({ turns }) {
    const reserved = turns.filter(({ turn }) => isReserved(turn));
    if (reserved.length === 0) return [];
    const values = [
      ints(reserved.map(({ position }) => position)),
      texts(reserved.map(({ turn }) => turn.tenant)),
      texts(reserved.map(({ turn }) => turn.runId)),
    ];
    return [{ sql: TAKE_START_PLACES, values, leavesOut: "fenced" }];
  },
};

function isReserved({ create, isReserved }: TurnCommit): boolean {
  return create !== null && isReserved === true;
}

export function startQuotas(sessions: Sessions): StartQuotas {
  return {
    async reserve(demands) {
      const order = demands.map((_, at) => at).sort((a, b) => byTenant(demands, a, b));
      const sorted = order.map((at) => demands[at] as StartDemand);
      const rows = await sessions.all<{ readonly refusal: string | null }>(
        "reserving places for runs",
        RESERVE_STARTS,
        texts(sorted.map(({ tenant }) => tenant)),
        texts(sorted.map(({ workflow }) => workflow)),
        texts(sorted.map(({ runId }) => runId)),
        RESERVED_MS,
        bigints(sorted.map(({ ofTenant }) => ofTenant.openRuns)),
        bigints(sorted.map(({ ofTenant }) => ofTenant.startsPerMinute)),
        bigints(sorted.map(({ ofWorkflow }) => ofWorkflow.openRuns)),
        bigints(sorted.map(({ ofWorkflow }) => ofWorkflow.startsPerMinute)),
      );
      const answers: (StartRefusal | null)[] = demands.map(() => null);
      for (const [row, at] of order.entries()) answers[at] = refusalOf(rows[row]?.refusal ?? null);
      return answers;
    },
    async giveBack(starts) {
      await sessions.change(
        "giving places of runs back",
        GIVE_BACK_STARTS,
        texts(starts.map(({ tenant }) => tenant)),
        texts(starts.map(({ runId }) => runId)),
      );
    },
  };
}

function byTenant(demands: readonly StartDemand[], a: number, b: number): number {
  const left = demands[a]?.tenant ?? "";
  const right = demands[b]?.tenant ?? "";
  return left === right ? a - b : left < right ? -1 : 1;
}

/** `tenant openRuns 10`, `workflow startsPerMinute 5 1200`. */
function refusalOf(text: string | null): StartRefusal | null {
  if (text === null) return null;
  const [scope, kind, used, retryAfterMs] = text.split(" ");
  return {
    scope: scope === "tenant" ? "tenant" : "workflow",
    kind: kind === "openRuns" ? "openRuns" : "startsPerMinute",
    used: Number(used),
    retryAfterMs: retryAfterMs === undefined ? null : Math.max(1, Number(retryAfterMs)),
  };
}
