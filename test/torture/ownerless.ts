/**
 * Looks at the database itself: how long open runs are without a host that has a lease. The time in
 * which the database does not answer, or no host can reach it, counts for nobody, and neither does the
 * lease after it.
 */
import pg from "pg";
import { pause } from "./pause.ts";

const LOOK_MS = 250;
const SQL = `
SELECT r.tenant || '/' || r.run_id AS run FROM lockstitch.runs AS r
LEFT JOIN lockstitch.hosts AS h ON h.host = r.owner AND h.expires_at > now()
WHERE r.status <= 3 AND h.host IS NULL`;

export class Ownerless {
  /** The longest so far, milliseconds. */
  longestMs = 0;
  looks = 0;
  /** Milliseconds that counted, of all. */
  judgedMs = 0;
  readonly #beganMs = performance.now();
  readonly #url: string;
  readonly #afterOutageMs: number;
  readonly #since = new Map<string, number>();
  #isOver = false;
  #isExcused = false;
  #fromMs = 0;
  #lookedMs = performance.now();
  #looking: Promise<void> = Promise.resolve();

  /** `afterOutageMs`: for so long after an outage nobody takes runs. */
  constructor(url: string, afterOutageMs: number) {
    this.#url = url;
    this.#afterOutageMs = afterOutageMs;
  }

  begin(): void {
    this.#looking = this.#keepLooking();
  }

  /** Until it is called with false, no host can be blamed. */
  excuse(isExcused: boolean): void {
    this.#isExcused = isExcused;
    this.#away();
  }

  get judgedShare(): number {
    return this.judgedMs / Math.max(1, performance.now() - this.#beganMs);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#looking;
  }

  async #keepLooking(): Promise<void> {
    while (!this.#isOver) {
      const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: 2_000 });
      client.on("error", () => undefined);
      try {
        await client.connect();
        while (!this.#isOver) {
          const { rows } = await client.query<{ run: string }>(SQL);
          this.#note(rows.map(({ run }) => run));
          await pause(LOOK_MS);
        }
      } catch {
        // The database is away: nobody could take anything.
        this.#away();
        await pause(LOOK_MS);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  #away(): void {
    this.#since.clear();
    this.#fromMs = performance.now() + this.#afterOutageMs;
  }

  #note(runs: readonly string[]): void {
    const nowMs = performance.now();
    const passedMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (this.#isExcused) return;
    this.looks++;
    if (nowMs >= this.#fromMs) this.judgedMs += passedMs;
    const present = new Set(runs);
    for (const run of this.#since.keys()) if (!present.has(run)) this.#since.delete(run);
    for (const run of runs) {
      const sinceMs = this.#since.get(run) ?? Math.max(nowMs, this.#fromMs);
      this.#since.set(run, sinceMs);
      this.longestMs = Math.max(this.longestMs, nowMs - sinceMs);
    }
  }
}
