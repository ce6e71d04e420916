/**
 * Large values in a simulated world: who computes pure steps off the turn there, and what watches
 * that a value stays what it is, through the blob store, caches, bytes and computations.
 *
 *   V1. A large value that a step gives or is handed is whole: its padding is that of its nonce.
 *   V2. A pure step that hands on what it reads gives the journaled output of the step it read.
 */

import type { PureComputer } from "#engine/embedded/options.ts";
import { computePure, packLarge } from "#engine/embedded/pure-computer.ts";
import { FarConfig } from "#kernel/far-config.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import { PACKED_BYTES_MIN, PackedJson } from "#workflow/packed-json.ts";
import { formatPath, parsePath } from "#workflow/path.ts";
import { entriesOf, factsAt, type RunHistory } from "./run-history.ts";

/** What was met, to be seen in the reports. */
export class LargeCounts {
  /** Computed from bytes; from objects; outputs that came as bytes; computations that failed. */
  far = 0;
  near = 0;
  packed = 0;
  failed = 0;
  /** Computations whose process died. */
  lost = 0;
  /** Large outputs that were laid beside what their step had read. */
  copies = 0;
}

/** What an attempt gives beside its nonce, so that nobody can take one large value for another. */
export function largePadding(nonce: string): string {
  const number = Number(nonce.slice("nonce-".length));
  return String.fromCharCode(97 + (number % 26)).repeat(PACKED_BYTES_MIN + 10_000 + number);
}

/** What the worker thread does, after a while of simulated time; dies with its process. */
export function simulatedComputer(
  nodes: NodeRegistry,
  world: {
    readonly isAlive: () => boolean;
    readonly pass: () => Promise<void>;
    readonly onDeath: (lost: () => void) => void;
    readonly counts: LargeCounts;
  },
): PureComputer {
  const { counts } = world;
  const underWay = new Set<object>();
  world.onDeath(() => {
    counts.lost += underWay.size;
  });
  return {
    async compute(uses, config) {
      counts[config instanceof FarConfig ? "far" : "near"]++;
      const one = {};
      underWay.add(one);
      await world.pass();
      if (!world.isAlive()) return new Promise<never>(() => {});
      underWay.delete(one);
      const definition = nodes.definition(uses);
      if (definition === undefined) throw new Error(`nobody knows ${uses}`);
      const outcome = computePure(definition, config);
      if (!outcome.ok) {
        counts.failed++;
        return outcome;
      }
      const packed = packLarge(outcome.output);
      if (packed === null) return outcome;
      counts.packed++;
      return { ok: true, output: new PackedJson(packed.content, packed.hash) };
    },
    computesFar: () => true,
    close: async () => {},
  };
}

/** V1 of any value; null: it is whole. */
export function damageIn(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  const { nonce, padding } = value as { readonly nonce?: unknown; readonly padding?: unknown };
  if (typeof nonce === "string" && typeof padding === "string" && padding.length > 1_000) {
    const isWhole = padding === largePadding(nonce);
    if (!isWhole)
      return `${nonce} with ${padding.length} of ${JSON.stringify(padding.slice(0, 3))}`;
  }
  for (const inner of Object.values(value)) {
    const damage = damageIn(inner);
    if (damage !== null) return damage;
  }
  return null;
}

const READS_ONE = /^\$\{\{ steps\.(\w+)\?\.output \}\}$/;

/** V1 and V2 of a run. */
export function readLarge(
  history: RunHistory,
  counts: LargeCounts,
  violate: (what: string) => void,
): void {
  const { runId } = history;
  const given = givenBy(history);
  const decided = new Set(entriesOf(history, "step.resolved").map(({ event }) => event.path));
  for (const { event } of entriesOf(history, "step.succeeded")) {
    const { path, output, outputRef } = event;
    const damage = damageIn(output);
    if (damage !== null) violate(`V1 ${runId} ${path} gave ${damage}`);
    const step = factsAt(history, path)?.step;
    if (step?.uses !== "value" || outputRef !== undefined || decided.has(path)) continue;
    if (mayNotWait(history, path)) continue;
    const read = READS_ONE.exec(String((step.with as { value?: unknown } | undefined)?.value))?.[1];
    const from = read === undefined ? null : nearest(given, path, read);
    if (from === null) continue;
    const text = JSON.stringify(output ?? null);
    if (text !== JSON.stringify(given.get(from) ?? null))
      violate(`V2 ${runId} ${path} gave ${text.slice(0, 100)}, which is not what ${from} gave`);
    if (text.length > PACKED_BYTES_MIN) counts.copies++;
  }
}

/** Whether it, or a scope around it, may begin before all that it needs has settled. */
function mayNotWait(history: RunHistory, path: string): boolean {
  return (parsePath(path) ?? []).some(
    ({ id }) => history.steps.get(id)?.step.triggerRule === "any_success",
  );
}

/** What every step instance gave, by path; of one whose output is a reference, nothing. */
function givenBy(history: RunHistory): Map<string, unknown> {
  const given = new Map<string, unknown>();
  for (const { event } of history.entries)
    switch (event.type) {
      case "step.succeeded":
        if (event.outputRef === undefined) given.set(event.path, event.output ?? null);
        break;
      case "step.failed":
        given.set(event.path, event.output ?? null);
        break;
      case "step.skipped":
      case "step.blocked":
      case "step.cancelled":
        given.set(event.path, null);
        break;
    }
  return given;
}

/** The instance of step `id` that a step at `path` sees; null: it gave nothing that is known. */
function nearest(given: ReadonlyMap<string, unknown>, path: string, id: string): string | null {
  const segments = parsePath(path) ?? [];
  for (let at = segments.length - 1; at >= 0; at--) {
    const candidate = formatPath([...segments.slice(0, at), { id }]);
    if (given.has(candidate)) return candidate;
  }
  return null;
}
