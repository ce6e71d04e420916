/** What a wave's accepted turns use up: rows of this opening's own, so that no host waits for another's. */
import { minuteOf, type TurnUsage } from "#ports/usage.ts";
import { bigints, ints, texts } from "./columns.ts";
import type { Statement } from "./connection.ts";
import { ADD_STORED } from "./sql/add-stored.ts";
import { ADD_USAGE } from "./sql/add-usage.ts";
import type { WaveArea } from "./wave.ts";

type Placed = TurnUsage & { readonly position: number; readonly tenant: string };

export const USAGE: WaveArea = {
  after({ turns, epoch }) {
    const placed = turns.flatMap<Placed>(({ position, turn }) =>
      turn.usage === undefined ? [] : [{ position, tenant: turn.tenant, ...turn.usage }],
    );
    const statements: Statement[] = [];
    const used = placed.filter(
      ({ steps, attemptMs, cpuMs }) => steps > 0 || attemptMs > 0 || cpuMs > 0,
    );
    if (used.length > 0)
      statements.push({
        sql: ADD_USAGE,
        values: [
          ints(used.map(({ position }) => position)),
          bigints(used.map(({ atMs }) => minuteOf(atMs))),
          texts(used.map(({ tenant }) => tenant)),
          texts(used.map(({ workflow }) => workflow)),
          bigints(used.map(({ steps }) => steps)),
          bigints(used.map(({ attemptMs }) => attemptMs)),
          bigints(used.map(({ cpuMs }) => cpuMs)),
          epoch,
        ],
      });
    const stored = placed.filter(({ bytes }) => bytes > 0);
    if (stored.length > 0)
      statements.push({
        sql: ADD_STORED,
        values: [
          ints(stored.map(({ position }) => position)),
          texts(stored.map(({ tenant }) => tenant)),
          texts(stored.map(({ workflow }) => workflow)),
          bigints(stored.map(({ bytes }) => bytes)),
          epoch,
        ],
      });
    return statements;
  },
};
