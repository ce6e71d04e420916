/**
 * Finds a name again in the expressions of a value, for messages. A text search is enough here:
 * the names are known to occur, only their place is asked for.
 */
import { type MemberRead, membersOfBare, membersOfText } from "./member-reads.ts";
import type { Pointer } from "./problem.ts";

/** A text that is one expression, or a value with expressions in its strings. */
export interface ExpressionSource {
  readonly kind: "bare" | "template";
  readonly value: unknown;
  readonly pointer: Pointer;
}

/** A place in a definition, as findings name it. */
export interface Found {
  readonly pointer: Pointer;
  readonly offset: number;
}

/** The first string of `source` in which `search` finds something. Only for messages: text search is enough. */
export function find(source: ExpressionSource, search: (text: string) => number): Found {
  return (
    findIn(source.value, source.pointer, source.kind === "bare", search) ?? {
      pointer: source.pointer,
      offset: 0,
    }
  );
}

function findIn(
  value: unknown,
  pointer: Pointer,
  bare: boolean,
  search: (text: string) => number,
): Found | null {
  if (typeof value === "string") {
    const offset = bare || value.includes("${{") ? search(value) : -1;
    return offset === -1 ? null : { pointer, offset };
  }
  if (typeof value !== "object" || value === null) return null;
  for (const [key, child] of Object.entries(value)) {
    const found = findIn(
      child,
      [...pointer, Array.isArray(value) ? Number(key) : key],
      bare,
      search,
    );
    if (found !== null) return found;
  }
  return null;
}

/** Where `word` stands as a whole word; -1 where it does not. */
export function wordAt(text: string, word: string): number {
  return text.search(new RegExp(`(?<![\\w$])${word.replaceAll("$", "\\$")}(?![\\w$])`));
}

/** Where `name` stands after the first `root` that has it, or where `root` stands. */
export function memberAt(text: string, root: string, name: string): number {
  const from = wordAt(text, root);
  return from === -1 ? -1 : text.indexOf(name, from);
}

/** Reads of root fields in all expressions of `source`, which parse. */
export function memberReads(source: ExpressionSource): MemberRead[] {
  if (source.kind === "bare") return membersOfBare(String(source.value));
  const reads: MemberRead[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") reads.push(...membersOfText(value));
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  visit(source.value);
  return reads;
}
