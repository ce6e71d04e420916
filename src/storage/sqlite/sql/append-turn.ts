/** One journal row; the JSON text is stored as its UTF-8 bytes. ?6: the group's id, on its first row. */
export const APPEND_TURN = `
INSERT INTO turns (run, first_seq, last_seq, at_ms, events, commit_id)
VALUES (?1, ?2, ?3, ?4, CAST(?5 AS BLOB), ?6)`;
