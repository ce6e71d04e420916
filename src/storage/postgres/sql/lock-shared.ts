/**
 * Takes locks $2 of class $1 until the transaction ends, in the order given; $3 says which of them
 * others may have at the same time. They stand for names, also for those that hold nothing yet.
 */
export const LOCK_SHARED = `
SELECT CASE WHEN is_looking THEN pg_advisory_xact_lock_shared($1, bucket)
  ELSE pg_advisory_xact_lock($1, bucket) END
FROM unnest($2::int[], $3::boolean[]) AS wanted (bucket, is_looking)`;
