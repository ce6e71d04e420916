/**
 * What SQLite's result codes mean to a caller: try again (store_unavailable), the file is damaged
 * (store_corrupt), or this very data is refused for good (journal_refused).
 *
 * Source: https://www.sqlite.org/rescode.html; the primary code is the low byte of the extended one.
 */
import { type ErrorCode, LockstitchError } from "#errors/errors.ts";

/** BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL: the world may change. */
const UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 10, 13, 14, 15]);
/** CORRUPT, NOTADB. */
const CORRUPT: ReadonlySet<number> = new Set([11, 26]);
/** TOOBIG, CONSTRAINT, MISMATCH, RANGE: the same data fails again. */
const REFUSED: ReadonlySet<number> = new Set([18, 19, 20, 25]);

function codeOf(resultCode: number): ErrorCode {
  const primary = resultCode & 0xff;
  if (UNAVAILABLE.has(primary)) return "store_unavailable";
  if (CORRUPT.has(primary)) return "store_corrupt";
  if (REFUSED.has(primary)) return "journal_refused";
  return "internal";
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  store_unavailable: "check free space, permissions and the disk; the call can be tried again",
  store_corrupt: "restore the data directory from a backup",
};

/** The LockstitchError for anything thrown while `doing` (e.g. "commit"); one that is there stays. */
export function toStoreError(error: unknown, doing: string): LockstitchError {
  if (error instanceof LockstitchError) return error;
  const resultCode =
    error instanceof Error && "errcode" in error && typeof error.errcode === "number"
      ? error.errcode
      : null;
  // Errors of the file system (ENOSPC, EACCES, ...) carry an errno instead.
  const withoutResult =
    error instanceof Error && "errno" in error ? "store_unavailable" : "internal";
  const code = resultCode === null ? withoutResult : codeOf(resultCode);
  const text = error instanceof Error ? error.message : String(error);
  const advice = ADVICE[code];
  return new LockstitchError(
    code,
    `${doing}: the store answered "${text}"${advice === undefined ? "" : `; ${advice}`}`,
    { details: resultCode === null ? {} : { sqliteCode: resultCode }, cause: error },
  );
}
