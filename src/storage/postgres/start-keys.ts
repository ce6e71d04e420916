/** Start keys of a wave: the first start that takes a key has it, for MEMORY_MS. */
import type { TurnCommit } from "#ports/journal.ts";
import { MEMORY_MS } from "../storable-turn.ts";
import { ints, texts } from "./columns.ts";
import { REFUSE_TAKEN_START_KEYS } from "./sql/refuse-taken-start-keys.ts";
import { SAVE_START_KEYS } from "./sql/save-start-keys.ts";
import type { Wave, WaveArea } from "./wave.ts";

interface KeyRow {
  readonly position: number;
  readonly tenant: string;
  readonly runId: string;
  readonly key: string;
  readonly bodyHash: string;
}

function rowsOf({ turns }: Wave): readonly KeyRow[] {
  return turns.flatMap(({ position, turn: { tenant, runId, startKey } }) =>
    startKey === null ? [] : [{ position, tenant, runId, ...startKey }],
  );
}

export const START_KEYS: WaveArea = {
  exclusiveKeys: ({ tenant, startKey }: TurnCommit) =>
    startKey === null ? [] : [`start ${tenant}\n${startKey.key}`],
  before(wave) {
    const rows = rowsOf(wave);
    if (rows.length === 0) return [];
    const values = [...columnsOf(rows), wave.nowMs - MEMORY_MS];
    return [{ sql: REFUSE_TAKEN_START_KEYS, values, leavesOut: "fenced" }];
  },
  after(wave) {
    const rows = rowsOf(wave);
    if (rows.length === 0) return [];
    const hashes = texts(rows.map(({ bodyHash }) => bodyHash));
    const values = [...columnsOf(rows), hashes, wave.nowMs, wave.nowMs - MEMORY_MS];
    return [{ sql: SAVE_START_KEYS, values }];
  },
};

function columnsOf(rows: readonly KeyRow[]): readonly Buffer[] {
  return [
    ints(rows.map(({ position }) => position)),
    texts(rows.map(({ tenant }) => tenant)),
    texts(rows.map(({ key }) => key)),
    texts(rows.map(({ runId }) => runId)),
  ];
}
