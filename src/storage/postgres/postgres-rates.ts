/**
 * The SharedRates port on PostgreSQL: a row for each token, counted under locks of the names, in one
 * round trip. The transaction is answered before it is on the disk (commit-soon.ts): an attempt starts
 * only after its turn is, and with that its token.
 */
import { hash } from "node:crypto";
import {
  type RateDemand,
  type RateGrant,
  type RateReport,
  type SharedRates,
  TOKEN_MS,
} from "#ports/shared-rates.ts";
import { bigints, booleans, ints, texts } from "./columns.ts";
import type { Sessions, Statement } from "./connection.ts";
import { COMMIT_SOON } from "./sql/commit-soon.ts";
import { DROP_RATE_TOKENS } from "./sql/drop-rate-tokens.ts";
import { LOCK_SHARED } from "./sql/lock-shared.ts";
import { START_RATE_TOKENS } from "./sql/start-rate-tokens.ts";
import { TAKE_RATE_TOKENS } from "./sql/take-rate-tokens.ts";

/** Any number that other users of the database's advisory locks are unlikely to have: "lkrt". */
const LOCK_CLASS = 0x6c6b7274;
/** Names share so many locks: two with one wait for each other, nothing more. */
const BUCKETS = 1_024;

type Placed = readonly [index: number, demand: RateDemand];

export class PostgresRates implements SharedRates {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async take(
    demands: readonly RateDemand[],
    reports: readonly RateReport[],
  ): Promise<readonly RateGrant[]> {
    if (demands.length + reports.length === 0) return [];
    const rounds = roundsOf(demands);
    const before = [
      { sql: COMMIT_SOON, values: [] },
      lockOf([...demands, ...reports]),
      ...reportsOf(reports),
    ];
    const answers = await this.#sessions.together("counting starts", [
      ...before,
      ...rounds.map(takeOf),
    ]);
    const grants: RateGrant[] = [];
    for (const [round, placed] of rounds.entries()) {
      const rows = answers[before.length + round]?.rows as readonly RateGrant[];
      for (const [row, [index]] of placed.entries())
        grants[index] = rows[row] ?? { granted: 0, retryAfterMs: null };
    }
    return grants;
  }
}

/** One statement counts a name once: demands of one name follow each other. */
function roundsOf(demands: readonly RateDemand[]): readonly (readonly Placed[])[] {
  const rounds: Placed[][] = [];
  const seen = new Map<string, number>();
  for (const [index, demand] of demands.entries()) {
    const round = seen.get(demand.name) ?? 0;
    seen.set(demand.name, round + 1);
    rounds[round] ??= [];
    rounds[round].push([index, demand]);
  }
  return rounds;
}

function lockOf(named: readonly { readonly name: string }[]): Statement {
  const buckets = new Set(
    named.map(({ name }) => hash("sha256", name, "buffer").readUInt32BE(0) % BUCKETS),
  );
  const sorted = [...buckets].sort((a, b) => a - b);
  const values = [LOCK_CLASS, ints(sorted), booleans(sorted.map(() => false))];
  return { sql: LOCK_SHARED, values };
}

function reportsOf(reports: readonly RateReport[]): readonly Statement[] {
  const statements: Statement[] = [];
  const unused = reports.filter(({ startedAgoMs }) => startedAgoMs === null);
  const started = reports.filter(({ startedAgoMs }) => startedAgoMs !== null);
  const columns = (of: readonly RateReport[]) => [
    texts(of.map(({ name }) => name)),
    texts(of.map(({ token }) => token)),
  ];
  if (unused.length > 0) statements.push({ sql: DROP_RATE_TOKENS, values: columns(unused) });
  if (started.length > 0)
    statements.push({
      sql: START_RATE_TOKENS,
      values: [
        ...columns(started),
        bigints(started.map(({ perMs }) => perMs)),
        bigints(started.map(({ startedAgoMs }) => Math.max(0, Math.floor(startedAgoMs ?? 0)))),
      ],
    });
  return statements;
}

function takeOf(round: readonly Placed[]): Statement {
  const wanted = round.flatMap(([, demand], at) =>
    demand.wanted.map((token, place) => ({ position: at + 1, token, place: place + 1 })),
  );
  return {
    sql: TAKE_RATE_TOKENS,
    values: [
      texts(round.map(([, { name }]) => name)),
      bigints(round.map(([, { limit }]) => limit)),
      bigints(round.map(([, { perMs }]) => perMs)),
      ints(round.map(([, demand]) => demand.wanted.length)),
      ints(wanted.map(({ position }) => position)),
      texts(wanted.map(({ token }) => token)),
      ints(wanted.map(({ place }) => place)),
      TOKEN_MS,
    ],
  };
}
