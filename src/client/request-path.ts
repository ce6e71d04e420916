/** Paths and queries of requests as text. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export function runPath(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}`;
}

/** `?a=1&b=2`, or nothing; a list gives its field several times. */
export function queryText(query: Query): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) pairs.append(name, String(one));
  return pairs.size === 0 ? "" : `?${pairs.toString()}`;
}
