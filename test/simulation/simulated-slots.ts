/**
 * What a simulated disk knows of slots that hosts share (ports/shared-slots.ts), as plain data. Who has
 * a lease, which runs count and who drives them the disk says; everything is atomic.
 */
import type { TurnCommit } from "#ports/journal.ts";
import type { ContendedGate, HoldingRun, SlotDemand, SlotShare } from "#ports/shared-slots.ts";
import { type HostShare, shareOut } from "../../src/storage/share-out.ts";

/** What the disk knows besides. */
export interface SlotFacts {
  readonly nowMs: number;
  /** The caller takes nothing from hosts whose lease is over (Hosts H4). */
  readonly isPatient: boolean;
  isHeld(host: number): boolean;
  /** Runs that are open, or that a message waits to begin: who drives it (null: nobody); undefined: no such run. */
  driverOf(run: HoldingRun): number | null | undefined;
}

const HOLDERS_MAX = 100;

export class SimulatedSlots {
  readonly #shares = new Map<string, Map<number, HostShare>>();
  /** Which gate a run holds a slot of, in the order in which they came. */
  readonly #runs = new Map<string, HoldingRun & { readonly gate: string }>();
  /** Counted for tests. */
  readonly counts = { settled: 0, told: 0, reclaimed: 0, givenByOthers: 0 };

  /** Whether the host has the slot that the turn takes, or needs none for it. */
  fits(turn: TurnCommit, host: number): boolean {
    const share = this.#takenShare(turn, host);
    return share === null || share.held > 0;
  }

  commit(turn: TurnCommit, host: number): void {
    const { tenant, runId, slot } = turn;
    if (slot === undefined) return;
    const share = this.#takenShare(turn, host);
    if (share !== null && slot.gate !== null)
      this.#shares.get(slot.gate)?.set(host, { ...share, held: share.held - 1 });
    if (slot.runId !== runId) this.#hold({ tenant, runId }, null);
    this.#hold({ tenant, runId: slot.runId }, slot.gate);
  }

  /** The share that the turn's slot comes from; null: from none. */
  #takenShare({ tenant, runId, slot }: TurnCommit, host: number): HostShare | null {
    if (slot === undefined || slot.gate === null) return null;
    const { gate } = slot;
    if ([runId, slot.runId].some((run) => this.#runs.get(`${tenant}\n${run}`)?.gate === gate))
      return null;
    const none = { host, held: 0, waiting: [], turn: 0, isGiven: false, isTold: false, cap: null };
    return this.#shares.get(gate)?.get(host) ?? none;
  }

  #hold({ tenant, runId }: HoldingRun, gate: string | null): void {
    const run = `${tenant}\n${runId}`;
    if (this.#runs.get(run)?.gate === gate) return;
    this.#runs.delete(run);
    if (gate !== null) this.#runs.set(run, { tenant, runId, gate });
  }

  /** Answers as the port says, and which hosts are to be told. */
  settle(
    host: number,
    demands: readonly SlotDemand[],
    ageingMs: number,
    facts: SlotFacts,
  ): { readonly shares: readonly SlotShare[]; readonly tell: ReadonlySet<number> } {
    const tell = new Set<number>();
    const shares = demands.map((demand) => {
      const { gate } = demand;
      this.counts.settled++;
      for (const run of demand.runs) if (facts.driverOf(run) !== undefined) this.#hold(run, gate);
      const known = this.#shares.get(gate) ?? new Map<number, HostShare>();
      this.#shares.set(gate, known);
      this.#reclaim(known, host, facts);
      const { runs, drivers } = this.#holding(gate, facts);
      const lapsed = new Set([...known.keys(), host].filter((one) => !facts.isHeld(one)));
      const answer = shareOut({
        ...{ host, demand, shares: [...known.values()], lapsed, ofRuns: runs.length, drivers },
        ...{ nowMs: facts.nowMs, ageingMs },
      });
      for (const one of answer.dropped) known.delete(one);
      for (const share of answer.changed) {
        if (share.isGiven && share.host !== host) this.counts.givenByOthers++;
        known.set(share.host, share);
      }
      if (known.size === 0) this.#shares.delete(gate);
      for (const one of answer.tell) tell.add(one);
      const { held, elsewhere, besides, waitingElsewhere, short } = answer;
      const holders = runs.slice(0, Math.min(short, HOLDERS_MAX));
      return { gate, held, elsewhere, besides, waitingElsewhere, holders };
    });
    this.counts.told += tell.size;
    return { shares, tell };
  }

  contended(host: number, facts: SlotFacts): readonly ContendedGate[] {
    return [...this.#shares].flatMap(([gate, known]) => {
      const own = known.get(host);
      if (own === undefined) return [];
      const isWanted = [...known.values()].some(
        (other) => other.host !== host && facts.isHeld(other.host) && other.waiting.length > 0,
      );
      const { held, isGiven, isTold } = own;
      return isGiven || (isWanted && (held > 0 || isTold)) ? [{ gate, isGiven }] : [];
    });
  }

  leave(host: number): void {
    for (const [gate, known] of this.#shares) {
      known.delete(host);
      if (known.size === 0) this.#shares.delete(gate);
    }
  }

  /** For tests: what each host has of a gate. */
  sharesOf(gate: string): readonly HostShare[] {
    return [...(this.#shares.get(gate)?.values() ?? [])];
  }

  #reclaim(known: Map<number, HostShare>, host: number, facts: SlotFacts): void {
    if (facts.isPatient) return;
    for (const other of known.keys()) {
      if (other === host || facts.isHeld(other)) continue;
      known.delete(other);
      this.counts.reclaimed++;
    }
  }

  /** Runs that hold slots of the gate, and who drives them; those that are over are forgotten. */
  #holding(
    gate: string,
    facts: SlotFacts,
  ): { readonly runs: readonly HoldingRun[]; readonly drivers: readonly number[] } {
    const runs: HoldingRun[] = [];
    const drivers = new Set<number>();
    for (const [name, { tenant, runId, gate: held }] of this.#runs) {
      if (held !== gate) continue;
      const driver = facts.driverOf({ tenant, runId });
      if (driver === undefined) this.#runs.delete(name);
      else runs.push({ tenant, runId });
      if (driver != null) drivers.add(driver);
    }
    return { runs, drivers: [...drivers] };
  }
}
