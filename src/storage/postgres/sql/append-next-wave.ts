/** A wave behind the first one of its group. Answers `accepted`, see append-sql.ts. */
import { WAVE, waveTurns } from "../append-sql.ts";

export const APPEND_NEXT_WAVE = `
WITH ${waveTurns("")},
${WAVE}`;
