/**
 * Lines of a run's log, live: always read from the store, whenever there may be more.
 *
 *   F1. Every line after the position that was named comes once, in order.
 *   F2. Ends after what was there when the run had ended, when the signal aborts, or when the
 *       engine closes. A node that talks on after its run has ended is not waited for.
 */
const PAGE = 500;

interface LogSource<Line> {
  /** Called when lines were stored, when the run has ended, and with true when the engine closes. */
  watch(listener: (isClosed: boolean) => void): () => void;
  read(after: number, limit: number): Promise<readonly Line[]>;
  isOver(): Promise<boolean>;
}

export async function* followLines<Line extends { readonly position: number }>(
  source: LogSource<Line>,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Line, void, void> {
  let isDue = true;
  let isClosed = false;
  let wake: () => void = () => {};
  const unwatch = source.watch((closed) => {
    isClosed ||= closed;
    isDue = true;
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  try {
    let position = after;
    while (!signal.aborted) {
      isDue = false;
      // Asked first: what the run said until its end is then in what is read.
      const isOver = await source.isOver();
      const page = await source.read(position, PAGE);
      for (const line of page) {
        if (signal.aborted) return;
        yield line;
        position = line.position;
      }
      if (page.length === PAGE) isDue = true;
      else if (isOver || isClosed) return;
      if (!isDue)
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (isDue || signal.aborted) resolve();
        });
    }
  } finally {
    unwatch();
    signal.removeEventListener("abort", onAbort);
  }
}
