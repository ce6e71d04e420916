/**
 * When a victim dies: each kind of moment with its share of the kills. Every kill is `kill -9`;
 * `inFlight` is what ran in the victim right before it, as the witness counted. Of several victims one
 * dies that has much in flight, and somebody is left who can reach the database.
 */
import { pick, type Random } from "../kernel/random-definition.ts";
import { pause } from "./pause.ts";
import type { Victim } from "./victim.ts";
import type { Witness } from "./witness.ts";
import type { Workload } from "./workload.ts";

export const PHASES = {
  random: "at a random moment",
  start: "right after an acknowledged start",
  burst: "amid a burst of starts and signals",
  recovery: "while it recovers from the kill before",
  shutdown: "amid a graceful shutdown",
} as const;
export type Phase = keyof typeof PHASES;

/** Steps in flight that most kills must meet. */
export const CROWD = 50;
const CROWD_PATIENCE_MS = 4_000;

const SHARES: readonly Phase[] = [
  ...Array<Phase>(9).fill("random"),
  ...Array<Phase>(3).fill("start"),
  ...Array<Phase>(3).fill("burst"),
  ...Array<Phase>(2).fill("recovery"),
  ...Array<Phase>(3).fill("shutdown"),
];

export interface Kill {
  readonly phase: Phase;
  readonly inFlight: number;
}

export interface Scene {
  readonly victims: readonly Victim[];
  /** The last one that was killed. It was spawned, not necessarily ready. */
  readonly victim: Victim;
  /** Whether nothing keeps it from the database. */
  readonly isConnected: (victim: Victim) => boolean;
  readonly witness: Witness;
  readonly workload: Workload;
  readonly random: Random;
}

/** The phases of `count` kills, each at least once where there are enough. */
export function planKills(count: number, random: Random): readonly Phase[] {
  const names = Object.keys(PHASES) as Phase[];
  return Array.from({ length: count }, (_, at) => names[at] ?? pick(random, SHARES));
}

/** Waits for the moment and kills; answers who died. */
export async function killAt(
  phase: Phase,
  scene: Scene,
): Promise<{ readonly victim: Victim; readonly kill: Kill }> {
  const { witness } = scene;
  let { victim } = scene;
  if (phase === "recovery") await recovering(scene);
  else {
    victim = await crowdedVictim(scene);
    await MOMENTS[phase]({ ...scene, victim });
  }
  const inFlight = (await witness.inFlight()).get(victim.name) ?? 0;
  await victim.kill();
  return { victim, kill: { phase, inFlight } };
}

const MOMENTS: Readonly<Record<Exclude<Phase, "recovery">, (scene: Scene) => Promise<void>>> = {
  random: async ({ random }) => await pause(random() * 1_500),
  start: async ({ workload }) => await workload.startOne(),
  async burst({ workload, random }) {
    workload.burst(10);
    await pause(random() * 60);
  },
  async shutdown({ victim, random }) {
    victim.terminate();
    await pause(random() * 300);
  },
};

/** A moment between the process's first breath and shortly after it serves again. */
async function recovering({ victim, random }: Scene): Promise<void> {
  const usualMs = victim.startedInMs.at(-1) ?? 500;
  await pause(random() * usualMs * 1.2);
}

/** One that has enough in flight; the one that has most, where that does not come in time. */
async function crowdedVictim(scene: Scene): Promise<Victim> {
  const { victims, witness, random } = scene;
  const untilMs = performance.now() + CROWD_PATIENCE_MS * (victims.length > 1 ? 2 : 1);
  for (;;) {
    const counts = await witness.inFlight();
    const of = (victim: Victim) => counts.get(victim.name) ?? 0;
    const may = victims.filter((victim) => mayDie(victim, scene));
    const crowded = may.filter((victim) => of(victim) >= CROWD);
    if (crowded.length > 0) return pick(random, crowded);
    const [most] = may.toSorted((a, b) => of(b) - of(a));
    if (performance.now() > untilMs) {
      if (most !== undefined) return most;
      // Throws where one does not start.
      await Promise.all(victims.map((victim) => victim.ready()));
    }
    await pause(15);
  }
}

/** It serves; and where there are several, another one does that reaches the database. */
function mayDie(victim: Victim, { victims, isConnected }: Scene): boolean {
  if (!victim.isReady) return false;
  const others = victims.filter((one) => one !== victim);
  return others.length === 0 || others.some((one) => one.isReady && isConnected(one));
}
