/** A checkpoint of the same seq is replaced. */
export const SAVE_CHECKPOINT = `
INSERT INTO checkpoints (run, seq, state_version, state, checksum)
VALUES (?1, ?2, ?3, CAST(?4 AS BLOB), ?5)
ON CONFLICT (run, seq) DO UPDATE
SET state_version = excluded.state_version, state = excluded.state, checksum = excluded.checksum`;
