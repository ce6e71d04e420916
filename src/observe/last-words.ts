/**
 * What a process says of an error that nobody caught: the stack with its causes, without the values
 * of secrets. Node would print the same as it is, and a node type of the user's that fails beside
 * its attempt (a timer, a promise that nobody waits for) may have a secret in its message.
 *
 * Stacks are taken as text, not inspected: inspecting breaks long texts up, and a value of several
 * lines would no longer be found in it.
 */

/** Causes that are followed. */
const CAUSES_MAX = 8;

export function lastWords(error: unknown, redact: (text: string) => string): string {
  const lines: string[] = [];
  let next: unknown = error;
  for (let depth = 0; depth < CAUSES_MAX && next !== undefined; depth++) {
    lines.push(`${depth === 0 ? "" : "caused by "}${textOf(next)}`);
    next = next instanceof Error ? next.cause : undefined;
  }
  return redact(lines.join("\n"));
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  try {
    return typeof error === "string" ? error : (JSON.stringify(error) ?? String(error));
  } catch {
    // These are the last words already: nothing may fail any more.
    return "a value that cannot be shown";
  }
}
