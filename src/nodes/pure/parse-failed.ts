/** The error of text that cannot be read, with the place where it stands wrong if that is known. */
import { NodeError } from "#errors/step-error.ts";

/** `place` is 1-based. `cause` is the library's error; its message becomes part of this one's. */
export function parseFailed(
  format: string,
  cause: unknown,
  place: { readonly line?: number | undefined; readonly column?: number | undefined } = {},
): NodeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [firstLine = ""] = message.split("\n");
  return new NodeError("parse_failed", `${format}: ${firstLine.replace(/[:.]$/, "")}.`, {
    details: Object.fromEntries(Object.entries(place).filter(([, at]) => at !== undefined)),
    cause,
  });
}
