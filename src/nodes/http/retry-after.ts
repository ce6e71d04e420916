/** The Retry-After header (RFC 9110, 10.2.3): seconds, or a date. */

/** The longest wait that is believed: a day. */
const WAIT_MS_MAX = 24 * 60 * 60 * 1000;

/**
 * Milliseconds to wait, or null if the header is missing or malformed. A date is taken relative
 * to the answer's own Date header, so that the two machines' clocks need not agree.
 */
export function retryAfterMs(header: string, dateHeader: string): number | null {
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1000, WAIT_MS_MAX);
  const at = Date.parse(text);
  const now = Date.parse(dateHeader);
  if (Number.isNaN(at) || Number.isNaN(now)) return null;
  return Math.min(Math.max(at - now, 0), WAIT_MS_MAX);
}
