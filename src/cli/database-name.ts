/**
 * Which database a URL means, for people and to tell two databases apart: host, port and name, nothing of who opens it
 * or how. One server under two names is two databases here.
 */

const DEFAULT_PORT = "5432";

/** null: there is no database, or the URL is none (whoever opens it says so). */
export function databaseName(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get("host") ?? hostname;
  return `postgres://${host}:${searchParams.get("port") ?? (port || DEFAULT_PORT)}${pathname}`;
}
