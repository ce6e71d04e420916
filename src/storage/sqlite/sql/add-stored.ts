/** tenant, workflow, opening, bytes. */
export const ADD_STORED = `
INSERT INTO stored_bytes (tenant, workflow, writer, bytes) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (tenant, workflow, writer) DO UPDATE SET bytes = bytes + excluded.bytes`;
