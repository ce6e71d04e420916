/**
 * What a contract suite needs of an adapter: a fresh store, the same store opened again (as after a
 * restart), and builders for the data that suites put in.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import type { RunStatus } from "#workflow/statuses.ts";

export interface StoreFixture extends AsyncDisposable {
  readonly store: Store;
  /** Closes the store and opens what it kept, under a new epoch; `store` is that one from now on. */
  reopen(): Promise<Store>;
  /** Moves the adapter's clock. */
  advance(byMs: number): void;
}

export type OpenFixture = () => Promise<StoreFixture>;

export const ALICE: CallContext = { tenant: "alice", principal: "local", trace: null };
export const BOB: CallContext = { tenant: "bob", principal: "local", trace: null };

export interface TurnOptions {
  readonly tenant?: string;
  readonly runId: string;
  readonly epoch: number;
  readonly status?: RunStatus;
  /** null: no record. */
  readonly seqs?: readonly [first: number, last: number] | null;
  readonly events?: string;
  readonly rest?: Partial<TurnCommit>;
}

/** A turn of a run that is there. */
export function turn(options: TurnOptions): TurnCommit {
  const { runId, epoch, seqs = null } = options;
  return {
    tenant: options.tenant ?? ALICE.tenant,
    runId,
    epoch,
    create: null,
    record:
      seqs === null
        ? null
        : {
            runId,
            firstSeq: seqs[0],
            lastSeq: seqs[1],
            atMs: 1_000 + seqs[1],
            events: options.events ?? JSON.stringify([{ run: runId, from: seqs[0], to: seqs[1] }]),
          },
    status: options.status ?? "running",
    startedAtMs: null,
    endedAtMs: null,
    errorCode: null,
    sends: [],
    consumes: [],
    startKey: null,
    checkpoint: null,
    ...options.rest,
  };
}

/** The first turn of a run: events 1 and 2. */
export function creation(
  options: Omit<TurnOptions, "seqs"> & {
    readonly workflow?: string;
    readonly createdAtMs?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly parentRunId?: string;
  },
): TurnCommit {
  const created = turn({ ...options, seqs: [1, 2] });
  return {
    ...created,
    create: {
      tenant: created.tenant,
      runId: options.runId,
      workflow: options.workflow ?? "report",
      version: 1,
      createdAtMs: options.createdAtMs ?? 1_000,
      labels: options.labels ?? {},
      parentRunId: options.parentRunId ?? null,
      minReader: 1,
    },
  };
}
