/** What a turn's commit changes beside the run: values that it shares with others, and the cache. */
import type { TurnCommit } from "#ports/journal.ts";
import type { MemoWrite } from "#ports/memo-store.ts";
import type { SharedUse } from "#ports/state-store.ts";
import type { CacheChange } from "#workflow/state-operation.ts";
import { cacheKey } from "./cache-key.ts";
import type { TurnOutcome } from "./committer.ts";
import type { HostServices } from "./host-services.ts";
import type { RunFacts } from "./run-facts.ts";
import type { SharedTurn } from "./shared-entry.ts";
import type { Turn } from "./turn.ts";

/** Node type of cache entries, as the list of remembered results shows them. */
const CACHE_USES = "state.cache";

export function stateOf(
  turn: Turn,
  facts: RunFacts,
  memos: readonly MemoWrite[] | undefined,
): Pick<TurnCommit, "shared" | "memos" | "forgets"> {
  const shared = turn.shared === null ? [] : usesOf(turn, turn.shared, facts);
  const cached = turn.hasCached ? cachedOf(turn, facts) : NOTHING;
  const kept = [...(memos ?? []), ...cached.memos];
  return {
    ...(shared.length === 0 ? {} : { shared }),
    ...(kept.length === 0 ? {} : { memos: kept }),
    ...(cached.forgets.length === 0 ? {} : { forgets: cached.forgets }),
  };
}

/** Once for each turn: what it has seen of shared values is free again. */
export function endShared(
  { shared }: Pick<HostServices, "shared">,
  turn: Turn,
  outcome: TurnOutcome["kind"] | "dropped",
): void {
  if (turn.shared === null) return;
  const isKnown = outcome === "committed" || outcome === "stale";
  shared.end(turn.shared, isKnown ? outcome : "dropped");
  turn.shared = null;
}

function usesOf(
  { events, atMs }: Turn,
  { seen }: SharedTurn,
  { workflow }: RunFacts,
): readonly SharedUse[] {
  const uses: SharedUse[] = [];
  const used = new Set<string>();
  for (const event of events) {
    if (event.type !== "state.applied") continue;
    const { scope, name, revision, change, to, path } = event;
    const value = change === "set" ? JSON.stringify(event.value ?? null) : null;
    const id = `${scope}\n${name}`;
    const text = used.has(id) ? undefined : seen.get(id);
    used.add(id);
    uses.push({
      ...{ scope, name, revision, path, atMs },
      ...(text === undefined ? {} : { seen: text }),
      workflow: scope === "workflow" ? workflow : "",
      change: change === undefined ? null : { revision: to ?? 0, value },
    });
  }
  return uses;
}

const NOTHING: CachedParts = { memos: [], forgets: [] };

interface CachedParts {
  readonly memos: readonly MemoWrite[];
  readonly forgets: readonly string[];
}

/** Changes of those steps that the turn has settled; the last one of a key counts. */
function cachedOf({ events, taken, atMs }: Turn, facts: RunFacts): CachedParts {
  const settled = new Set<string>();
  for (const event of events)
    if (event.type === "step.succeeded" && event.attempt !== undefined)
      settled.add(`${event.path}\n${event.attempt}`);
  const byKey = new Map<string, MemoWrite | null>();
  for (const { mail } of taken) {
    const { input } = mail;
    if (input.kind !== "cached" || input.change === null) continue;
    if (!settled.has(`${input.path}\n${input.attempt}`)) continue;
    const key = cacheKey(facts, input.change);
    byKey.set(key, cacheWrite(input.change, { key, path: input.path, atMs, facts }));
  }
  const memos: MemoWrite[] = [];
  const forgets: string[] = [];
  for (const [key, write] of byKey) {
    if (write === null) forgets.push(key);
    else memos.push(write);
  }
  return { memos, forgets };
}

/** null: the entry goes. */
function cacheWrite(
  { scope, key: label, value, ttlMs }: CacheChange,
  at: { key: string; path: string; atMs: number; facts: RunFacts },
): MemoWrite | null {
  if (value === undefined) return null;
  const { key, path, atMs, facts } = at;
  return {
    ...{ key, scope, label, uses: CACHE_USES, workflow: facts.workflow, path },
    output: { text: JSON.stringify(value) },
    createdAtMs: atMs,
    expiresAtMs: ttlMs === null ? null : atMs + ttlMs,
  };
}
