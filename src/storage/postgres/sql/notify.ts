/** Tells whoever listens on channel $1. */
export const NOTIFY = `SELECT pg_notify($1, $2)`;
