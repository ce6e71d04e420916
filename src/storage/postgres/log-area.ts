/** What attempts have said, with the turns of a commit. */
import { LOG_LEVELS } from "#ports/step-logs.ts";
import { bigints, ints, smallints, texts, utf8s } from "./columns.ts";
import { ADD_LOG_LINES } from "./sql/add-log-lines.ts";
import type { WaveArea } from "./wave.ts";

export const logArea: WaveArea = {
  after({ turns }) {
    const lines = turns.flatMap(({ position, turn: { logs = [] } }) =>
      logs.map((said) => ({ position, ...said })),
    );
    if (lines.length === 0) return [];
    const values = [
      ints(lines.map(({ position }) => position)),
      texts(lines.map(({ path }) => path)),
      ints(lines.map(({ attempt }) => attempt)),
      ints(lines.map(({ line }) => line)),
      bigints(lines.map(({ atMs }) => atMs)),
      smallints(lines.map(({ level }) => LOG_LEVELS.indexOf(level))),
      utf8s(lines.map(({ text }) => text)),
      utf8s(lines.map(({ fields }) => fields)),
    ];
    return [{ sql: ADD_LOG_LINES, values }];
  },
};
