/**
 * Remembered results at admission: before an attempt asks for a slot, is its result known? One
 * claim for each attempt that asks, named by its slot.
 *
 *            ask           no entry, nobody at work           release (the attempt ended)
 *   (none) ------> asking ----------------------> leading ------------------------------> (none)
 *                    |  somebody is at work         ^                      | wakes those that wait
 *                    +-------> waiting -------------+ the one before has ended without a result
 *                    |            |
 *                    +------------+----> hit: the kernel is told, the claim is gone
 *
 *   D1. Of all claims with one key at most one leads; only a leading one goes on to ask for a slot.
 *       So a claim that waits holds no slot, and whoever leads never waits for one that does.
 *   D2. A claim waits only while another one leads or the store is being asked.
 *   D3. Every claim that is asked for and not released comes to a hit or leads, as long as the
 *       leading ones end and the store answers now and then.
 *   D4. After a crash nothing of this is left: who asked for admission asks again.
 */
import type { MemoOrigin, MemoRequest } from "#kernel/events.ts";
import { VALUE_LOST } from "#kernel/value-ref.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { MemoEntry, MemoWrite } from "#ports/memo-store.ts";
import type { Store } from "#ports/store.ts";
import type { SecretUse } from "#workflow/expression/secret-uses.ts";
import { readBlob } from "./event-blobs.ts";
import { memoKey } from "./memo-key.ts";
import { memoOutput } from "./memo-output.ts";
import { Patience } from "./patience.ts";
import { engineContext } from "./run-facts.ts";

/** An attempt whose result may be known. */
export interface MemoAsk {
  /** Names the attempt, and its slot. */
  readonly slot: string;
  readonly runKey: string;
  readonly tenant: string;
  readonly runId: string;
  readonly workflow: string;
  readonly workflowVersion: number;
  readonly path: string;
  readonly attempt: number;
  readonly uses: string;
  readonly memo: MemoRequest;
  readonly secrets: readonly SecretUse[] | null;
  /** The evaluated `with`, or VALUE_LOST. */
  config(): Promise<unknown>;
  /** There is no result: the attempt may ask for its slot. */
  proceed(): void;
}

export interface MemoHit {
  readonly key: string;
  readonly from: MemoOrigin;
  readonly output: unknown;
}

interface Claim {
  ask: MemoAsk;
  phase: "asking" | "waiting" | "leading";
  /** null: not known yet, or nothing is remembered after all. */
  key: string | null;
  isGone: boolean;
}

/** Everything about one key that is under way. */
interface Flight {
  readonly name: string;
  readonly tenant: string;
  readonly key: string;
  leader: Claim | null;
  isLooking: boolean;
  /** In order of arrival. */
  readonly waiting: Set<Claim>;
}

interface MemosOptions {
  readonly store: Pick<Store, "memos" | "blobs">;
  readonly nodes: NodeRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hit: (ask: MemoAsk, hit: MemoHit) => void;
}

export class Memos {
  readonly #options: MemosOptions;
  readonly #claims = new Map<string, Claim>();
  readonly #flights = new Map<string, Flight>();
  readonly #patience: Patience;
  /** Results that stood for an attempt, and attempts that had to be made, since the start. */
  hits = 0;
  misses = 0;

  constructor(options: MemosOptions) {
    this.#options = options;
    this.#patience = new Patience("remembered results", options);
  }

  /** Answers by `proceed` or `hit`, later. Asking again under the same slot changes nothing. */
  ask(ask: MemoAsk): void {
    const known = this.#claims.get(ask.slot);
    if (known !== undefined) {
      known.ask = ask;
      if (known.phase === "leading") ask.proceed();
      return;
    }
    const claim: Claim = { ask, phase: "asking", key: null, isGone: false };
    this.#claims.set(ask.slot, claim);
    void this.#enter(claim);
  }

  /** The attempt has ended, or is not wanted any more. */
  release(slot: string): void {
    const claim = this.#claims.get(slot);
    if (claim === undefined) return;
    this.#claims.delete(slot);
    claim.isGone = true;
    const flight = this.#flightOf(claim);
    if (flight === undefined) return;
    flight.waiting.delete(claim);
    if (flight.leader === claim) flight.leader = null;
    this.#look(flight);
  }

  /** What the attempt that holds `slot` leaves behind when it succeeds; null: nothing. */
  writeOf(slot: string, output: unknown, atMs: number): MemoWrite | null {
    const claim = this.#claims.get(slot);
    if (claim === undefined || claim.phase !== "leading" || claim.key === null) return null;
    const { memo, uses, workflow, path } = claim.ask;
    return {
      key: claim.key,
      scope: memo.scope,
      label: memo.key ?? null,
      ...{ uses, workflow, path },
      output: memoOutput(output),
      createdAtMs: atMs,
      expiresAtMs: memo.ttlMs === undefined ? null : atMs + memo.ttlMs,
    };
  }

  /** Whose result the attempt waits for; null: it does not. */
  waitOf(slot: string): { readonly runId: string; readonly path: string } | null {
    const claim = this.#claims.get(slot);
    if (claim === undefined || claim.phase !== "waiting") return null;
    return this.#flightOf(claim)?.leader?.ask ?? null;
  }

  /** Whether the step waits for a store that is away. */
  isStoreAwayFor(runKey: string, path: string): boolean {
    return this.#patience.isAwayFor(runKey, path);
  }

  close(): void {
    this.#patience.close();
  }

  #flightOf({ ask, key }: Claim): Flight | undefined {
    return key === null ? undefined : this.#flights.get(nameOf(ask.tenant, key));
  }

  /** Never rejects. */
  async #enter(claim: Claim): Promise<void> {
    const key = await this.#keyOf(claim);
    if (claim.isGone || this.#patience.isClosed) return;
    if (key === null) return this.#lead(claim);
    claim.key = key;
    claim.phase = "waiting";
    const name = nameOf(claim.ask.tenant, key);
    let flight = this.#flights.get(name);
    if (flight === undefined) {
      const { tenant } = claim.ask;
      flight = { name, tenant, key, leader: null, isLooking: false, waiting: new Set() };
      this.#flights.set(name, flight);
    }
    flight.waiting.add(claim);
    this.#look(flight);
  }

  /** null: the configuration is lost, or cannot be a key; the attempt will say so. */
  async #keyOf(claim: Claim): Promise<string | null> {
    const { ask } = claim;
    const definition = this.#options.nodes.definition(ask.uses);
    const config =
      ask.memo.key === undefined
        ? await this.#patiently(
            () => ask.config(),
            () => [claim],
          )
        : null;
    if (config === VALUE_LOST || config === UNREAD || definition === undefined) return null;
    try {
      return memoKey({ ...ask, implementation: definition.version, config });
    } catch (error) {
      const { runId, path } = ask;
      this.#options.logger.warn({ runId, path, error: String(error) }, "a memo has no key");
      return null;
    }
  }

  #look(flight: Flight): void {
    if (flight.leader !== null || flight.isLooking || this.#patience.isClosed) return;
    if (flight.waiting.size === 0) return void this.#flights.delete(flight.name);
    flight.isLooking = true;
    void this.#decide(flight);
  }

  /** Never rejects. */
  async #decide(flight: Flight): Promise<void> {
    const found = await this.#patiently(
      () => this.#find(flight),
      () => flight.waiting,
    );
    flight.isLooking = false;
    if (this.#patience.isClosed) return;
    if (found !== null && found !== UNREAD) this.#hand(flight, found.entry, found.output);
    const next = flight.waiting.values().next().value;
    if (next === undefined) return void this.#flights.delete(flight.name);
    flight.waiting.delete(next);
    flight.leader = next;
    this.#lead(next);
  }

  /** Gives the result to all that wait and find it fresh enough. */
  #hand(flight: Flight, entry: MemoEntry, output: unknown): void {
    const nowMs = this.#options.clock.nowMs();
    const from = { runId: entry.runId, path: entry.path, atMs: entry.createdAtMs };
    for (const claim of [...flight.waiting]) {
      const { ttlMs } = claim.ask.memo;
      if (ttlMs !== undefined && entry.createdAtMs + ttlMs <= nowMs) continue;
      flight.waiting.delete(claim);
      this.#claims.delete(claim.ask.slot);
      claim.isGone = true;
      this.hits++;
      this.#options.hit(claim.ask, { key: flight.key, from, output });
    }
  }

  #lead(claim: Claim): void {
    claim.phase = "leading";
    this.misses++;
    claim.ask.proceed();
  }

  /** An output whose blob is lost is no result. */
  async #find({
    tenant,
    key,
  }: Flight): Promise<{ readonly entry: MemoEntry; readonly output: unknown } | null> {
    const { store, clock } = this.#options;
    const context = engineContext(tenant);
    const entry = await store.memos.find(context, key, clock.nowMs());
    if (entry === null) return null;
    if ("text" in entry.output) return { entry, output: JSON.parse(entry.output.text) as unknown };
    const output = await readBlob(store.blobs, context, entry.output.blob);
    return output === undefined ? null : { entry, output };
  }

  /** UNREAD: it cannot be, or the host closes. A result that is not found costs an attempt, no more. */
  async #patiently<Answer>(
    ask: () => Promise<Answer>,
    claims: () => Iterable<Claim>,
  ): Promise<Answer | typeof UNREAD> {
    const asked = await this.#patience.ask(ask, (runKey, path) => {
      for (const claim of claims())
        if (claim.ask.runKey === runKey && claim.ask.path === path) return true;
      return false;
    });
    if (asked.kind === "answered") return asked.answer;
    if (asked.kind === "failed")
      this.#options.logger.warn({ error: String(asked.error) }, "a memo cannot be read");
    return UNREAD;
  }
}

const UNREAD: unique symbol = Symbol("unread");

function nameOf(tenant: string, key: string): string {
  return `${tenant}\n${key}`;
}
