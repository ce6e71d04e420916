/** The first wave of a group, with the mark of its commit. Answers `accepted`, see append-sql.ts. */
import { markCommit, WAVE, waveTurns } from "../append-sql.ts";

export const APPEND_FIRST_WAVE = `
WITH ${markCommit("$22", "$23")},
${waveTurns("mark, ")},
${WAVE}`;
