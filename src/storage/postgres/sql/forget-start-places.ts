/** Places that are older than $1 milliseconds: of tenants that start nothing more nobody else looks. */
export const FORGET_START_PLACES = `
DELETE FROM start_places WHERE at <= clock_timestamp() - 2 * $1::bigint * interval '1 ms'`;
