/** An archived run as callers see one of the store: its view, its events, its folded state. */
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Logger } from "#ports/logger.ts";
import type { EventView, RunStateView } from "../engine.ts";
import { archivedStore } from "./archive-lines.ts";
import { DEFAULT_LIMITS } from "./options.ts";
import { Plans } from "./plans.ts";
import { engineContext } from "./run-facts.ts";
import { RunLoader } from "./run-loader.ts";
import { RunReader } from "./run-reader.ts";
import { ValueCache } from "./value-cache.ts";
import { ValueLoader } from "./value-loader.ts";

const CACHE_SIZE = 16 * 1024 * 1024;
const CACHE_ENTRIES = 10_000;

export interface ArchivedRun {
  readonly runId: string;
  events(afterSeq: number, limit: number): Promise<readonly EventView[]>;
  state(): Promise<RunStateView>;
}

/** `lines` are those that archiveLines() made. Throws request_invalid. */
export async function openArchivedRun(
  lines: AsyncIterable<string>,
  nodes: NodeRegistry,
  logger: Logger,
): Promise<ArchivedRun> {
  const { store, head } = await archivedStore(lines);
  const context = engineContext(head.tenant);
  const cache = new ValueCache(CACHE_SIZE, CACHE_ENTRIES);
  const plans = new Plans(store.catalogue, nodes);
  const loader = new RunLoader(store, plans, logger);
  const values = new ValueLoader(store.journal, store.blobs, cache);
  const reader = new RunReader({ store, plans, loader, values, cache, limits: DEFAULT_LIMITS });
  return {
    runId: head.runId,
    events: (afterSeq, limit) => reader.events(context, head.runId, afterSeq, limit),
    state: () => reader.state(context, head.runId),
  };
}
