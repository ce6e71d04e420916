/**
 * Who owns which run, and which hosts have a lease: what the database of several hosts knows, as
 * plain data on the disk's own clock. Everything is atomic; when it happens is simulated-hosts.ts's business.
 */
import type { BeatAnswer, HostBeat, HostFacts } from "#ports/hosts.ts";

interface Ownership {
  readonly owner: number | null;
  readonly epoch: number;
}

interface Lease {
  readonly name: string;
  readonly startedAtMs: number;
  expiresMs: number;
  beat: HostBeat;
}

export class SimulatedOwners {
  readonly leaseMs: number;
  readonly #nowMs: () => number;
  readonly #runs = new Map<string, Ownership>();
  readonly #leases = new Map<number, Lease>();
  #epoch = 0;

  constructor(leaseMs: number, nowMs: () => number) {
    this.leaseMs = leaseMs;
    this.#nowMs = nowMs;
  }

  /** The disk's clock. */
  get nowMs(): number {
    return this.#nowMs();
  }

  nextEpoch(): number {
    return ++this.#epoch;
  }

  of(run: string): Ownership {
    return this.#runs.get(run) ?? { owner: null, epoch: 0 };
  }

  created(run: string, owner: number): void {
    this.#runs.set(run, { owner, epoch: owner });
  }

  ended(run: string): void {
    this.#runs.set(run, { owner: null, epoch: this.of(run).epoch });
  }

  isHeld(host: number): boolean {
    return (this.#leases.get(host)?.expiresMs ?? Number.NEGATIVE_INFINITY) > this.#nowMs();
  }

  beat(host: number, name: string, beat: HostBeat): BeatAnswer {
    const nowMs = this.#nowMs();
    const wasLate = !this.isHeld(host);
    const startedAtMs = this.#leases.get(host)?.startedAtMs ?? nowMs;
    this.#leases.set(host, { name, startedAtMs, beat, expiresMs: nowMs + this.leaseMs });
    const hosts = [...this.#leases]
      .filter(([other]) => this.isHeld(other))
      .map(([other, lease]): HostFacts => {
        const { expiresMs: expiresAtMs, ...rest } = lease;
        return { host: other, ...rest.beat, name: rest.name, startedAtMs, expiresAtMs };
      });
    return { nowMs, wasLate, hosts };
  }

  /** Of these open runs, oldest first, at most `limit` that nobody drives. */
  claim(host: number, open: readonly string[], limit: number, takesLapsed: boolean): string[] {
    const free = open.filter((run) => {
      const { owner } = this.of(run);
      return owner === null || (takesLapsed && owner !== host && !this.isHeld(owner));
    });
    const taken = free.slice(0, limit);
    const epoch = taken.length === 0 ? 0 : this.nextEpoch();
    for (const run of taken) this.#runs.set(run, { owner: host, epoch });
    return taken;
  }

  release(host: number, run: string, epoch: number | null): void {
    const known = this.of(run);
    if (known.owner !== host || (epoch !== null && known.epoch !== epoch)) return;
    this.#runs.set(run, { owner: null, epoch: this.nextEpoch() });
  }

  leave(host: number): void {
    for (const run of this.#runs.keys()) this.release(host, run, null);
    this.#leases.delete(host);
  }
}
