/**
 * The SharedSlots port on PostgreSQL. A call is one transaction of two round trips: it locks its gates,
 * reads what hosts and runs have of them, shares out (share-out.ts), and writes what has changed; who is to
 * be told hears of it with the commit. Waiting claims are JSON that the database does not look into.
 */
import type { ContendedGate, SharedSlots, SlotDemand, SlotShare } from "#ports/shared-slots.ts";
import { type HostShare, type ShareAnswer, shareOut, type Waiting } from "../share-out.ts";
import { bigints, booleans, ints, texts } from "./columns.ts";
import type { Answer, Decision, Statement } from "./connection.ts";
import { lockOfGates } from "./shared-names.ts";
import { DROP_SLOT_SHARES } from "./sql/drop-slot-shares.ts";
import { HOLD_RUN_SLOTS } from "./sql/hold-run-slots.ts";
import { LIST_CONTENDED_GATES } from "./sql/list-contended-gates.ts";
import { LOOK_AT_LEASE } from "./sql/look-at-lease.ts";
import { NOTIFY_ALL } from "./sql/notify-all.ts";
import { READ_RUN_SLOTS } from "./sql/read-run-slots.ts";
import { READ_SLOT_SHARES } from "./sql/read-slot-shares.ts";
import { WRITE_SLOT_SHARES } from "./sql/write-slot-shares.ts";
import type { StoreParts } from "./store-parts.ts";

const SETTLING = "settling slots";
const HOLDERS_MAX = 100;
/**
 * A lease that was renewed right before it ran out may still be on its way to the server: no statement
 * waits longer for a lock (database-address.ts).
 */
const GRACE_MS = 3_000;

interface SlotsOptions {
  readonly host: number;
  /** How long the server must have been up before leases that ran out mean anything (Hosts H4). */
  patienceMs(): number;
  /** On which host `host` listens. */
  channelOf(host: number): string;
}

interface ShareRow extends Omit<HostShare, "waiting"> {
  /** Of the gate, from 1 on. */
  readonly place: number;
  readonly waiting: string;
  readonly isLive: boolean;
  readonly isGone: boolean;
}

interface RunRow {
  readonly place: number;
  readonly tenant: string;
  readonly runId: string;
  readonly owner: number | null;
  readonly count: number;
  readonly isOld: boolean;
}

interface LeaseRow {
  readonly nowMs: number;
  readonly isLive: boolean;
}

type PlacedClaims = readonly [
  limit: number,
  priority: number,
  sinceMs: number | null,
  count: number,
];

export class PostgresSlots implements SharedSlots {
  readonly #parts: Pick<StoreParts, "sessions">;
  readonly #options: SlotsOptions;

  constructor(parts: Pick<StoreParts, "sessions">, options: SlotsOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  async settle(demands: readonly SlotDemand[], ageingMs: number): Promise<readonly SlotShare[]> {
    if (demands.length === 0) return [];
    const { sessions } = this.#parts;
    return await sessions.inTwoTrips(SETTLING, this.#looks(demands), (answers) =>
      this.#decide(demands, ageingMs, answers),
    );
  }

  async contended(): Promise<readonly ContendedGate[]> {
    const { sessions } = this.#parts;
    return await sessions.all<ContendedGate>(
      ...(["looking for contended slots", LIST_CONTENDED_GATES, this.#options.host] as const),
    );
  }

  #looks(demands: readonly SlotDemand[]): readonly Statement[] {
    const gates = texts(demands.map(({ gate }) => gate));
    const wanted = ints(demands.map(({ waiting }) => Math.min(countOf(waiting), HOLDERS_MAX)));
    const { host, patienceMs } = this.#options;
    return [
      lockOfGates(demands.map(({ gate }) => gate)),
      ...holdRuns(demands),
      { sql: READ_SLOT_SHARES, values: [gates, patienceMs(), GRACE_MS] },
      { sql: READ_RUN_SLOTS, values: [gates, wanted] },
      { sql: LOOK_AT_LEASE, values: [host] },
    ];
  }

  #decide(
    demands: readonly SlotDemand[],
    ageingMs: number,
    answers: readonly Answer<unknown>[],
  ): Decision<readonly SlotShare[]> {
    const { host } = this.#options;
    const rowsOf = <Row>(fromLast: number) => (answers.at(-fromLast)?.rows ?? []) as readonly Row[];
    const shares = byPlace(rowsOf<ShareRow>(3));
    const runs = byPlace(rowsOf<RunRow>(2));
    const [lease] = rowsOf<LeaseRow>(1);
    const { nowMs = 0, isLive = false } = lease ?? {};
    const writing = new Writing();
    const result = demands.map((demand, index) => {
      const all = shares.get(index + 1) ?? [];
      const known = all.filter((row) => row.host === host || !row.isGone);
      const holding = runs.get(index + 1) ?? [];
      const lapsed = new Set(known.filter((row) => !row.isLive).map((row) => row.host));
      if (!isLive) lapsed.add(host);
      const answer = shareOut({
        ...{ host, demand, lapsed, nowMs, ageingMs, shares: known.map(toShare) },
        ofRuns: holding[0]?.count ?? 0,
        drivers: [...new Set(holding.flatMap(({ owner }) => owner ?? []))],
      });
      for (const row of all) if (!known.includes(row)) writing.drop(demand.gate, row.host);
      writing.add(demand, host, answer);
      return toAnswer(demand.gate, answer, holding);
    });
    return { statements: writing.statements(this.#options), result };
  }
}

/** What a call changes. */
class Writing {
  readonly #changed: {
    readonly gate: string;
    readonly share: HostShare;
    /** The greatest limit that its host has met; null: it has not said so now. */
    readonly most: number | null;
  }[] = [];
  readonly #dropped: { readonly gate: string; readonly host: number }[] = [];
  readonly #tell = new Set<number>();

  add({ gate, limit, waiting }: SlotDemand, caller: number, answer: ShareAnswer): void {
    const { changed, dropped, tell } = answer;
    const most = Math.max(limit, ...waiting.map((claims) => claims.limit));
    for (const share of changed)
      this.#changed.push({ gate, share, most: share.host === caller ? most : null });
    for (const host of dropped) this.drop(gate, host);
    for (const host of tell) this.#tell.add(host);
  }

  drop(gate: string, host: number): void {
    this.#dropped.push({ gate, host });
  }

  statements({ channelOf }: SlotsOptions): readonly Statement[] {
    const statements: Statement[] = [];
    const [changed, dropped] = [this.#changed, this.#dropped];
    const shares = changed.map(({ share }) => share);
    if (dropped.length > 0) {
      const gates = texts(dropped.map(({ gate }) => gate));
      const hosts = bigints(dropped.map(({ host }) => host));
      statements.push({ sql: DROP_SLOT_SHARES, values: [gates, hosts] });
    }
    if (changed.length > 0)
      statements.push({
        sql: WRITE_SLOT_SHARES,
        values: [
          texts(changed.map(({ gate }) => gate)),
          bigints(shares.map(({ host }) => host)),
          bigints(shares.map(({ turn }) => turn)),
          ints(shares.map(({ held }) => held)),
          ints(shares.map(({ waiting }) => countOf(waiting))),
          booleans(shares.map(({ isGiven }) => isGiven)),
          booleans(shares.map(({ isTold }) => isTold)),
          texts(shares.map(({ waiting }) => toText(waiting))),
          ints(changed.map(({ most }) => most)),
          ints(shares.map(({ cap }) => cap)),
        ],
      });
    if (this.#tell.size > 0) {
      const channels = texts([...this.#tell].map(channelOf));
      statements.push({ sql: NOTIFY_ALL, values: [channels, "slots"] });
    }
    return statements;
  }
}

function holdRuns(demands: readonly SlotDemand[]): readonly Statement[] {
  const held = demands.flatMap(({ gate, runs }) => runs.map((run) => ({ ...run, gate })));
  if (held.length === 0) return [];
  const values = [
    texts(held.map(({ tenant }) => tenant)),
    texts(held.map(({ runId }) => runId)),
    texts(held.map(({ gate }) => gate)),
  ];
  return [{ sql: HOLD_RUN_SLOTS, values }];
}

function toAnswer(gate: string, answer: ShareAnswer, holding: readonly RunRow[]): SlotShare {
  const { held, elsewhere, besides, waitingElsewhere, short } = answer;
  const holders = holding
    .filter(({ isOld }) => isOld)
    .slice(0, Math.min(short, HOLDERS_MAX))
    .map(({ tenant, runId }) => ({ tenant, runId }));
  return { gate, held, elsewhere, besides, waitingElsewhere, holders };
}

function toShare({ host, held, turn, isGiven, isTold, cap, waiting }: ShareRow): HostShare {
  return { host, held, turn, isGiven, isTold, cap, waiting: fromText(waiting) };
}

function toText(waiting: readonly Waiting[]): string {
  return JSON.stringify(
    waiting.map(
      ({ limit, priority, sinceMs, count }): PlacedClaims => [limit, priority, sinceMs, count],
    ),
  );
}

function fromText(text: string): readonly Waiting[] {
  return (JSON.parse(text) as readonly PlacedClaims[]).map(([limit, priority, sinceMs, count]) => {
    return { limit, priority, sinceMs, count };
  });
}

function countOf(waiting: readonly { readonly count: number }[]): number {
  return waiting.reduce((sum, { count }) => sum + count, 0);
}

function byPlace<Row extends { readonly place: number }>(
  rows: readonly Row[],
): ReadonlyMap<number, readonly Row[]> {
  return Map.groupBy(rows, ({ place }) => place);
}
