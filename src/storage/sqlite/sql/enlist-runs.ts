/** Fresh runs after number ?1 up to ?2 enter the lists. */
export const ENLIST_RUNS =
  "UPDATE runs SET fresh = NULL WHERE number > ?1 AND number <= ?2 AND fresh = 1";
