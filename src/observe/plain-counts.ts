/** Counts by label, bounded: after 1,000 keys what comes later is counted as `other`. */

export const KEYS_MAX = 1_000;
export const OTHER = "other";
/** Between the labels of a key. */
export const SEPARATOR = "\n";

export interface Count {
  n: number;
}

/** The count of `key`; `otherwise` takes the place of one that is too many. */
export function countOf(counts: Map<string, Count>, key: string, otherwise: string): Count {
  const known = counts.get(key);
  if (known !== undefined) return known;
  if (counts.size >= KEYS_MAX && key !== otherwise) return countOf(counts, otherwise, otherwise);
  const count = { n: 0 };
  counts.set(key, count);
  return count;
}
