/** Without reading its body. ?1 tenant, ?2 hash. */
export const HAS_BLOB = "SELECT 1 AS found FROM blobs WHERE tenant = ?1 AND hash = ?2";
