/** Marks a copy: whoever opens it starts paused until it is released. ?1 JSON that says why. */
export const HOLD_STORE = "INSERT OR REPLACE INTO meta (name, value) VALUES ('held', ?1)";
