/** What was measured: tenant, workflow, bytes. */
export const SET_STORED = `
INSERT INTO stored_bytes (tenant, workflow, writer, bytes) VALUES (?1, ?2, 0, ?3)
ON CONFLICT (tenant, workflow, writer) DO UPDATE SET bytes = excluded.bytes`;
