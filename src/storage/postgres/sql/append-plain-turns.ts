/**
 * A group of plain turns (plain-turn.ts), each with a record and each of another run, with the mark
 * of its commit: a whole commit. Answers the positions that were accepted. See append-sql.ts.
 */
import { counted, KEPT_OF_PLAIN, markCommit, movedRuns, PLAIN_TURNS } from "../append-sql.ts";

export const APPEND_PLAIN_TURNS = `
WITH ${markCommit("$14", "$15")},
${PLAIN_TURNS},
${movedRuns("")},
${KEPT_OF_PLAIN},
${counted("")}
SELECT position FROM moved`;
