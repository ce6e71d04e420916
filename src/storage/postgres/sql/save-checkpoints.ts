/** A checkpoint of the same seq is replaced; one that was pinned stays so. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const SAVE_CHECKPOINTS = `
INSERT INTO checkpoints AS c (run, seq, state_version, is_pinned, checksum, state)
SELECT a.run, g.seq, g.state_version, g.is_pinned, g.checksum, g.state
FROM unnest($1::int[], $2::bigint[], $3::int[], $4::boolean[], $5::bytea[], $6::bytea[])
    AS g (position, seq, state_version, is_pinned, checksum, state),
  LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a
WHERE a.run <> 0
ON CONFLICT (run, seq) DO UPDATE
SET state_version = excluded.state_version, state = excluded.state, checksum = excluded.checksum,
  is_pinned = c.is_pinned OR excluded.is_pinned`;
