/** The journal of run ?1 refers to blob ?2 of tenant ?3. */
export const ADD_BLOB_REF =
  "INSERT OR IGNORE INTO blob_refs (run, hash, tenant) VALUES (?1, ?2, ?3)";
