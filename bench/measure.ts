/** One round of one benchmark on one subject. */
import { setTimeout as delay } from "node:timers/promises";
import { pace, saturate, sustain } from "./load.ts";
import { PURE_STEPS, type Subject } from "./subject.ts";

/** What takes turns within a round, in this order. */
export const TOGETHER = ["A", "B", "C", "E"] as const;

const AT_ONCE = 100;
const WARM_MS = 8_000;
/** Also of the floor's hello. */
export const ALONE_WARM_MS = 2_000;
const CHAINS_WARM = 20;
const STEPS_A = 5;
const STEPS_B = 1_000;
export const PER_SECOND_C = 20;

export interface RoundSize {
  /** A: runs. */
  readonly runs: number;
  /** C: calls. */
  readonly calls: number;
  /** E: chains, one after another. */
  readonly chains: number;
}

/** What a subject leaves behind (write-back, compaction) is not to be paid by the next one. */
const PAUSE_MS = 1_000;

/**
 * While the others had their turns, the system took this subject's caches and, on a virtual machine,
 * its pages: whoever is idle for eight seconds does the same work with twice the processor time, and
 * gets its own pace back within two. So A, B and E begin unmeasured, and are measured for as long on
 * every side, not for as many steps: a fast one would otherwise be measured in its coldest moments.
 */
const BEGIN_MS = 2_000;
const MEASURED_MS = 3_000;

/** Steps a second; of C every call's latency in ms. null: the subject does not take part. */
export async function measureOnce(
  benchmark: string,
  subject: Subject,
  { runs, calls, chains }: RoundSize,
): Promise<readonly number[] | null> {
  const { compute } = subject;
  await delay(PAUSE_MS);
  switch (benchmark) {
    case "A":
      return [STEPS_A * (await atPace(() => subject.run(STEPS_A), runs, AT_ONCE))];
    case "B":
      return [STEPS_B * (await atPace(() => subject.run(STEPS_B), 1, 1))];
    case "C":
      return await pace(() => subject.run(1), { count: calls, perSecond: PER_SECOND_C });
    default:
      return compute === null ? null : [PURE_STEPS * (await atPace(compute, chains, 1))];
  }
}

/** Calls a second of a subject that has its pace. */
async function atPace(work: () => Promise<void>, count: number, atOnce: number): Promise<number> {
  await sustain(work, { count: 1, forMs: BEGIN_MS, atOnce });
  return await sustain(work, { count, forMs: MEASURED_MS, atOnce });
}

/**
 * Just-in-time compilers and pools get warm before the first round, each subject for the same time:
 * a server of Node reaches its pace after some 60,000 steps, and has a third of it before.
 */
export async function warmUp(subject: Subject): Promise<void> {
  await subject.run(STEPS_B);
  for (let chain = 0; chain < CHAINS_WARM; chain += 1) await subject.compute?.();
  const untilMs = performance.now() + WARM_MS;
  while (performance.now() < untilMs)
    await saturate(() => subject.run(STEPS_A), { count: 500, atOnce: AT_ONCE });
  // One alone takes other ways than a hundred at once.
  await sustain(() => subject.run(1), { count: 1, forMs: ALONE_WARM_MS, atOnce: 1 });
}
