/**
 * Commits of one opening, one after the other on the writer's session, and the truth about those
 * whose answer was lost.
 *
 *   1. Every commit has the next number of this opening, which its transaction writes together with
 *      its id into the opening's row of `commit_marks`, if the row has the number before: a commit that
 *      is late, or sent twice, is refused by its number.
 *   2. After an unknown outcome nothing is committed before it is settled: the row is locked (which
 *      waits for a transaction that is still under way), the id of the last commit is read, and one
 *      number is taken, so that what is still on its way to the server is refused when it arrives.
 *   3. A refusal that the server has told is no doubt: the transaction was rolled back. Neither is a
 *      commit that no session could be opened for: nobody has to be asked whether it is there.
 *   4. The ids of the last IDS_KEPT commits that came through are known here.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { TurnCommit } from "#ports/journal.ts";
import { refused } from "../storable-turn.ts";
import type { WriterSession } from "./connection.ts";
import { type GroupAnswer, groupStatements } from "./group-statements.ts";
import { isSessionLost, refusalOf, toStoreError } from "./postgres-error.ts";
import { IS_COMMIT_KNOWN } from "./sql/is-commit-known.ts";
import { SETTLE_COMMITS } from "./sql/settle-commits.ts";
import type { StoreParts } from "./store-parts.ts";

const IDS_KEPT = 1_000;
const COMMITTING = "commit";
const SETTLING = "asking whether a commit came through";

export class CommitQueue {
  readonly #parts: StoreParts;
  readonly #session: WriterSession;
  /** Of the last commit that came through, as far as it is known. */
  #number = 0;
  /** The id of the commit whose outcome is unknown; null: there is none. */
  #doubtful: string | null = null;
  readonly #known = new Set<string>();
  /** The id of the last commit that is surely not there. */
  #unwritten: string | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: StoreParts, session: WriterSession) {
    this.#parts = parts;
    this.#session = session;
  }

  commit(commitId: string, turns: readonly TurnCommit[]): Promise<GroupAnswer> {
    return this.#next(() => this.#commit(commitId, turns));
  }

  committed(commitId: string): Promise<boolean> {
    return this.#next(async () => {
      if (commitId === this.#unwritten) return false;
      await this.#settle();
      if (this.#known.has(commitId)) return true;
      return (await this.#parts.sessions.get(SETTLING, IS_COMMIT_KNOWN, commitId)) !== undefined;
    });
  }

  /** Waits for what is under way. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await this.#session.close();
  }

  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed)
      return Promise.reject(new LockstitchError("store_unavailable", "the store is closed"));
    const done = this.#last.then(work);
    // Whoever asked is told; the next one only waits.
    this.#last = done.catch(() => {});
    return done;
  }

  async #commit(commitId: string, turns: readonly TurnCommit[]): Promise<GroupAnswer> {
    this.#unwritten = commitId;
    await this.#settle();
    if (!this.#session.isOpen) await this.#openSession();
    const { areas } = this.#parts;
    const number = this.#number + 1;
    const group = { commitId, turns, number, nowMs: this.#parts.nowMs() };
    const { statements, read } = groupStatements(group, this.#parts);
    try {
      const answers = await this.#session.run(statements);
      this.#unwritten = null;
      this.#number = number;
      this.#remember(commitId);
      for (const area of areas) area.committed?.(turns);
      return read(answers);
    } catch (error) {
      if (isDoubtful(error)) {
        this.#doubtful = commitId;
        this.#unwritten = null;
      }
      throw this.#errorOf(error, turns);
    }
  }

  async #openSession(): Promise<void> {
    try {
      await this.#session.open();
    } catch (error) {
      throw toStoreError(error, COMMITTING);
    }
  }

  async #settle(): Promise<void> {
    if (this.#doubtful === null) return;
    const { sessions, epoch } = this.#parts;
    const row = await sessions.get<{ readonly number: number; readonly commitId: string | null }>(
      ...([SETTLING, SETTLE_COMMITS, epoch] as const),
    );
    if (row === undefined)
      throw new LockstitchError(
        "store_corrupt",
        "the database has lost this opening's commit mark",
      );
    if (row.commitId === this.#doubtful) this.#remember(row.commitId);
    this.#number = row.number;
    this.#doubtful = null;
  }

  #remember(commitId: string): void {
    this.#known.add(commitId);
    if (this.#known.size <= IDS_KEPT) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }

  /** What one turn's data caused names its run, where that can be told. */
  #errorOf(error: unknown, turns: readonly TurnCommit[]): LockstitchError {
    const refusal = refusalOf(error);
    for (const area of refusal === null ? [] : this.#parts.areas) {
      const known = area.refusal?.(refusal?.reason ?? "", refusal?.about ?? "") ?? null;
      if (known !== null) return known;
    }
    const known = toStoreError(error, COMMITTING);
    const runs = new Set(turns.map(({ runId }) => runId));
    const only = turns[0];
    return known.code === "journal_refused" && runs.size === 1 && only !== undefined
      ? refused(only, known.message)
      : known;
  }
}

/** The session ended before the answer came, or somebody else has committed under this number. */
function isDoubtful(error: unknown): boolean {
  return isSessionLost(error) || refusalOf(error)?.reason === "commit_mark";
}
