/**
 * Named values that runs share, as this host knows them while steps work on them. A step's
 * operation waits until all its values are known; the turn that settles the step then builds on
 * what the turns decided before it will have made of them, without waiting for their commits: a
 * thousand increments of one counter are one group commit.
 *
 *             perform              loaded            taken by a turn        all its turns have ended
 *   (unknown) -------> loading ------------> known -----------------> in use -------------------> known
 *       ^                                                               |  one was not committed, or
 *       +---------------------------------------------------------------+  an operator changed it
 *
 *   D1. What a turn was given is what the journal holds once the turns before it are committed. The
 *       store checks that (V1 of ports/state-store.ts): what is known here saves time and decides
 *       nothing, so a value that is wrong here costs a turn and never an answer.
 *   D2. A value that a turn was refused on is read again once no turn under way has seen it.
 *   D3. While the store is away an operation waits; one whose value cannot be read for another reason
 *       fails its step, and has changed nothing.
 *   D4. An operation that cannot be decided now is posted again when it can; its attempt stays
 *       under way meanwhile, so that it is lost with the process and found by its run.
 */
import type { EventOf, RunEvent } from "#kernel/events.ts";
import type { Input, SharedValue } from "#kernel/inputs.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { SharedKey } from "#ports/state-store.ts";
import type { Store } from "#ports/store.ts";
import type { Json } from "#workflow/json.ts";
import {
  applyCache,
  type CacheOperation,
  type StateOperation,
  type StateRequest,
} from "#workflow/state-operation.ts";
import type { EngineStats } from "../engine.ts";
import { cacheKey } from "./cache-key.ts";
import { Patience } from "./patience.ts";
import { engineContext } from "./run-facts.ts";
import type { SharedEntry as Entry, KnownValue, SharedTurn } from "./shared-entry.ts";
import { type RoomUse, roomLeft, type SharedOwner, SharedRooms } from "./shared-rooms.ts";
import {
  concernsOf,
  type OperationInput,
  type SharedFailure,
  type SharedWaiter,
} from "./shared-waiter.ts";
import type { Turn } from "./turn.ts";

export interface SharedRun {
  readonly tenant: string;
  readonly runId: string;
  readonly workflow: string;
}

type Attempt = Pick<OperationInput, "path" | "attempt">;

interface SharedOptions {
  readonly store: Pick<Store, "state" | "memos">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** null: the run has left memory. */
  readonly runOf: (runKey: string) => SharedRun | null;
  readonly post: (runKey: string, input: Input) => void;
}

/** Values that are kept although nobody works on them. */
const ENTRIES_MAX = 10_000;

export class SharedState {
  readonly #options: SharedOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #rooms: SharedRooms;
  readonly #patience: Patience;
  /** Since the start: operations decided, and turns that were decided again for another's change. */
  operations = 0;
  stale = 0;
  cacheHits = 0;
  cacheMisses = 0;

  constructor(options: SharedOptions) {
    this.#options = options;
    this.#patience = new Patience("shared values", options);
    this.#rooms = new SharedRooms({
      store: { usage: (...asked) => options.store.state.usage(...asked) },
      patience: this.#patience,
      wake: (waiting, failure) => this.#wake(waiting, failure),
    });
  }

  get stats(): EngineStats["values"] {
    const { operations, stale: conflicts, cacheHits, cacheMisses } = this;
    return { operations, conflicts, cacheHits, cacheMisses };
  }

  get post(): SharedOptions["post"] {
    return this.#options.post;
  }

  /** An attempt of `runKey` asks for something. Its run is told later, or at once. */
  perform(runKey: string, attempt: Attempt, request: StateRequest): void {
    if (request.kind === "cache") return void this.#askCache(runKey, attempt, request);
    const { kind: _, ...operation } = request;
    this.#prepare(runKey, { kind: "operation", ...attempt, operation, before: null });
  }

  /** The input with what its names hold; null: it is posted again when that is known. */
  take(turn: Turn, runKey: string, input: OperationInput): OperationInput | null {
    const run = this.#options.runOf(runKey);
    if (run === null) return null;
    const entries = this.#entriesOf(run, input.operation);
    const held = turn.shared?.entries;
    const owner = ownerOf(run, input.operation);
    const room =
      turn.shared?.rooms.find((use) => isOf(use, owner))?.room ?? this.#rooms.find(owner);
    if (room === null || entries.some((entry) => !isKnown(entry) && held?.has(entry.id) !== true)) {
      this.#prepare(runKey, input);
      return null;
    }
    turn.shared ??= { workflow: run.workflow, entries: new Map(), seen: new Map(), rooms: [] };
    if (!turn.shared.rooms.some((use) => use.room === room))
      turn.shared.rooms.push(this.#rooms.enter(room));
    const before: Record<string, SharedValue> = Object.create(null) as Record<string, SharedValue>;
    for (const entry of entries) {
      if (!turn.shared.entries.has(entry.id)) {
        turn.shared.entries.set(entry.id, entry);
        turn.shared.seen.set(`${entry.scope}\n${entry.name}`, entry.value?.text);
        entry.turns++;
      }
      const { revision, value } = entry.value ?? NOTHING;
      before[entry.name] = { revision, value };
    }
    this.operations++;
    return { ...input, before, room: roomLeft(room) };
  }

  /** What a turn has decided of the values that it took: the next turn builds on it. */
  decided(shared: SharedTurn, events: readonly RunEvent[]): void {
    for (const event of events) {
      if (event.type !== "state.applied" || event.change === undefined) continue;
      for (const entry of shared.entries.values()) {
        if (entry.name !== event.name || entry.scope !== event.scope) continue;
        const use = shared.rooms.find((one) => isOf(one, entry));
        const made = madeBy(event);
        if (use !== undefined) this.#rooms.count(use, bytesOf(entry.value), bytesOf(made));
        entry.value = made;
      }
    }
  }

  /** The turn is durable, or never will be. */
  end(shared: SharedTurn, outcome: "committed" | "stale" | "dropped"): void {
    if (outcome === "stale") this.stale++;
    for (const use of shared.rooms) this.#rooms.leave(use, outcome === "committed");
    for (const entry of shared.entries.values()) {
      entry.turns--;
      if (outcome !== "committed") entry.isBroken = true;
      this.#settle(entry);
    }
  }

  /** Somebody else has changed it. */
  changed(tenant: string, key: SharedKey): void {
    this.#rooms.changed({ tenant, ...key });
    const entry = this.#entries.get(idOf(tenant, key));
    if (entry === undefined) return;
    entry.isBroken = true;
    this.#settle(entry);
  }

  /** Whether the step waits for a store that is away. */
  isStoreAwayFor(runKey: string, path: string): boolean {
    return this.#patience.isAwayFor(runKey, path);
  }

  close(): void {
    this.#patience.close();
  }

  #prepare(runKey: string, input: OperationInput): void {
    const run = this.#options.runOf(runKey);
    const entries = run === null ? [] : this.#entriesOf(run, input.operation);
    const missing = entries.filter((entry) => !isKnown(entry));
    const owner = run === null || entries.length === 0 ? null : ownerOf(run, input.operation);
    const isUncounted = owner !== null && this.#rooms.find(owner) === null;
    const left = missing.length + Number(isUncounted);
    if (left === 0) return this.#options.post(runKey, input);
    const waiter: SharedWaiter = { runKey, input, left, failure: null };
    if (isUncounted) this.#rooms.load(owner, waiter);
    for (const entry of missing) {
      entry.waiting.push(waiter);
      this.#settle(entry);
    }
  }

  /** Something that they wait for is known, or cannot be read. */
  #wake(waiting: readonly SharedWaiter[], failure: SharedFailure | null): void {
    for (const waiter of waiting) {
      waiter.left--;
      waiter.failure ??= failure;
      if (waiter.left > 0 || this.#patience.isClosed) continue;
      const { runKey, input } = waiter;
      if (waiter.failure === null) this.#prepare(runKey, input);
      else this.#options.post(runKey, unreadable(input, waiter.failure));
    }
  }

  #entriesOf(run: SharedRun, { scope, changes }: StateOperation): readonly Entry[] {
    if (scope === "run") return [];
    const { tenant } = run;
    const workflow = scope === "workflow" ? run.workflow : "";
    const names = new Set(changes.map(({ name }) => name));
    return [...names].map((name) => this.#entry(tenant, { scope, workflow, name }));
  }

  #entry(tenant: string, key: SharedKey): Entry {
    const id = idOf(tenant, key);
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    this.#evict();
    const entry: Entry = {
      ...{ id, tenant, ...key, value: null, turns: 0 },
      ...{ isBroken: false, isLoading: false, waiting: [] },
    };
    this.#entries.set(id, entry);
    return entry;
  }

  #evict(): void {
    if (this.#entries.size < ENTRIES_MAX) return;
    for (const [id, entry] of this.#entries) {
      if (entry.turns > 0 || entry.isLoading || entry.waiting.length > 0) continue;
      this.#entries.delete(id);
      return;
    }
  }

  /** Goes on with an entry as far as it can: forgets what is wrong, reads it, wakes who waits. */
  #settle(entry: Entry): void {
    if (entry.turns > 0 || entry.isLoading) return;
    if (entry.isBroken) entry.value = null;
    entry.isBroken = false;
    if (entry.value !== null) return this.#wakeAll(entry, null);
    if (entry.waiting.length === 0 || this.#patience.isClosed) return;
    entry.isLoading = true;
    void this.#load(entry);
  }

  /** Never rejects. */
  async #load(entry: Entry): Promise<void> {
    const asked = await this.#patience.ask(
      () => this.#find(entry),
      (runKey, path) => concernsOf(entry.waiting)(runKey, path),
    );
    entry.isLoading = false;
    if (asked.kind === "closed") return;
    if (asked.kind === "failed")
      return this.#wakeAll(entry, { what: textOf(entry), error: asked.error });
    if (entry.isBroken) return this.#settle(entry);
    entry.value = asked.answer;
    this.#wakeAll(entry, null);
  }

  #wakeAll(entry: Entry, failure: SharedFailure | null): void {
    const { waiting } = entry;
    entry.waiting = [];
    this.#wake(waiting, failure);
  }

  async #find({ tenant, scope, workflow, name }: Entry): Promise<KnownValue> {
    const { state } = this.#options.store;
    const context = engineContext(tenant);
    const found = await state.find(context, { scope, workflow, name });
    if (found === null) return NOTHING;
    const { revision, value: text } = found;
    return { revision, value: JSON.parse(text) as Json, text };
  }

  /** Never rejects. */
  async #askCache(runKey: string, attempt: Attempt, operation: CacheOperation): Promise<void> {
    const run = this.#options.runOf(runKey);
    if (run === null) return;
    const asked = await this.#patience.ask(
      () => this.#findCached(run, operation),
      (key, path) => key === runKey && path === attempt.path,
    );
    if (asked.kind === "closed") return;
    // An entry may be gone at any time: one that cannot be read is as good as gone.
    if (asked.kind === "failed")
      this.#options.logger.warn({ error: String(asked.error) }, "a cache entry cannot be read");
    const found = asked.kind === "answered" ? asked.answer : undefined;
    const { output, change } = applyCache(operation, found);
    if (output.hit) this.cacheHits++;
    else this.cacheMisses++;
    this.#options.post(runKey, { kind: "cached", ...attempt, output, change });
  }

  async #findCached(run: SharedRun, operation: CacheOperation): Promise<Json | undefined> {
    const { store, clock } = this.#options;
    const key = cacheKey(run, operation);
    const entry = await store.memos.find(engineContext(run.tenant), key, clock.nowMs());
    if (entry === null || !("text" in entry.output)) return undefined;
    return JSON.parse(entry.output.text) as Json;
  }
}

/** What an attempt has come to goes to its run, unless it asks for something first. */
export function tellRun(shared: SharedState, runKey: string, input: Input): void {
  const asked = input.kind === "result" && input.outcome.ok ? input.outcome.operation : undefined;
  if (asked === undefined || input.kind !== "result") return shared.post(runKey, input);
  const { path, attempt } = input;
  shared.perform(runKey, { path, attempt }, asked);
}

const NOTHING: KnownValue = { revision: 0, value: undefined, text: undefined };

function ownerOf(run: SharedRun, { scope }: StateOperation): SharedOwner {
  const { tenant } = run;
  return scope === "workflow"
    ? { tenant, scope, workflow: run.workflow }
    : { tenant, scope: "tenant", workflow: "" };
}

/** A turn works for one run, so for one tenant and one workflow. */
function isOf({ room }: RoomUse, { scope }: Pick<SharedOwner, "scope">): boolean {
  return room.scope === scope;
}

/** null: there is no such value. */
function bytesOf(shared: KnownValue | null): number | null {
  return shared?.text === undefined ? null : Buffer.byteLength(shared.text);
}

function isKnown({ value, isBroken }: Entry): boolean {
  return value !== null && !isBroken;
}

function madeBy({ change, to, value = null }: EventOf<"state.applied">): KnownValue {
  if (change !== "set") return NOTHING;
  return { revision: to ?? 0, value: value as Json, text: JSON.stringify(value) };
}

/** The step fails: its operation has changed nothing. */
function unreadable({ path, attempt }: OperationInput, { what, error }: SharedFailure): Input {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    ...{ kind: "result", path, attempt },
    outcome: {
      ok: false,
      error: {
        code: "value_unreadable",
        message: `The store cannot say ${what}: ${reason}`,
        retryable: false,
      },
    },
  };
}

function textOf({ scope, workflow, name }: SharedKey): string {
  const of = scope === "workflow" ? `of workflow ${workflow}` : "of the tenant";
  return `what value "${name}" ${of} holds`;
}

function idOf(tenant: string, { scope, workflow, name }: SharedKey): string {
  return `${tenant}\n${scope}\n${workflow}\n${name}`;
}
