/** Whatever was thrown, as text for a log. Never throws: not every value has a text. */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    // An object without a prototype, or whose toString throws: what is told of it is not its own.
    return "a value that cannot be shown";
  }
}
