/** Random, made with the store. */
export const READ_STORE_ID = "SELECT value AS storeId FROM meta WHERE name = 'store_id'";
