/** ?1 tenant, ?2 hash. */
export const FORGET_LOOSE_BLOB = "DELETE FROM blob_loose WHERE tenant = ?1 AND hash = ?2";
