/** Suggestions for mistyped names, as sentences. */
import { nearest } from "./expression/suggest.ts";

/** Longest list of known names that a suggestion prints. */
const NAMES_LISTED_MAX = 12;

/** The nearest name as a question, else the list where it is short, else null. */
export function suggestName(word: string, candidates: readonly string[]): string | null {
  const name = nearest(word, candidates);
  if (name !== null) return `Did you mean \`${name}\`?`;
  if (candidates.length === 0 || candidates.length > NAMES_LISTED_MAX) return null;
  return `Known here: ${candidates.map((candidate) => `\`${candidate}\``).join(", ")}.`;
}
