/** A checkpoint of the same seq is replaced; one that was pinned stays so. */
export const SAVE_CHECKPOINT = `
INSERT INTO checkpoints (run, seq, state_version, state, checksum, is_pinned)
VALUES (?1, ?2, ?3, CAST(?4 AS BLOB), ?5, ?6)
ON CONFLICT (run, seq) DO UPDATE
SET state_version = excluded.state_version, state = excluded.state, checksum = excluded.checksum,
  is_pinned = max(is_pinned, excluded.is_pinned)`;
