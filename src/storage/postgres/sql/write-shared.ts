/** What the accepted turns of a wave change of shared values; columns as below, then the opening. */
import { writeSharedSql } from "../shared-write-sql.ts";
import { ACCEPTED_RUNS } from "../wave.ts";

export const WRITE_SHARED = writeSharedSql(
  `
  SELECT g.tenant, g.scope, g.workflow, g.name, g.revision, g.at_ms, g.by, g.value
  FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
      $7::bigint[], $8::text[], $9::bytea[])
    AS g (position, tenant, scope, workflow, name, revision, at_ms, by, value),
  LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a
  WHERE a.run <> 0`,
  "$10::bigint",
);
