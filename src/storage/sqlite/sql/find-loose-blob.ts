/** ?1 tenant, ?2 hash. */
export const FIND_LOOSE_BLOB =
  "SELECT since_ms AS sinceMs FROM blob_loose WHERE tenant = ?1 AND hash = ?2";
