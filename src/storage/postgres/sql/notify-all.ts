/** Tells whoever listens on the channels $1. */
export const NOTIFY_ALL = `SELECT pg_notify(channel, $2) FROM unnest($1::text[]) AS g (channel)`;
