/**
 * Reads of one kind that are asked for together (a host loads many runs after a take-over) go out as one
 * statement: a round trip each, and what a statement costs on both sides, would be most of their time.
 *
 *   1. A read that is alone is sent as the plain statement.
 *   2. What is sent was asked for before: it sees every commit that was answered by then.
 *   3. One that fails fails all that went with it, as each of them would have alone.
 */

/** What is asked for; the rows of an answer that belong to it are told by `at`, its place among `asks`. */
interface Kind<Ask, Row> {
  one(ask: Ask): Promise<readonly Row[]>;
  many(asks: readonly Ask[]): Promise<readonly (Row & { readonly at: number })[]>;
}

interface Waiting<Ask, Row> {
  readonly ask: Ask;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/** An answer of so many runs' turns or checkpoints stays small beside what a host holds in memory. */
const AT_ONCE_MAX = 32;

export class GatheredReads<Ask, Row> {
  readonly #kind: Kind<Ask, Row>;
  #waiting: Waiting<Ask, Row>[] = [];

  constructor(kind: Kind<Ask, Row>) {
    this.#kind = kind;
  }

  read(ask: Ask): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      // Behind everything that goes on at this moment, promises included.
      if (this.#waiting.length === 0) process.nextTick(() => this.#sendAll());
      this.#waiting.push({ ask, resolve, reject });
    });
  }

  #sendAll(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < all.length; from += AT_ONCE_MAX)
      void this.#send(all.slice(from, from + AT_ONCE_MAX));
  }

  /** Never rejects: whoever asked is told. */
  async #send(some: readonly Waiting<Ask, Row>[]): Promise<void> {
    const [only] = some;
    try {
      if (only !== undefined && some.length === 1)
        return only.resolve(await this.#kind.one(only.ask));
      const rowsOf: Row[][] = some.map(() => []);
      for (const { at, ...row } of await this.#kind.many(some.map(({ ask }) => ask)))
        rowsOf[at]?.push(row as Row);
      for (const [at, { resolve }] of some.entries()) resolve(rowsOf[at] ?? []);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}
