/** Text as a pattern of Redis (KEYS, SCAN, PSUBSCRIBE) that matches just itself. */
export function glob(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
