/** A Redis reply as JSON: maps and sets become objects and lists, bytes that are no text base64. */

export function replyJson(reply: unknown): unknown {
  if (typeof reply === "bigint")
    return Number.isSafeInteger(Number(reply)) ? Number(reply) : String(reply);
  if (typeof reply === "number" && !Number.isFinite(reply)) return String(reply);
  if (typeof reply !== "object" || reply === null) return reply ?? null;
  if (Buffer.isBuffer(reply)) return reply.toString("base64");
  if (Array.isArray(reply)) return reply.map(replyJson);
  if (reply instanceof Set) return [...reply].map(replyJson);
  // An error inside a list, as EXEC has them.
  if (reply instanceof Error) return { error: reply.message };
  const entries = reply instanceof Map ? [...reply] : Object.entries(reply);
  return Object.fromEntries(
    entries.map(([key, value]: [unknown, unknown]) => [String(key), replyJson(value)]),
  );
}
