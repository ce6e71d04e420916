/** What an operator changes of one shared value; the columns of shared-write-sql.ts, then the opening. */
import { writeSharedSql } from "../shared-write-sql.ts";

export const CHANGE_SHARED = writeSharedSql(
  `
  SELECT $1::text AS tenant, $2::text AS scope, $3::text AS workflow, $4::text AS name,
    $5::bigint AS revision, $6::bigint AS at_ms, $7::text AS by, $8::bytea AS value`,
  "$9::bigint",
);
