/**
 * JSON text in the canonical form of RFC 8785: keys sorted by UTF-16 code units, numbers as
 * ECMAScript writes them, no white space. Equal values give equal text, so that text can be hashed.
 */

/**
 * The canonical text of a JSON value. Fields that are undefined are left out, as JSON.stringify
 * does; NaN and infinities, which JSON has no text for, throw a RangeError.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return scalar(value);
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key];
    if (field === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(field)}`;
  }
  return `{${text}}`;
}

function scalar(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new RangeError(`${value} has no JSON text`);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new RangeError(`a ${typeof value} has no JSON text`);
  return text;
}
