/** A commit of nothing, number $2 with the id $3: it can be asked for, too. */
import { markCommit } from "../append-sql.ts";

export const MARK_COMMIT = `WITH ${markCommit("$2", "$3")} SELECT writer FROM mark`;
