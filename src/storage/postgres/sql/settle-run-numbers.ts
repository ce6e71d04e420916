/** The next run's number comes after those that were copied. */
export const SETTLE_RUN_NUMBERS = `
SELECT setval(pg_get_serial_sequence('runs', 'number'), coalesce((SELECT max(number) FROM runs), 0) + 1, false)`;
