/** Medians, percentiles and how figures are printed. */

/** The value below which `share` of `values` lie; NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 0.5), low: Math.min(...values), high: Math.max(...values) };
}

/** 12,345 or 3.21. */
export function text(value: number): string {
  if (Number.isNaN(value)) return "-";
  return value >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toFixed(value >= 10 ? 1 : 2);
}

/** `12,345 (11,900-12,800)`. */
export function spreadText({ median, low, high }: Spread): string {
  return low === high ? text(median) : `${text(median)} (${text(low)}-${text(high)})`;
}
