/**
 * This transaction is answered before it is on the disk. What it has written goes there with the next
 * commit that is not, so that nothing which builds on it can last without it.
 */
export const COMMIT_SOON = `SELECT set_config('synchronous_commit', 'off', true)`;
