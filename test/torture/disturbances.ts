/**
 * What happens to the database, and to the hosts' ways to it, while hosts are killed: it is stopped and
 * started, its disk is full, connections are cut, refused or stalled for one host or for all. One at a
 * time; kills go on meanwhile.
 *
 * Some last longer than a lease: a single host that is cut off for so long loses its runs to others, and
 * must find that out when it is back.
 */
import { pick, type Random } from "../kernel/random-definition.ts";
import type { DatabaseGate } from "./database-gate.ts";
import type { Ownerless } from "./ownerless.ts";
import { pause } from "./pause.ts";
import type { SmallDisk } from "./small-disk.ts";

export const DISTURBANCES = {
  restart: "database stopped and started",
  full: "disk of the database full",
  cut: "connections cut",
  refuse: "connections refused",
  stall: "connections stalled",
} as const;
export type DisturbanceKind = keyof typeof DISTURBANCES;

export interface Disturbance {
  readonly kind: DisturbanceKind;
  /** The number of the host whose way it is, from 0 on; null: all of them. */
  readonly host: number | null;
  readonly forMs: number;
}

export interface SharedDatabase {
  readonly hosts: number;
  /** Of the database itself. */
  readonly url: string;
  readonly port: number;
  /** How often it is stopped and started again. */
  readonly restarts: number;
  /** How often connections are cut, refused or stalled. */
  readonly cuts: number;
  /** How often its disk is full. */
  readonly fulls: number;
  /** It ends by itself where its disk is full. */
  readonly isRunning: boolean;
  readonly disk: SmallDisk | null;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** What is to happen before which kill, spread evenly. */
export function planDisturbances(
  kills: number,
  { hosts, restarts, cuts, fulls }: Pick<SharedDatabase, "hosts" | "restarts" | "cuts" | "fulls">,
  { random, leaseMs }: { readonly random: Random; readonly leaseMs: number },
): ReadonlyMap<number, Disturbance> {
  const plan = new Map<number, Disturbance>();
  const longMs = () => leaseMs * (1.1 + random() * 0.3);
  const place = (count: number, make: (at: number) => Disturbance) => {
    for (let at = 0; at < count; at++) {
      let kill = Math.floor(((at + 0.5) * kills) / count);
      while (plan.has(kill) && kill < kills - 1) kill++;
      plan.set(kill, make(at));
    }
  };
  place(restarts, (at) => ({
    kind: "restart",
    host: null,
    forMs: at % 5 === 2 ? longMs() : 100 + random() * 2_000,
  }));
  place(fulls, () => ({ kind: "full", host: null, forMs: 2_000 + random() * 4_000 }));
  place(cuts, (at) => {
    const kind = pick(random, ["cut", "refuse", "stall"] as const);
    const host = at % 3 === 0 ? null : Math.floor(random() * hosts);
    const isLong = host === null ? at % 12 === 9 : at % 3 === 1;
    return { kind, host, forMs: isLong ? longMs() : 300 + random() * 4_000 };
  });
  return plan;
}

export interface Disturbed {
  readonly shared: SharedDatabase;
  readonly gates: readonly DatabaseGate[];
  readonly ownerless: Ownerless;
}

/** Resolves when it is over and what it was done to is as before. */
export async function disturb(
  { kind, host, forMs }: Disturbance,
  { shared, gates, ownerless }: Disturbed,
): Promise<void> {
  const of = gates.filter((_, at) => host === null || at === host);
  // Nobody can take anything then, and for one lease after it nobody would.
  if (host === null) ownerless.excuse(true);
  switch (kind) {
    case "restart":
      await shared.stop();
      await pause(forMs);
      await shared.start();
      break;
    case "full":
      shared.disk?.fill();
      await pause(forMs);
      shared.disk?.free();
      if (!shared.isRunning) await shared.start();
      break;
    case "cut":
      for (const gate of of) gate.cut();
      break;
    case "refuse":
      for (const gate of of) gate.refuse();
      await pause(forMs);
      break;
    case "stall":
      for (const gate of of) gate.stall();
      await pause(forMs);
      break;
  }
  for (const gate of of) gate.open();
  if (host === null) ownerless.excuse(false);
}
