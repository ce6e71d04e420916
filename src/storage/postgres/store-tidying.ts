/**
 * Forgets what is over: ids of messages and start keys after MEMORY_MS, starts that no rate limit
 * counts any more, breakers that have been quiet, results that have expired or whose run has ended;
 * and writes which results were used. Every minute, on every host, in short statements: hosts that do so
 * at once pass over each other's rows.
 *
 *   1. A failure is logged, and tried again with the next round: nothing that was promised depends on it.
 *   2. It never keeps the process alive, and close() waits for the round under way.
 */
import { RESERVED_MS } from "#ports/start-quotas.ts";
import { USAGE_KEPT_MS } from "#ports/usage.ts";
import { MEMO_ROWS_MAX, type MemoLimits } from "../memo-limits.ts";
import { MEMORY_MS } from "../storable-turn.ts";
import { evictMemos, useMemos } from "./memo-area.ts";
import type { MemoUses } from "./memo-uses.ts";
import { FORGET_BREAKERS } from "./sql/forget-breakers.ts";
import { FORGET_EXPIRED_MEMOS } from "./sql/forget-expired-memos.ts";
import { FORGET_MESSAGES } from "./sql/forget-messages.ts";
import { FORGET_RATE_STARTS } from "./sql/forget-rate-starts.ts";
import { FORGET_RATE_TOKENS } from "./sql/forget-rate-tokens.ts";
import { FORGET_RUN_MEMOS } from "./sql/forget-run-memos.ts";
import { FORGET_RUN_SLOTS } from "./sql/forget-run-slots.ts";
import { FORGET_SLOT_SHARES } from "./sql/forget-slot-shares.ts";
import { FORGET_START_KEYS } from "./sql/forget-start-keys.ts";
import { FORGET_START_PLACES } from "./sql/forget-start-places.ts";
import { FORGET_USAGE } from "./sql/forget-usage.ts";
import type { StoreParts } from "./store-parts.ts";

const EVERY_MS = 60_000;
const ROWS_MAX = 1_000;
/** Admission counts a start a minute longer after a restart; rows of a busy limit go in larger lots. */
const RATE_START_SLACK_MS = 120_000;
const RATE_STARTS_MAX = 20_000;
const TIDYING = "forgetting what is over";

interface Forgetting {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** As many as this: there may be more. */
  readonly rowsMax: number;
}

export class StoreTidying {
  readonly #parts: StoreParts;
  readonly #limits: MemoLimits;
  readonly #uses: MemoUses;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | null = null;
  #isClosed = false;

  constructor(parts: StoreParts, limits: MemoLimits, uses: MemoUses) {
    this.#parts = parts;
    this.#limits = limits;
    this.#uses = uses;
    this.#timer = setInterval(() => void this.round(), EVERY_MS);
    this.#timer.unref();
  }

  /** Everything that is over now, once. Never rejects. */
  round(): Promise<void> {
    this.#round ??= this.#forgetAll()
      .catch((error: unknown) => {
        // A right that is missing would otherwise only show as tables that grow.
        this.#parts.logger?.error({ error: String(error) }, "what is over cannot be forgotten");
      })
      .finally(() => {
        this.#round = null;
      });
    return this.#round;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#round;
  }

  async #forgetAll(): Promise<void> {
    const { sessions } = this.#parts;
    for (const { sql, values } of useMemos(this.#uses))
      await sessions.change(TIDYING, sql, ...values);
    for (const forgetting of this.#forgettings()) await this.#forget(forgetting);
    await sessions.change(TIDYING, FORGET_START_PLACES, RESERVED_MS);
    const { sql, values } = evictMemos(this.#limits);
    await sessions.change(TIDYING, sql, ...values);
  }

  async #forget({ sql, values, rowsMax }: Forgetting): Promise<void> {
    while (!this.#isClosed) {
      const { count } = await this.#parts.sessions.change(TIDYING, sql, ...values);
      if (count < rowsMax) return;
    }
  }

  #forgettings(): readonly Forgetting[] {
    const nowMs = this.#parts.nowMs();
    const remembered = nowMs - MEMORY_MS;
    const counted = nowMs - RATE_START_SLACK_MS;
    const upTo = (sql: string, beforeMs: number, rowsMax: number): Forgetting => ({
      ...{ sql, values: [beforeMs, rowsMax], rowsMax },
    });
    return [
      upTo(FORGET_MESSAGES, remembered, ROWS_MAX),
      upTo(FORGET_START_KEYS, remembered, ROWS_MAX),
      upTo(FORGET_RATE_STARTS, counted, RATE_STARTS_MAX),
      upTo(FORGET_RATE_TOKENS, counted, RATE_STARTS_MAX),
      upTo(FORGET_BREAKERS, counted, RATE_STARTS_MAX),
      upTo(FORGET_USAGE, nowMs - USAGE_KEPT_MS, ROWS_MAX),
      upTo(FORGET_EXPIRED_MEMOS, nowMs, MEMO_ROWS_MAX),
      { sql: FORGET_RUN_SLOTS, values: [ROWS_MAX], rowsMax: ROWS_MAX },
      { sql: FORGET_SLOT_SHARES, values: [ROWS_MAX], rowsMax: ROWS_MAX },
      { sql: FORGET_RUN_MEMOS, values: [MEMO_ROWS_MAX], rowsMax: MEMO_ROWS_MAX },
    ];
  }
}
