/**
 * The total order of JSON values that sorting, min and max use:
 * null (and missing) < boolean < number < string < array < object.
 * Strings compare by UTF-16 code unit, arrays and objects element by element, so that the same
 * data sorts the same everywhere, whatever the machine's language is.
 */

/** Negative, 0 or positive as `left` sorts before, with or after `right`. NaN sorts with the numbers, first. */
export function compareJson(left: unknown, right: unknown): number {
  if (left === right) return 0;
  const rank = rankOf(left) - rankOf(right);
  if (rank !== 0) return rank;
  if (typeof left === "number" && typeof right === "number") return compareNumbers(left, right);
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : 1;
  if (typeof left === "boolean") return left ? 1 : -1;
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right);
  if (typeof left === "object" && left !== null && typeof right === "object" && right !== null)
    return compareLists(sortedEntries(left), sortedEntries(right));
  return 0;
}

function rankOf(value: unknown): number {
  switch (typeof value) {
    case "boolean":
      return 1;
    case "number":
      return 2;
    case "string":
      return 3;
    case "object":
      if (value === null) return 0;
      return Array.isArray(value) ? 4 : 5;
    default:
      return 0;
  }
}

function compareNumbers(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  return (Number.isNaN(right) ? 1 : 0) - (Number.isNaN(left) ? 1 : 0);
}

function compareLists(left: readonly unknown[], right: readonly unknown[]): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const order = compareJson(left[index], right[index]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function sortedEntries(value: object): [string, unknown][] {
  return Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
}

/** A text that is equal for equal JSON values, whatever the order of their keys; tells 1 from "1". */
export function identityOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(identityOf).join()}]`;
  const fields = sortedEntries(value).map(
    ([key, inner]) => `${JSON.stringify(key)}:${identityOf(inner)}`,
  );
  return `{${fields.join()}}`;
}
