/**
 * Readies the writer's session: each statement is planned once, for an index, never for a table that
 * was still small when it was planned; and what the server gives for synchronous_commit now stays.
 */
export const SETTLE_WRITER = `
SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false) AS "synchronousCommit",
  set_config('plan_cache_mode', 'force_generic_plan', false),
  set_config('enable_bitmapscan', 'off', false),
  set_config('enable_hashjoin', 'off', false),
  set_config('enable_mergejoin', 'off', false),
  pg_backend_pid() AS process`;
