/** One round of one benchmark on one subject. */
import { pace, saturate } from "./load.ts";
import { PURE_STEPS, type Subject } from "./subject.ts";

/** What takes turns within a round, in this order. */
export const TOGETHER = ["A", "B", "C", "E"] as const;

const AT_ONCE = 100;
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

/** Steps a second; of C every call's latency in ms. null: the subject does not take part. */
export async function measureOnce(
  benchmark: string,
  subject: Subject,
  { runs, calls, chains }: RoundSize,
): Promise<readonly number[] | null> {
  const { compute } = subject;
  switch (benchmark) {
    case "A":
      return [
        (runs * STEPS_A) /
          (await saturate(() => subject.run(STEPS_A), { count: runs, atOnce: AT_ONCE })),
      ];
    case "B":
      return [STEPS_B / (await saturate(() => subject.run(STEPS_B), { count: 1, atOnce: 1 }))];
    case "C":
      return await pace(() => subject.run(1), { count: calls, perSecond: PER_SECOND_C });
    default:
      if (compute === null) return null;
      return [(chains * PURE_STEPS) / (await saturate(compute, { count: chains, atOnce: 1 }))];
  }
}

/** Just-in-time compilers and pools get warm before the first round. */
export async function warmUp(subject: Subject): Promise<void> {
  for (let pass = 0; pass < 2; pass += 1) {
    await saturate(() => subject.run(STEPS_A), { count: 300, atOnce: AT_ONCE });
    await subject.run(STEPS_B);
    for (let chain = 0; chain < 10; chain += 1) await subject.compute?.();
  }
}
