/**
 * Several hosts on one store: each has a lease by the store's clock, each open run has an owner.
 * A store that has one owner (SQLite) has no such port: all runs are its own.
 *
 * Promises (test/contract/hosts.ts):
 *   H1. A run has at most one owner, and its owner epoch grows at every change of owner, hand-over
 *       included. What its owner before commits is fenced (Journal J3).
 *   H2. claim() gives open runs that nobody drives: without an owner, or with one whose lease ran
 *       out by the store's clock. Two hosts never get the same run, however many ask.
 *   H3. beat() extends the lease from the instant at which the store took it. A lease that ran out
 *       may be extended too: runs that nobody claimed meanwhile are still the host's.
 *   H4. For one lease time after the store was away for longer than that, claim() takes nothing from
 *       hosts whose lease ran out meanwhile: they were as cut off as whoever asks.
 *   H5. tell() is a hint: it may be lost, and nothing depends on it but speed.
 *   H6. ask() is answered by what the other host's `onAsk` gave, or rejects with store_unavailable
 *       within the time named: then whether it was done is not known.
 *
 * Hosts are named by numbers that are never used again.
 */
import type { AdmissionState, RunHead } from "./journal.ts";
import type { SharedRates } from "./shared-rates.ts";
import type { SharedSlots } from "./shared-slots.ts";
import type { StartQuotas } from "./start-quotas.ts";

export interface HostFacts {
  readonly host: number;
  /** As people know it: the machine's name and the process. */
  readonly name: string;
  /** Where its API answers; null: it serves none. */
  readonly address: string | null;
  readonly startedAtMs: number;
  /** By the store's clock. */
  readonly expiresAtMs: number;
  /** It takes no runs any more. */
  readonly isDraining: boolean;
  /** Open runs that it owns, as it said last. */
  readonly openRuns: number;
}

/** What a host says of itself. */
export interface HostBeat {
  readonly address: string | null;
  readonly openRuns: number;
  readonly isDraining: boolean;
}

export interface BeatAnswer {
  /** The store's clock. */
  readonly nowMs: number;
  /** The lease had run out: somebody may have claimed runs of this host. */
  readonly wasLate: boolean;
  /** All that have a lease, this one included. */
  readonly hosts: readonly HostFacts[];
}

/**
 * What one host tells another: there are messages for its runs; there are runs to claim; its share of
 * slots is another, or others want some of it; circuit breakers have opened or closed; starts are to be
 * counted in the database for a while, because a host has lost what counted them.
 */
export type HostNotice = "messages" | "runs" | "slots" | "breakers" | "rates";

/** A run and the epoch under which its owner has it. */
export type OwnedRun = Pick<RunHead, "tenant" | "runId" | "epoch">;

export interface Hosts {
  /** This opening of the store. */
  readonly host: number;
  readonly leaseMs: number;
  beat(beat: HostBeat): Promise<BeatAnswer>;
  /** At most `limit` runs, which are this host's from now on; the oldest first. */
  claim(limit: number): Promise<readonly RunHead[]>;
  /** Open runs that are this host's under a later epoch: what a claim has taken whose answer was lost. */
  claimed(afterEpoch: number): Promise<readonly RunHead[]>;
  /** As claim(), one run; null: it is not open, or somebody drives it. */
  claimRun(tenant: string, runId: string): Promise<RunHead | null>;
  /** Gives runs up: anybody may claim them. Those that are this host's no more stay as they are. */
  release(runs: readonly OwnedRun[]): Promise<void>;
  /** Gives up the lease and all runs: somebody else may claim them at once. */
  leave(): Promise<void>;
  tell(host: number, notice: HostNotice): Promise<void>;
  /** Calls back for every notice until what it answers is called. */
  onNotice(listener: (notice: HostNotice) => void): () => void;
  /** What these hosts count together. */
  readonly slots: SharedSlots;
  /** Places for new runs; absent: each host counts its own. */
  readonly starts?: StartQuotas;
  /** Starts that these hosts count together; absent: each host counts for itself. */
  readonly rates?: SharedRates;
  /** Circuit breakers that are open and whose failures stand after the instant; absent: each host has its own. */
  openBreakers?(atMs: number): Promise<AdmissionState["breakers"]>;
  /** JSON text for JSON text. */
  ask(host: number, question: string, timeoutMs: number): Promise<string>;
  /** Who answers others' questions; it never rejects. One at a time may be set. */
  onAsk(answer: (question: string) => Promise<string>): void;
}
