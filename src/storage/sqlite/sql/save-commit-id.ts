/** Slot ?1 of the ring, commit number ?2. */
export const SAVE_COMMIT_ID =
  "INSERT OR REPLACE INTO commits (slot, number, commit_id) VALUES (?1, ?2, ?3)";
