/** The answer to question $1, once there is one; then it is gone. */
export const TAKE_ANSWER = `
DELETE FROM host_asks WHERE number = $1 AND answer IS NOT NULL RETURNING answer`;
