/**
 * What PostgreSQL's SQLSTATE codes and a broken connection mean to a caller: try again
 * (store_unavailable), the data is damaged (store_corrupt), or this very data is refused for good
 * (journal_refused).
 *
 *   1. Whatever an operator or time can mend is store_unavailable, also a right that was taken away:
 *      a lasting code would park every run that happens to commit meanwhile.
 *   2. No message holds a password: messages of the server and of the socket do not, and an address
 *      is only ever named by DatabaseAddress.label.
 *
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
import { type ErrorCode, LockstitchError } from "#errors/errors.ts";

/** Of refuse() in the schema. */
const REFUSAL = "LS001";
/** Data and index damage; 58030 (I/O) may pass. */
const CORRUPT = /^(XX001|XX002)$/;
/** Data, constraint and size errors: the same data fails again. */
const REFUSED = /^(21|22|23|54)/;
/**
 * Connections, resources, serialisation and deadlocks, locks, shutdown, timeouts, a standby, files
 * of the server, prepared statements that are gone or whose tables have changed.
 */
const PASSING =
  /^(LS001|08|25P03|25P04|25006|26000|0A000|40|42501|28|3D000|3F000|42P01|42883|53|55|57|58)/;

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^28/, "check user, password and the server's pg_hba.conf"],
  [/^3D000/, "create the database, or name another one"],
  [
    /^42501/,
    "give the user the rights: to make the schema, CREATE on the database; on the schema it needs SELECT, INSERT, UPDATE, DELETE on its tables, USAGE on its sequences, and CREATE to migrate",
  ],
  [/^(3F000|42P01|42883)/, "the schema is not there any more: restore it, or migrate the database"],
  [/^25006/, "this server only reads: name the primary"],
  [/^53100/, "the server's disk is full"],
  [/^53300/, "the server takes no more connections: raise max_connections or use fewer hosts"],
  [/^55P03/, "another session holds a lock"],
  [/^XX00/, "restore the database from a backup"],
];

/** SQLSTATE of an error of the server, or null. */
export function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return null;
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;
}

/** The server's certificate, or that it has none. */
const TLS = /^(ERR_TLS_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/** Whether TLS was refused by this side; null: it was something else. */
export function tlsAdviceOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (TLS.test(code))
    return "name the certificate of the server's authority with sslrootcert, or use sslmode=require, which does not check who answers";
  return error.message === "The server does not support SSL connections"
    ? "set ssl = on in postgresql.conf, or use sslmode=disable"
    : null;
}

/** What the schema's refuse() said; null: it was not asked. */
export function refusalOf(
  error: unknown,
): { readonly reason: string; readonly about: string } | null {
  if (sqlStateOf(error) !== REFUSAL || !(error instanceof Error)) return null;
  const about = "detail" in error && typeof error.detail === "string" ? error.detail : "";
  return { reason: error.message, about };
}

/** Nothing was changed, and the same transaction may go through at once, or say better why not. */
export function isCollision(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === "23505") return isHookRace(error);
  return state === "40001" || state === "40P01" || refusalOf(error)?.reason === "start_key";
}

/** Another transaction has taken the webhook's path meanwhile: done again, this one sees whose it is. */
function isHookRace(error: unknown): boolean {
  return error instanceof Error && "constraint" in error && error.constraint === "triggers_by_hook";
}

/** The session is not to be used again: it is gone, or it remembers statements that are. */
export function isSessionLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== null) return /^(08|25P03|25P04|25006|26000|0A000|57P)/.test(state);
  return !(error instanceof LockstitchError);
}

/** The LockstitchError for anything thrown while `doing` (e.g. "commit"); one that is there stays. */
export function toStoreError(error: unknown, doing: string): LockstitchError {
  if (error instanceof LockstitchError) return error;
  const sqlState = sqlStateOf(error);
  const text = textOf(error);
  const code = sqlState === null ? codeWithoutState(error) : codeOf(sqlState);
  const advice =
    sqlState === null
      ? (tlsAdviceOf(error) ??
        "check that the database server runs and can be reached; the call can be tried again")
      : ADVICE.find(([states]) => states.test(sqlState))?.[1];
  const help = advice === undefined || code === "internal" ? "" : `; ${advice}`;
  return new LockstitchError(code, `${doing}: the database answered "${text}"${help}`, {
    details: sqlState === null ? {} : { sqlState },
    cause: error,
  });
}

function codeOf(sqlState: string): ErrorCode {
  if (PASSING.test(sqlState)) return "store_unavailable";
  if (CORRUPT.test(sqlState)) return "store_corrupt";
  if (REFUSED.test(sqlState)) return "journal_refused";
  return "internal";
}

/** Without a code of the server: the network's errors, and the client's own about its connection. */
function codeWithoutState(error: unknown): ErrorCode {
  if (error instanceof TypeError || error instanceof RangeError) return "internal";
  return error instanceof Error ? "store_unavailable" : "internal";
}

/** Several addresses of one name fail together, and the error of all has no text. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(textOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
