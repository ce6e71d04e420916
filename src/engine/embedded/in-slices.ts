/**
 * Long computations that let the event loop go on: work is a generator that yields where it may
 * pause, and pauses once it has held the loop for SLICE_MS. Short work never pauses.
 */
const SLICE_MS = 4;

export interface Slices {
  nowMs(): number;
  /** Resolves after what waits in the event loop. */
  pause(): Promise<void>;
}

/** Of this process: what the event loop has waiting goes first, input from sockets among it. */
export const EVENT_LOOP: Slices = {
  nowMs: () => performance.now(),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
};

export async function inSlices<T>(
  work: Generator<void, T, void>,
  { nowMs, pause }: Slices = EVENT_LOOP,
): Promise<T> {
  let beganMs = nowMs();
  for (;;) {
    const part = work.next();
    if (part.done) return part.value;
    if (nowMs() - beganMs < SLICE_MS) continue;
    await pause();
    beganMs = nowMs();
  }
}
