/**
 * Rate limits that hosts count together: tokens are asked for when claims wait for them, for all rates
 * in one call, and what has become of them is told with the next one.
 *
 *   RS1. One call is under way at a time; what comes meanwhile goes with the next, right behind it.
 *   RS2. An attempt starts with a token only. One that is not used for SPARE_MS is given back,
 *        at most as much later.
 *   RS3. Nothing that was told is forgotten before a call with it was answered; what may have been
 *        granted by a call without an answer is given back by the next.
 *   RS4. Where the last answer left nobody waiting, as many again are asked for as wait, up to a part
 *        of the limit: a limit that is far away costs few calls.
 *   RS5. A rate that has no room is asked for again when the store said that it has, not before.
 */
import type { Clock, Random } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { RateDemand, RateGrant, RateReport, SharedRates } from "#ports/shared-rates.ts";
import type { Line, Meter } from "../admission/line.ts";
import type { OutsideRoom } from "../admission/outside-room.ts";
import { RateMeter } from "../admission/rate-meter.ts";
import type { Scheduler } from "../admission/scheduler.ts";
import { RateTokens, type TokenEnd, type TokenLine } from "./rate-tokens.ts";

/** Rates, and tokens of each, in one call. */
const CALL_MAX = 1_000;
const SPARE_MS = 1_000;
/** Of a limit that leaves room for all: so many are asked for ahead, and start without asking. */
const AHEAD = 1 / 20;
/** Starts are told together: until then they count for somewhat longer than they should. */
const REPORT_MS = 20;
const RETRY_MS_FIRST = 100;
const RETRY_MS_MAX = 2_000;

interface SharesOptions {
  readonly rates: SharedRates;
  readonly host: number;
  readonly slots: Scheduler;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly defer: (work: () => void) => void;
}

interface Asked {
  readonly meter: RateMeter;
  readonly tokens: RateTokens;
  readonly line: TokenLine;
  readonly demand: RateDemand;
}

/** Somebody waits, and there is no token. */
interface Short {
  readonly meter: RateMeter;
  readonly tokens: RateTokens;
  readonly line: Line;
}

export class RateShares {
  readonly #options: SharesOptions;
  readonly #withSpare = new Set<RateTokens>();
  readonly #short = new Map<TokenLine, Short>();
  #ended: TokenEnd[] = [];
  #made = 0;
  #failures = 0;
  #isDue = false;
  #calling: Promise<void> | null = null;
  #isReportDue = false;
  /** Nothing is asked until then. */
  #isPausing = false;
  #cancelSweep: (() => void) | null = null;
  #isClosed = false;

  constructor(options: SharesOptions) {
    this.#options = options;
    const { slots } = options;
    const other: OutsideRoom | null = slots.outside;
    slots.outside = {
      ...other,
      made: (meter, gate) => {
        if (gate.kind === "rate_limit") this.#meterMade(meter);
        else other?.made(meter, gate);
      },
      short: (line) => {
        if (line.meter instanceof RateMeter) this.#isShort(line, line.meter);
        else other?.short(line);
      },
    };
  }

  /** Gives back what is left, as far as the store answers. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSweep?.();
    await this.#calling;
    for (const tokens of this.#withSpare) tokens.giveBack(Number.POSITIVE_INFINITY);
    if (this.#ended.length > 0) await this.#call([]);
  }

  #meterMade(meter: Meter): void {
    if (!(meter instanceof RateMeter)) return;
    meter.share = new RateTokens(meter.name, {
      newToken: () => this.#newToken(),
      ended: (end) => this.#tell(end),
    });
  }

  #isShort(line: Line, meter: RateMeter): void {
    const { gate } = line;
    const tokens = meter.share;
    if (gate.kind !== "rate_limit" || !(tokens instanceof RateTokens)) return;
    const asked = tokens.lineOf(gate);
    // Its meter is looked at again when the answer comes, or the time.
    if (asked.isAsking) return;
    if (asked.retryAtMs !== null && asked.retryAtMs > this.#options.clock.monotonicMs()) return;
    asked.isAsking = true;
    this.#short.set(asked, { meter, tokens, line });
    this.#callSoon();
  }

  #tell(end: TokenEnd): void {
    this.#ended.push(end);
    if (this.#isReportDue || this.#isClosed) return;
    this.#isReportDue = true;
    this.#options.clock.after(REPORT_MS, () => {
      this.#isReportDue = false;
      this.#callSoon();
    });
  }

  #callSoon(): void {
    if (this.#isDue || this.#calling !== null || this.#isPausing || this.#isClosed) return;
    this.#isDue = true;
    this.#options.defer(() => {
      this.#isDue = false;
      this.#calling ??= this.#callAll().finally(() => {
        this.#calling = null;
      });
    });
  }

  /** Never rejects. */
  async #callAll(): Promise<void> {
    while (!this.#isClosed && !this.#isPausing) {
      const asked = this.#demands();
      if (asked.length + this.#ended.length === 0) return;
      await this.#call(asked);
    }
  }

  #demands(): readonly Asked[] {
    const nowMs = this.#options.clock.monotonicMs();
    const asked: Asked[] = [];
    for (const [tokenLine, { meter, tokens, line }] of this.#short) {
      if (asked.length >= CALL_MAX) break;
      this.#short.delete(tokenLine);
      const { gate } = tokenLine;
      const room = meter.ownRoom(gate, nowMs) - tokenLine.spare.length;
      const ahead = Math.min(line.queue.size, Math.floor(gate.limit * AHEAD));
      const wantedMax = line.queue.size + (tokenLine.retryAtMs === null ? ahead : 0);
      const count = Math.min(wantedMax - tokenLine.spare.length, room, CALL_MAX);
      tokenLine.isAsking = count > 0;
      if (count <= 0) continue;
      const wanted = Array.from({ length: count }, () => this.#newToken());
      const { limit, perMs } = gate;
      asked.push({
        ...{ meter, tokens, line: tokenLine },
        demand: { name: meter.name, limit, perMs, wanted },
      });
    }
    return asked;
  }

  /** Never rejects. */
  async #call(asked: readonly Asked[]): Promise<void> {
    const { rates, clock } = this.#options;
    const ended = this.#ended.splice(0, CALL_MAX);
    const nowMs = clock.monotonicMs();
    try {
      const demands = asked.map(({ demand }) => demand);
      const grants = await rates.take(
        demands,
        ended.map((end) => reportOf(end, nowMs)),
      );
      this.#failures = 0;
      this.#granted(asked, grants, nowMs);
    } catch (error) {
      this.#ended.unshift(...ended);
      this.#failed(asked, error);
    }
  }

  #granted(asked: readonly Asked[], grants: readonly RateGrant[], askedAtMs: number): void {
    const { clock, slots } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [at, { tokens, line, demand }] of asked.entries()) {
      const { granted, retryAfterMs } = grants[at] ?? { granted: 0, retryAfterMs: null };
      line.isAsking = false;
      line.retryAtMs = retryAfterMs === null ? null : nowMs + retryAfterMs;
      for (const token of demand.wanted.slice(0, granted)) line.spare.push({ token, askedAtMs });
      line.sinceMs = nowMs;
      if (granted > 0) this.#withSpare.add(tokens);
    }
    for (const { meter } of asked) slots.look(meter);
    this.#armSweep();
  }

  #failed(asked: readonly Asked[], error: unknown): void {
    const { clock, random, logger, slots } = this.#options;
    if (this.#isClosed) return;
    const limitMs = Math.min(RETRY_MS_FIRST * 2 ** this.#failures, RETRY_MS_MAX);
    const afterMs = limitMs * (0.5 + random.next() / 2);
    if (this.#failures++ === 0)
      logger.warn({ error: String(error) }, "starts cannot be counted; rate limits wait");
    const retryAtMs = clock.monotonicMs() + afterMs;
    for (const { meter, line, demand } of asked) {
      line.isAsking = false;
      line.retryAtMs = retryAtMs;
      const { name, perMs, wanted } = demand;
      for (const token of wanted) this.#ended.push({ name, token, perMs, startedAtMs: null });
      slots.look(meter);
    }
    this.#isPausing = true;
    clock.after(afterMs, () => {
      this.#isPausing = false;
      this.#callSoon();
    });
  }

  #armSweep(): void {
    const { clock } = this.#options;
    for (const tokens of this.#withSpare) if (!tokens.hasSpare) this.#withSpare.delete(tokens);
    if (this.#withSpare.size === 0 || this.#cancelSweep !== null || this.#isClosed) return;
    this.#cancelSweep = clock.after(SPARE_MS, () => {
      this.#cancelSweep = null;
      for (const tokens of this.#withSpare) tokens.giveBack(clock.monotonicMs() - SPARE_MS);
      this.#armSweep();
    });
  }

  #newToken(): string {
    return `${this.#options.host}-${(++this.#made).toString(36)}`;
  }
}

function reportOf({ name, token, perMs, startedAtMs }: TokenEnd, nowMs: number): RateReport {
  return { name, token, perMs, startedAgoMs: startedAtMs === null ? null : nowMs - startedAtMs };
}
