/** What the store and its server say of themselves. */
export const READ_STORE = `
SELECT (SELECT value FROM meta WHERE name = 'store_id') AS "storeId",
  current_setting('server_version') AS "serverVersion",
  current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS "fullPageWrites",
  current_setting('synchronous_commit') AS "synchronousCommit",
  pg_backend_pid() AS process`;
