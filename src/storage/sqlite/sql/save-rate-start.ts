/** name, instant, how long it counts. */
export const SAVE_RATE_START = "INSERT INTO rate_starts (name, at_ms, per_ms) VALUES (?, ?, ?)";
