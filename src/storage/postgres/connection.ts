/**
 * Sessions with the database: a bounded pool for reads and short changes, and one session of the
 * writer's own, opened again after it is lost.
 *
 *   1. Every statement is prepared once per session, under a name that stands for its text.
 *   2. A transaction goes out as one piece, with no answer awaited in between: after an error the
 *      server skips the rest and its COMMIT rolls back, which is told by its answer.
 *   3. A session that failed in any way that may linger is not used again.
 *   4. What collided with another transaction (serialisation, deadlock) is done again, a few times.
 *   5. Text may hold U+0000 (nul-text.ts).
 *   6. After close() everything is refused with store_unavailable, and what was under way has ended.
 */
import pg, {
  type Client,
  type ClientConfig,
  type Pool,
  type PoolClient,
  type QueryResult,
} from "pg";
import { LockstitchError } from "#errors/errors.ts";
import { AnswerGuard } from "./answer-guard.ts";
import type { DatabaseAddress } from "./database-address.ts";
import { fromStoredText, toStoredText } from "./nul-text.ts";
import { isCollision, isSessionLost, toStoreError } from "./postgres-error.ts";

/** A statement with its values; Buffers go over as they are. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** What a statement answered: its rows, and how many it touched. */
export interface Answer<Row> {
  readonly rows: readonly Row[];
  readonly count: number;
}

export const POOL_MAX = 10;
const IDLE_MS = 30_000;
const TRIES = 5;

const NAMES = new Map<string, string>();

function nameOf(sql: string): string {
  let name = NAMES.get(sql);
  if (name === undefined) {
    name = `ls${NAMES.size + 1}`;
    NAMES.set(sql, name);
  }
  return name;
}

/** Ids and instants stay below 2^53. */
const INT8 = 20;
const TEXT = 25;
/** Of every session. */
const TYPES = {
  getTypeParser: ((oid: number, format: "text" | "binary") => {
    if (oid === INT8) return Number;
    return oid === TEXT ? fromStoredText : pg.types.getTypeParser(oid, format);
  }) as typeof pg.types.getTypeParser,
};

function toStored(value: unknown): unknown {
  return typeof value === "string" ? toStoredText(value) : value;
}

/**
 * A prepared statement, built from its text: given as an object of options, the library copies it
 * property by property, which takes longer than all else that is done for a statement here.
 */
class PreparedQuery extends pg.Query {
  readonly name: string;

  constructor(
    { sql, values }: Statement,
    answer: (error: Error | null, result: QueryResult) => void,
  ) {
    super(sql, values.map(toStored), answer as never);
    this.name = nameOf(sql);
  }
}

function run<Row>(client: Client | PoolClient, statement: Statement): Promise<Answer<Row>> {
  return new Promise((resolve, reject) => {
    client.query(
      new PreparedQuery(statement, (error, result) => {
        if (error === null) resolve({ rows: result.rows as Row[], count: result.rowCount ?? 0 });
        else reject(error);
      }),
    );
  });
}

/** The client's socket, which its types leave out. */
interface Wired {
  readonly connection: { readonly stream: { cork(): void; uncork(): void; destroy(): void } };
}

function streamOf(client: Client | PoolClient): Wired["connection"]["stream"] {
  return (client as unknown as Wired).connection.stream;
}

/** Sends all that `begin` asks in one write; rejects with the first error when all have ended. */
async function sent<Result>(
  client: Client | PoolClient,
  begin: () => readonly Promise<Result>[],
): Promise<readonly Result[]> {
  const stream = streamOf(client);
  stream.cork();
  const asked = begin();
  // Once those of this turn of the loop are there.
  process.nextTick(() => stream.uncork());
  for (const one of await Promise.allSettled(asked))
    if (one.status === "rejected") throw one.reason;
  return Promise.all(asked);
}

type Sent = QueryResult | Answer<unknown>;

/**
 * The statements in one transaction, in one go. Rejects with the first error; an error that names
 * no cause (the connection broke behind COMMIT) leaves open whether it was committed.
 */
async function runTogether(
  client: Client | PoolClient,
  statements: readonly Statement[],
): Promise<readonly Answer<unknown>[]> {
  const answers = await sent<Sent>(client, () => [
    client.query("BEGIN"),
    ...statements.map((statement) => run<unknown>(client, statement)),
    client.query("COMMIT"),
  ]);
  refuseRolledBack(answers);
  return answers.slice(1, -1) as readonly Answer<unknown>[];
}

function refuseRolledBack(answers: readonly Sent[]): void {
  const ended = answers.at(-1);
  if (ended === undefined || !("command" in ended) || ended.command !== "COMMIT")
    throw new LockstitchError("store_unavailable", "the database rolled the transaction back");
}

/** Only what rolled back is done again. */
async function withTries<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !isCollision(error)) throw error;
    }
  }
}

function closedError(): LockstitchError {
  return new LockstitchError("store_unavailable", "the store is closed");
}

/** The pool: for reads, and for changes that are no commit. */
export class Sessions {
  readonly #pool: Pool;
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  constructor(address: DatabaseAddress, poolMax = POOL_MAX) {
    this.#pool = new pg.Pool({
      ...address.config,
      types: TYPES,
      max: poolMax,
      idleTimeoutMillis: IDLE_MS,
      allowExitOnIdle: true,
    });
    // An idle session that loses its server is dropped by the pool; the next call opens another.
    this.#pool.on("error", () => {});
    // One that loses it while it works rejects the statement; the event would end the process.
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  /** Rows as the statement names its columns; `Row` is what the SQL text promises. */
  async all<Row>(
    doing: string,
    sql: string,
    ...values: readonly unknown[]
  ): Promise<readonly Row[]> {
    return (await this.change<Row>(doing, sql, ...values)).rows;
  }

  async get<Row>(
    doing: string,
    sql: string,
    ...values: readonly unknown[]
  ): Promise<Row | undefined> {
    return (await this.change<Row>(doing, sql, ...values)).rows[0];
  }

  /** One statement, which is one transaction. */
  change<Row>(doing: string, sql: string, ...values: readonly unknown[]): Promise<Answer<Row>> {
    return this.#with(doing, (client) => run<Row>(client, { sql, values }));
  }

  /** Several statements in one transaction, in one round trip; an answer for each. */
  together(doing: string, statements: readonly Statement[]): Promise<readonly Answer<unknown>[]> {
    return this.#with(doing, (client) => runTogether(client, statements));
  }

  /**
   * A transaction whose statements depend on each other's answers. `work` may run more than once,
   * and touches nothing but the transaction.
   */
  transaction<Result>(doing: string, work: (ask: Ask) => Promise<Result>): Promise<Result> {
    return this.#with(doing, async (client) => {
      await client.query("BEGIN");
      try {
        const result = await work((sql, ...values) => run(client, { sql, values }));
        const { command } = await client.query("COMMIT");
        if (command !== "COMMIT") throw new Error("the database rolled the transaction back");
        return result;
      } catch (error) {
        if (!isSessionLost(error)) await client.query("ROLLBACK");
        throw error;
      }
    });
  }

  /**
   * A transaction in two round trips: what `first` answers decides what is written. `decide` may be
   * called more than once, and touches nothing.
   */
  inTwoTrips<Result>(
    doing: string,
    first: readonly Statement[],
    decide: (answers: readonly Answer<unknown>[]) => Decision<Result>,
  ): Promise<Result> {
    return this.#with(doing, async (client) => {
      try {
        const [, ...answers] = await sent<Sent>(client, () => [
          client.query("BEGIN"),
          ...first.map((statement) => run<unknown>(client, statement)),
        ]);
        const { statements, result } = decide(answers as readonly Answer<unknown>[]);
        const ended = await sent<Sent>(client, () => [
          ...statements.map((statement) => run<unknown>(client, statement)),
          client.query("COMMIT"),
        ]);
        refuseRolledBack(ended);
        return result;
      } catch (error) {
        if (!isSessionLost(error)) await client.query("ROLLBACK");
        throw error;
      }
    });
  }

  /** Waits for what is under way. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled([...this.#underWay]).then(() => this.#pool.end());
    return this.#closing;
  }

  async #with<Result>(
    doing: string,
    work: (client: PoolClient) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closing !== null) throw closedError();
    const call = withTries(async () => {
      const client = await this.#pool.connect();
      let isLost = true;
      try {
        const result = await work(client);
        isLost = false;
        return result;
      } catch (error) {
        isLost = isSessionLost(error);
        throw error;
      } finally {
        client.release(isLost);
      }
    });
    this.#underWay.add(call);
    try {
      return await call;
    } catch (error) {
      throw toStoreError(error, doing);
    } finally {
      this.#underWay.delete(call);
    }
  }
}

/** What a transaction writes in the end, and what its caller is answered. */
export interface Decision<Result> {
  readonly statements: readonly Statement[];
  readonly result: Result;
}

/** Asks one statement inside a transaction. */
export type Ask = <Row>(sql: string, ...values: readonly unknown[]) => Promise<Answer<Row>>;

/** The writer's own session. Its calls follow each other: the caller sees to that. */
export class WriterSession {
  readonly #config: ClientConfig;
  readonly #guard: AnswerGuard | null;
  readonly #prepare: (ask: Ask) => Promise<void>;
  #client: Client | null = null;
  /** The newest, open or not. */
  #latest: Client | null = null;

  /** `prepare` is asked once for every session that is opened, before it is used. */
  constructor({ config }: DatabaseAddress, prepare: (ask: Ask) => Promise<void>) {
    const { query_timeout: limitMs } = config;
    this.#config = { ...config, types: TYPES, query_timeout: 0 };
    this.#guard = limitMs === undefined ? null : new AnswerGuard(limitMs, () => this.#giveUp());
    this.#prepare = prepare;
  }

  /** Nobody has told yet that it is lost. */
  get isOpen(): boolean {
    return this.#client !== null;
  }

  /** Opens the session where there is none. Rejects with what the server or the network said. */
  async open(): Promise<void> {
    await this.#guarded(() => this.#opened());
  }

  /** One statement alone, several in one transaction. Errors come as they are. */
  run(statements: readonly Statement[]): Promise<readonly Answer<unknown>[]> {
    return withTries(() => this.#guarded(() => this.#run(statements)));
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#guard?.close();
    // What cannot be ended in good order is ended already.
    await client?.end().catch(() => {});
  }

  async #run(statements: readonly Statement[]): Promise<readonly Answer<unknown>[]> {
    const client = await this.#opened();
    try {
      const only = statements[0];
      if (only !== undefined && statements.length === 1) return [await run<unknown>(client, only)];
      return await runTogether(client, statements);
    } catch (error) {
      if (isSessionLost(error)) await this.close();
      throw error;
    }
  }

  #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#guard === null ? work() : this.#guard.during(work);
  }

  /** Whatever waits for an answer is told that the connection has ended. */
  #giveUp(): void {
    if (this.#latest !== null) streamOf(this.#latest).destroy();
  }

  async #opened(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = new pg.Client(this.#config);
    this.#latest = client;
    // Told to whoever waits for an answer; without one, by the next statement.
    client.on("error", () => {
      if (this.#client === client) this.#client = null;
    });
    try {
      await client.connect();
      await this.#prepare((sql, ...values) => run(client, { sql, values }));
    } catch (error) {
      // The error that is thrown says it all.
      await client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    return client;
  }
}
