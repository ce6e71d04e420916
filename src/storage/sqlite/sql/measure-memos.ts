/** Reads the index memos_by_use alone. */
export const MEASURE_MEMOS = `
SELECT count(*) AS entries, coalesce(sum(size), 0) AS bytes FROM memos INDEXED BY memos_by_use`;
