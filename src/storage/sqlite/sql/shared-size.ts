/** Bytes of a value, without reading it. */
export const SHARED_SIZE = `
SELECT octet_length(value) AS bytes FROM shared_state
WHERE tenant = ?1 AND scope = ?2 AND workflow = ?3 AND name = ?4`;
