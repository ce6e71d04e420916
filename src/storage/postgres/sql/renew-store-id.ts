/** The store is another one from here on. */
export const RENEW_STORE_ID = `
UPDATE meta SET value = replace(gen_random_uuid()::text, '-', '') WHERE name = 'store_id'`;
