/** One journal row; the JSON text is stored as its UTF-8 bytes. */
export const APPEND_TURN = `
INSERT INTO turns (run, first_seq, last_seq, at_ms, events)
VALUES (?1, ?2, ?3, ?4, CAST(?5 AS BLOB))`;
