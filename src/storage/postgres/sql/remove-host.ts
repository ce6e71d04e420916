/** The lease of host $1. */
export const REMOVE_HOST = `DELETE FROM hosts WHERE host = $1`;
