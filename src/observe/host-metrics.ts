/** How this host does among those that share a database. */
import { Counter, Gauge, type Registry } from "prom-client";

export interface HostFigures {
  readonly withLease: number;
  readonly leaseLeftMs: number;
  readonly suspensions: number;
}

/** 0 where the store is a file. */
export function addHosts(
  registry: Registry,
  engine: () => { readonly hosts?: HostFigures | undefined },
): void {
  const registers = [registry];
  new Gauge({
    ...{ name: "lockstitch_hosts", help: "Hosts that have a lease.", registers },
    collect() {
      this.set(engine().hosts?.withLease ?? 0);
    },
  });
  new Gauge({
    ...{ name: "lockstitch_lease_left_seconds", help: "Until this host's lapses.", registers },
    collect() {
      this.set((engine().hosts?.leaseLeftMs ?? 0) / 1_000);
    },
  });
  new Counter({
    ...{ name: "lockstitch_lease_lapses_total", help: "Leases this host lost.", registers },
    collect() {
      this.reset();
      this.inc(engine().hosts?.suspensions ?? 0);
    },
  });
}
