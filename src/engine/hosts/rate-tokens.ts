/**
 * Tokens of one rate: what this host was granted of the starts that all hosts count together. Tokens
 * that were granted under one limit are no other's: each limit is held to its own.
 *
 *            granted            taken                      begun
 *   (store) --------> spare ------------> with an attempt --------> told
 *                       | unused for a while    | it never starts
 *                       +-----------------------+----------------> given back
 *
 *   RT1. An attempt whose token was asked for TOKEN_MS ago, or longer, does not begin: the store counts
 *        it as started at an instant that is over by then, and others may have used its window up.
 */
import { type RateReport, TOKEN_MS } from "#ports/shared-rates.ts";
import type { RateGate } from "../admission/claim.ts";
import type { RateShare } from "../admission/outside-room.ts";

/** The store counts it as started TOKEN_MS after it was asked for, at the earliest. */
export interface SpareToken {
  readonly token: string;
  readonly askedAtMs: number;
}

/** One limit of the name. */
export interface TokenLine {
  readonly gate: RateGate;
  readonly spare: SpareToken[];
  /** When the last of the spare ones came. */
  sinceMs: number;
  /** When asking is of use again; null: at any time. */
  retryAtMs: number | null;
  /** It is due, or under way. */
  isAsking: boolean;
}

interface Taken {
  readonly token: string;
  readonly perMs: number;
  /** null: nobody granted it. */
  readonly askedAtMs: number | null;
}

/** A start is told as the instant at which it began. */
export interface TokenEnd extends Pick<RateReport, "name" | "token" | "perMs"> {
  /** By the monotonic clock; null: it never did. */
  readonly startedAtMs: number | null;
}

export class RateTokens implements RateShare {
  readonly #name: string;
  readonly #newToken: () => string;
  readonly #ended: (end: TokenEnd) => void;
  readonly #lines: TokenLine[] = [];
  readonly #taken = new Map<string, Taken>();

  constructor(
    name: string,
    of: { readonly newToken: () => string; readonly ended: (end: TokenEnd) => void },
  ) {
    this.#name = name;
    this.#newToken = of.newToken;
    this.#ended = of.ended;
  }

  get hasSpare(): boolean {
    return this.#lines.some(({ spare }) => spare.length > 0);
  }

  get isIdle(): boolean {
    return this.#taken.size === 0 && !this.hasSpare;
  }

  lineOf(gate: RateGate): TokenLine {
    for (const line of this.#lines)
      if (line.gate.limit === gate.limit && line.gate.perMs === gate.perMs) return line;
    const line: TokenLine = { gate, spare: [], sinceMs: 0, retryAtMs: null, isAsking: false };
    this.#lines.push(line);
    return line;
  }

  room(gate: RateGate): number {
    return this.lineOf(gate).spare.length;
  }

  freesAtMs(gate: RateGate): number | null {
    const { isAsking, retryAtMs } = this.lineOf(gate);
    return isAsking ? null : (retryAtMs ?? Number.NEGATIVE_INFINITY);
  }

  took(slot: string, gate: RateGate, isFound: boolean): void {
    // What nobody granted is told when it has begun, and counts all the same.
    const granted = isFound ? undefined : this.lineOf(gate).spare.shift();
    const { token, askedAtMs } = granted ?? { token: this.#newToken(), askedAtMs: null };
    this.#taken.set(slot, { token, perMs: gate.perMs, askedAtMs });
  }

  isLate(slot: string, atMs: number): boolean {
    const askedAtMs = this.#taken.get(slot)?.askedAtMs ?? atMs;
    return atMs - askedAtMs >= TOKEN_MS;
  }

  gave(slot: string): void {
    this.#end(slot, null);
  }

  began(slot: string, atMs: number): void {
    this.#end(slot, atMs);
  }

  /** Gives back what came before `beforeMs` and was not used. */
  giveBack(beforeMs: number): void {
    for (const line of this.#lines) {
      if (line.sinceMs > beforeMs) continue;
      for (const { token } of line.spare.splice(0))
        this.#ended({ name: this.#name, token, perMs: line.gate.perMs, startedAtMs: null });
    }
  }

  #end(slot: string, startedAtMs: number | null): void {
    const taken = this.#taken.get(slot);
    if (taken === undefined) return;
    this.#taken.delete(slot);
    const { token, perMs } = taken;
    this.#ended({ name: this.#name, token, perMs, startedAtMs });
  }
}
