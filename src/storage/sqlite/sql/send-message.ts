/** An id that is there, consumed or not, stays as it is (J4). */
export const SEND_MESSAGE = `
INSERT INTO messages (tenant, message_id, to_run_id, kind, body)
VALUES (?1, ?2, ?3, ?4, CAST(?5 AS BLOB))
ON CONFLICT (tenant, message_id) DO NOTHING`;
