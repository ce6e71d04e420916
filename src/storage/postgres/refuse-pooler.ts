/**
 * Poolers that lend one session of the server to several clients, transaction by transaction (PgBouncer
 * with pool_mode = transaction): a session's settings, prepared statements and LISTEN are then somebody
 * else's. Commits would still be whole, but nobody would hear a notice, and tables would be looked for
 * in another schema: it is refused when the store is opened.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { DatabaseAddress } from "./database-address.ts";

/** Settings that the pooler does not take; prepared statements that another client has made, or that are gone. */
export const POOLED = /^(08P01|42P05|26000)$/;

/** `searchPath`: as the server has it for a session that asked for the address's schema. */
export function refuseLostSettings(address: DatabaseAddress, searchPath: string): void {
  if (searchPath !== address.schema)
    throw pooled(address, `a session has search_path = ${searchPath}, and asked for another one`);
}

/** The server's processes behind two connections that are open at once. */
export function refuseLent(address: DatabaseAddress, processes: readonly [number, number]): void {
  const [one, other] = processes;
  if (one === other) throw pooled(address, "two connections have one session of the server");
}

export function pooled({ label }: DatabaseAddress, why: string): LockstitchError {
  return new LockstitchError(
    "config_invalid",
    `${label} does not give each connection a session of its own (${why}). Is there a pooler in between? Name the server itself, or let the pooler keep sessions (PgBouncer: pool_mode = session, and a release that passes "options" on)`,
  );
}
