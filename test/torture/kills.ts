/**
 * When the victim dies: each kind of moment with its share of the kills. Every kill is `kill -9`;
 * `inFlight` is what ran in the victim right before it, as the witness counted.
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
  readonly victim: Victim;
  readonly witness: Witness;
  readonly workload: Workload;
  readonly random: Random;
}

/** The phases of `count` kills, each at least once where there are enough. */
export function planKills(count: number, random: Random): readonly Phase[] {
  const names = Object.keys(PHASES) as Phase[];
  return Array.from({ length: count }, (_, at) => names[at] ?? pick(random, SHARES));
}

/** Waits for the moment and kills. The victim was spawned, not necessarily ready. */
export async function killAt(phase: Phase, scene: Scene): Promise<Kill> {
  const { victim, witness } = scene;
  if (phase === "recovery") await recovering(scene);
  else {
    await victim.ready();
    await crowded(witness);
    await MOMENTS[phase](scene);
  }
  const inFlight = await witness.inFlight();
  await victim.kill();
  return { phase, inFlight };
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

async function crowded(witness: Witness): Promise<void> {
  const untilMs = performance.now() + CROWD_PATIENCE_MS;
  while ((await witness.inFlight()) < CROWD && performance.now() < untilMs) await pause(15);
}
