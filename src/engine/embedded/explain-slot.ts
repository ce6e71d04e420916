/**
 * Why an attempt, or a run, has not been let start yet: the gate, who is before it, and how long
 * about; whose result it waits for; or that it waits for a store that is away.
 */

import type { Gate } from "../admission/claim.ts";
import { WORKFLOW_QUOTA } from "../admission/operator-limits.ts";
import type { Look, SlotWait } from "../admission/slot-wait.ts";
import type { UsageWindow } from "../admission/usage-window.ts";
import type { WaitView } from "../engine.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { RunHost } from "./run-host.ts";

/** A wait for a slot, or for the store, with what the engine knows of it; every other wait as it is. */
export function withSlot(wait: WaitView, host: RunHost | undefined, look: Look): WaitView {
  if (wait.path !== null && host?.queues.isStoreAwayFor(wait.path) === true)
    return {
      ...wait,
      kind: "store",
      text: `"${wait.path}" waits for the store, which does not answer`,
      frees: "the store answers: it is asked again each second",
    };
  if (wait.kind !== "slot" && wait.kind !== "run_slot") return wait;
  const memo = wait.path === null ? null : (host?.queues.memoWaitOf(wait.path) ?? null);
  if (memo !== null)
    return {
      ...wait,
      kind: "memo",
      text: `"${wait.path}" waits for the memo of "${memo.path}" in run ${memo.runId}`,
      frees: "that attempt ends: its result counts for this step too",
    };
  const slot = host?.queues.waitOf(wait.path, look) ?? null;
  if (slot === null) return wait;
  const subject = wait.path === null ? "" : `${subjectOf(wait.text)} `;
  const atLeast = slot.isMore ? "more than " : slot.isPartial ? "at least " : "";
  const ahead = `${atLeast}${slot.ahead} ahead`;
  const estimate = slot.estimateMs === null ? "" : `, est. ${duration(slot.estimateMs)}`;
  return {
    ...wait,
    text: `${subject}${whatFor(slot, look.wallMs)}, ${ahead}${estimate}`,
    frees: whatFrees(slot),
    dueAtMs:
      isExact(slot) && slot.estimateMs !== null ? look.wallMs + slot.estimateMs : wait.dueAtMs,
  };
}

/** Asks other hosts who goes before those of these that wait for slots, for withSlot(). */
export async function lookElsewhere(
  waits: readonly WaitView[],
  host: RunHost | undefined,
  { look, elsewhere }: { readonly look: Look; readonly elsewhere: Elsewhere | null },
): Promise<void> {
  if (elsewhere === null || host === undefined) return;
  const asked = waits.flatMap(({ kind, path }) => {
    const known =
      kind === "slot" || kind === "run_slot" ? host.queues.placeOf(path, look.wallMs) : null;
    return known === null ? [] : [known];
  });
  const { counts, isPartial } = await elsewhere.ahead(asked.map(({ place }) => place));
  for (const [at, { slot }] of asked.entries()) look.elsewhere.set(slot, counts[at] ?? 0);
  look.isPartial = isPartial;
}

/** `"fetch" (attempt 1)`: what the kernel's sentence is about. */
function subjectOf(text: string): string {
  const end = text.indexOf(" waits ");
  return end < 0 ? text : text.slice(0, end);
}

function whatFor({ gate, isBound, narrowed, breaker }: SlotWait, nowMs: number): string {
  if (isBound) return `waits for a free slot${narrowed === null ? "" : ` (${narrowed})`}`;
  switch (gate.kind) {
    case "concurrency":
      return `waits for one of ${gate.limit} slots of concurrency key "${gate.key}"`;
    case "bulkhead":
      return `waits for a slot of bulkhead "${gate.key}" (${gate.limit})`;
    case "quota": {
      const whose = gate.name.startsWith(WORKFLOW_QUOTA) ? "workflow" : "tenant";
      return `waits for one of the ${gate.limit} attempts that ${whose} "${gate.key}" may run`;
    }
    case "usage":
      return `waits for a quota: ${usedText(gate.windows)}`;
    case "quarantine":
      return "waits to run alone among attempts that their host did not survive twice in a row";
    case "rate_limit":
      return `waits for rate limit "${gate.key}" (${gate.limit} per ${duration(gate.perMs)})`;
    case "circuit_breaker":
      return `waits for circuit breaker "${gate.key}"${breakerText(breaker, nowMs)}`;
  }
}

/** Of the one that stays used up for longest. */
function usedText(windows: readonly UsageWindow[]): string {
  const window = windows.toSorted((a, b) => b.usedUpForMs() - a.usedUpForMs())[0];
  if (window === undefined) return "";
  const { subject, limit, of } = window;
  const rounded = Math.round(window.used() * 10) / 10;
  return `${subject} has used ${rounded} of ${limit} ${of.what} (${of.kind})`;
}

function breakerText(breaker: SlotWait["breaker"], nowMs: number): string {
  if (breaker === null) return "";
  const since = new Date(nowMs - breaker.openForMs).toISOString().slice(0, 19).replace("T", " ");
  return `, open since ${since} UTC${breaker.isProbing ? ", a probe is under way" : ""}`;
}

function whatFrees({ gate, isBound }: SlotWait): string {
  if (isBound) return "another attempt ends";
  const frees: Readonly<Record<Gate["kind"], string>> = {
    concurrency: "a holder of the key ends",
    bulkhead: "another attempt of the bulkhead ends",
    quota: "another attempt of the same tenant or workflow ends",
    usage: "the window of the quota moves on",
    quarantine: "the one of them that runs now ends",
    rate_limit: "the window of the limit moves on",
    circuit_breaker: "a probe succeeds",
  };
  return frees[gate.kind];
}

/** Time alone says when. */
const EXACT: ReadonlySet<Gate["kind"]> = new Set(["rate_limit", "circuit_breaker", "usage"]);

function isExact({ gate, isBound }: SlotWait): boolean {
  return !isBound && EXACT.has(gate.kind);
}

/** The largest whole unit. */
function duration(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)} ms`;
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
