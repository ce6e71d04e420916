/** Source text of the expression language, as the importer writes it: names, templates, literals. */

/** `steps.fetch`, `steps["node-1"]`. */
export function stepRef(id: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(id) ? `steps.${id}` : `steps[${JSON.stringify(id)}]`;
}

/** `source.field`, whatever the field is called. */
export function fieldOf(source: string, field: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(field)
    ? `${source}.${field}`
    : `${source}[${JSON.stringify(field)}]`;
}

/** How `needs` writes an id, with a port where one is meant. */
export function needText(id: string, port: string | null): string {
  const name = /^[A-Za-z_]\w*$/.test(id) ? id : `[${JSON.stringify(id)}]`;
  return port === null ? name : `${name}.${port}`;
}

/** A string that is one expression. */
export function wrapped(source: string): string {
  return `\${{ ${source} }}`;
}

/** A value as it is, also where its texts look like expressions. (As text `$$` would mean one `$`.) */
export function literal(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("${{", () => "$${{");
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, literal(field)]));
}

/** Milliseconds of `10s`, `1m30s`, `1.5h`, or of a number of seconds; null where it is none. */
export function spanMs(value: unknown): number | null {
  if (typeof value === "number") return value >= 0 ? Math.round(value * 1000) : null;
  const text = typeof value === "string" ? value.trim() : "";
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * UNITS[unit as keyof typeof UNITS];
  return Math.round(total);
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
