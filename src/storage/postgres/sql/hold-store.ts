/** Whoever opens the store starts paused until it is released. $1 JSON that says why. */
export const HOLD_STORE = `
INSERT INTO meta (name, value) VALUES ('held', $1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
