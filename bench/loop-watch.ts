/**
 * Loaded into a server (`node --import`) to see how long its main thread is held: prints one line
 * of JSON to standard error at SIGUSR2 and begins anew. `heldMs` is processor time of the main
 * thread between two ticks of a timer, so a busy machine does not change it; `lagMs` is by the clock.
 */
const TICK_MS = 2;

let heldMs = 0;
let lagMs = 0;
let busyMs = 0;
let last = nowMs();

function nowMs(): { readonly wall: number; readonly thread: number } {
  const { user, system } = process.threadCpuUsage();
  return { wall: performance.now(), thread: (user + system) / 1_000 };
}

setInterval(() => {
  const now = nowMs();
  heldMs = Math.max(heldMs, now.thread - last.thread);
  lagMs = Math.max(lagMs, now.wall - last.wall - TICK_MS);
  busyMs += now.thread - last.thread;
  last = now;
}, TICK_MS).unref();

process.on("SIGUSR2", () => {
  process.stderr.write(`${JSON.stringify({ loop: { heldMs, lagMs, busyMs } })}\n`);
  heldMs = 0;
  lagMs = 0;
  busyMs = 0;
});
