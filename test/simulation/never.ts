/**
 * Never settles: what a dead process waits for. Each time a promise of its own, for one that never
 * settles keeps all who wait for it: ten thousand worlds would not fit in memory.
 */
export function never(): Promise<never> {
  return new Promise<never>(() => {});
}
