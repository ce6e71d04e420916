/** ?1 tenant, ?2 hash. */
export const DROP_BLOB = "DELETE FROM blobs WHERE tenant = ?1 AND hash = ?2 RETURNING size";
