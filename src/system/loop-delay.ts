/** How late the event loop of this process answers: the 99th percentile since the last question, in ms. */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Of the timer that measures; what is measured holds it. */
const RESOLUTION_MS = 20;

export interface LoopDelay {
  read(): number;
  close(): void;
}

export function systemLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    read() {
      const delayMs = histogram.percentile(99) / 1e6 - RESOLUTION_MS;
      histogram.reset();
      return Math.max(0, delayMs);
    },
    close: () => void histogram.disable(),
  };
}
