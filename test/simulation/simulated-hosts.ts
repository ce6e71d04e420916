/**
 * The Hosts port in the simulation: several processes on one simulated disk, each of which can be
 * killed, or cut off from it for a while. Questions and notices go through the disk as well.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Clock } from "#ports/clock.ts";
import type { HostNotice, Hosts } from "#ports/hosts.ts";
import type { SharedRates } from "#ports/shared-rates.ts";
import type { SharedSlots } from "#ports/shared-slots.ts";
import type { StartQuotas } from "#ports/start-quotas.ts";
import { never } from "./never.ts";
import type { SimulatedData } from "./simulated-data.ts";
import type { SimulatedOwners } from "./simulated-owners.ts";

export interface HostNetwork {
  /** Milliseconds that a call takes. */
  delayMs(): number;
  /** Whether a notice is lost. */
  isLost(): boolean;
  /** Whether what has been done is not answered. */
  isAnswerLost(): boolean;
}

export class SimulatedHost implements Hosts {
  readonly host: number;
  readonly leaseMs: number;
  isAlive = true;
  /** Nothing reaches the disk, and nothing comes back. */
  isCut = false;
  /** Until when its process does nothing (a long collection, a machine that is moved). */
  stalledUntilMs = 0;
  readonly #name: string;
  readonly #data: SimulatedData;
  readonly #owners: SimulatedOwners;
  readonly #clock: Clock;
  readonly #network: HostNetwork;
  readonly #others: () => readonly SimulatedHost[];
  readonly #listeners = new Set<(notice: HostNotice) => void>();
  #answer: ((question: string) => Promise<string>) | null = null;
  #lastBeatMs: number | null = null;
  #patientUntilMs = 0;

  constructor(of: {
    readonly name: string;
    readonly data: SimulatedData;
    readonly owners: SimulatedOwners;
    readonly clock: Clock;
    readonly network: HostNetwork;
    others(): readonly SimulatedHost[];
  }) {
    this.#name = of.name;
    this.#data = of.data;
    this.#owners = of.owners;
    this.#clock = of.clock;
    this.#network = of.network;
    this.#others = of.others;
    this.host = of.owners.nextEpoch();
    this.leaseMs = of.owners.leaseMs;
  }

  /** H4: it was cut off for longer than a lease, less than a lease ago. */
  get isPatient(): boolean {
    return this.#clock.monotonicMs() < this.#patientUntilMs;
  }

  /** Resolves when its process does something again; never in a dead one. */
  async awake(): Promise<void> {
    while (this.isAlive && this.stalledUntilMs > this.#clock.monotonicMs()) {
      const leftMs = this.stalledUntilMs - this.#clock.monotonicMs();
      await new Promise<void>((resolve) => void this.#clock.after(leftMs, resolve));
    }
    if (!this.isAlive) await never();
  }

  /** Takes effect half-way; an answer that is cut off is lost, what it answers has happened. */
  async #call<Result>(act: () => Result | Promise<Result>): Promise<Result> {
    await this.#pass(this.#network.delayMs());
    if (this.isCut) throw away();
    const result = await act();
    await this.#pass(this.#network.delayMs());
    if (this.isCut || this.#network.isAnswerLost()) throw away();
    return result;
  }

  async #pass(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#clock.after(delayMs, resolve));
    await this.awake();
  }

  beat: Hosts["beat"] = async (beat) => {
    const sentMs = this.#clock.monotonicMs();
    const answer = await this.#call(() => this.#owners.beat(this.host, this.#name, beat));
    if (this.#lastBeatMs !== null && sentMs - this.#lastBeatMs > this.leaseMs)
      this.#patientUntilMs = this.#clock.monotonicMs() + this.leaseMs;
    this.#lastBeatMs = sentMs;
    return answer;
  };

  claim: Hosts["claim"] = (limit) =>
    this.#call(() => {
      const taken = this.#owners.claim(this.host, this.#data.openKeys(), limit, !this.isPatient);
      return taken.map((run) => this.#data.headOfKey(run));
    });

  claimed: Hosts["claimed"] = (afterEpoch) =>
    this.#call(() =>
      this.#data
        .openKeys()
        .map((run) => this.#data.headOfKey(run))
        .filter(({ owner, epoch }) => owner === this.host && epoch > afterEpoch),
    );

  claimRun: Hosts["claimRun"] = (tenant, runId) =>
    this.#call(() => {
      const head = this.#data.head(tenant, runId);
      const open = this.#data.openKeys().filter((run) => run === `${tenant}\n${runId}`);
      if (head === null) return null;
      const [taken] = this.#owners.claim(this.host, open, 1, !this.isPatient);
      return taken === undefined ? null : this.#data.headOfKey(taken);
    });

  release: Hosts["release"] = (runs) =>
    this.#call(() => {
      for (const { tenant, runId, epoch } of runs)
        this.#owners.release(this.host, `${tenant}\n${runId}`, epoch);
    });

  leave: Hosts["leave"] = () =>
    this.#call(() => {
      this.#owners.leave(this.host);
      this.#data.slots.leave(this.host);
    });

  readonly slots: SharedSlots = {
    settle: (demands, ageingMs) =>
      this.#call(() => {
        const facts = this.#data.slotFacts(this.#owners, this.isPatient);
        const { shares, tell } = this.#data.slots.settle(this.host, demands, ageingMs, facts);
        for (const other of tell)
          this.#clock.after(this.#network.delayMs(), () => this.#notify(other, "slots"));
        return shares;
      }),
    contended: () =>
      this.#call(() => {
        const facts = this.#data.slotFacts(this.#owners, this.isPatient);
        return this.#data.slots.contended(this.host, facts);
      }),
  };

  readonly starts: StartQuotas = {
    reserve: (demands) =>
      this.#call(() => {
        const facts = this.#data.startFacts(this.#owners);
        return demands.map((demand) => this.#data.starts.reserve(demand, facts));
      }),
    giveBack: (starts) =>
      this.#call(() => {
        for (const start of starts) this.#data.starts.giveBack(start);
      }),
  };

  readonly rates: SharedRates = {
    take: (demands, reports) => this.#call(() => this.#data.rates.take(demands, reports)),
  };

  tell: Hosts["tell"] = async (host, notice) => {
    await this.#call(() => undefined);
    this.#notify(host, notice);
  };

  #notify(host: number, notice: HostNotice): void {
    const other = this.#others().find((one) => one.host === host);
    if (other === undefined || other.isCut || this.#network.isLost()) return;
    for (const listener of other.#listeners) if (other.isAlive) listener(notice);
  }

  onNotice(listener: (notice: HostNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onAsk(answer: (question: string) => Promise<string>): void {
    this.#answer = answer;
  }

  ask: Hosts["ask"] = async (host, question, timeoutMs) => {
    const late = this.#pass(timeoutMs).then(() => {
      throw away();
    });
    // Whichever comes second is nobody's.
    late.catch(() => undefined);
    return await Promise.race([this.#askNow(host, question), late]);
  };

  async #askNow(host: number, question: string): Promise<string> {
    await this.#call(() => undefined);
    const other = this.#others().find((one) => one.host === host);
    if (other === undefined || !other.isAlive || other.isCut || other.#answer === null)
      return await never();
    const answer = await other.#answer(question);
    if (!other.isAlive || other.isCut) return await never();
    return await this.#call(() => answer);
  }
}

function away(): LockstitchError {
  return new LockstitchError("store_unavailable", "the database does not answer (simulated)");
}
