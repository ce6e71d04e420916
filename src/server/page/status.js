/** How statuses, durations and instants are said: always a sign and a word, never colour alone. */

const SIGNS = {
  pending: "○",
  queued: "○",
  waiting: "◷",
  paused: "‖",
  running: "▸",
  retrying: "↻",
  succeeded: "✓",
  failed: "✕",
  skipped: "⇥",
  blocked: "⊘",
  cancelled: "–",
};

export const TERMINAL = new Set(["succeeded", "failed", "cancelled"]);

/** One character for a status. */
export function signOf(status) {
  return SIGNS[status] ?? "·";
}

/** `820 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(ms) {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Time of day in the visitor's zone. */
export function timeText(instant) {
  return new Date(instant).toLocaleTimeString(undefined, { hour12: false });
}

/** From start to end, or until now. */
export function elapsedMs(startedAt, endedAt) {
  if (startedAt === null) return null;
  return (endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt);
}

/** `40 %: reading`. */
export function progressText({ fraction, note }) {
  const percent = `${Math.floor(fraction * 100)} %`;
  return note === undefined ? percent : `${percent}: ${note}`;
}

/** The line under a step's name: what it does, how often it was tried, how long. */
export function nodeLine(node) {
  const parts = node.instances > 1 ? countsOf(node) : [node.status];
  if (node.instances <= 1 && node.attempts > 1) parts.push(`${node.attempts} attempts`);
  if (node.progress !== undefined) parts.push(progressText(node.progress));
  const tookMs = elapsedMs(node.startedAt, node.endedAt);
  const isTimed = node.endedAt !== null || node.instances <= 1;
  if (tookMs !== null && isTimed && node.status !== "pending") parts.push(durationText(tookMs));
  return parts.join(" · ");
}

/** The same within the width of a node: the sign beside it says the status of a settled step. */
export function nodeShortLine(node) {
  const isSettled = node.endedAt !== null;
  if (node.progress !== undefined)
    return `${node.status} · ${progressText({ fraction: node.progress.fraction })}`;
  if (node.instances > 1 || node.attempts <= 1) return nodeLine(node);
  if (!isSettled) return `${node.status} · ${node.attempts} attempts`;
  return nodeLine(node).replace(`${node.status} · `, "");
}

/** `3/4 done · 1 running`. */
function countsOf(node) {
  const { succeeded = 0, ...others } = node.counts;
  const rest = Object.entries(others).map(([status, count]) => `${count} ${status}`);
  return [`${succeeded}/${node.instances} done`, ...rest];
}
