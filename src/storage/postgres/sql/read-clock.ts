/** The server's clock. */
export const READ_CLOCK = `
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "nowMs"`;
