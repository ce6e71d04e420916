/** Labels that a wave's turns give to new runs, or change. The row of a new run has them already. */
import { ints, texts } from "./columns.ts";
import { ADD_LABELS } from "./sql/add-labels.ts";
import { DROP_LABELS } from "./sql/drop-labels.ts";
import { SET_LABELS } from "./sql/set-labels.ts";
import type { PlacedTurn, WaveArea } from "./wave.ts";

export const LABELS: WaveArea = {
  after({ turns }) {
    const changed = turns.filter(({ turn }) => turn.labels !== undefined);
    const added = turns.flatMap(namedOf);
    const positions = ints(changed.map(({ position }) => position));
    const labels = texts(changed.map(({ turn }) => JSON.stringify(turn.labels)));
    return [
      ...(changed.length === 0
        ? []
        : [
            { sql: SET_LABELS, values: [positions, labels] },
            { sql: DROP_LABELS, values: [positions] },
          ]),
      ...(added.length === 0
        ? []
        : [
            {
              sql: ADD_LABELS,
              values: [
                ints(added.map(({ position }) => position)),
                texts(added.map(({ name }) => name)),
                texts(added.map(({ value }) => value)),
              ],
            },
          ]),
    ];
  },
};

function namedOf({ position, turn: { labels, create } }: PlacedTurn) {
  const all = labels ?? create?.labels;
  if (all === undefined) return [];
  return Object.entries(all).map(([name, value]) => ({ position, name, value }));
}
