/** What a server says of itself, whether it holds a store or not. */
export const READ_SERVER = `
SELECT current_setting('server_version') AS "serverVersion",
  current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS "fullPageWrites",
  current_setting('synchronous_commit') AS "synchronousCommit"`;
