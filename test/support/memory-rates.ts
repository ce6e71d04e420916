/** The SharedRates port in memory, on any clock: for the simulation, and as the plainest reading of its promises. */
import { type RateGrant, type SharedRates, TOKEN_MS } from "#ports/shared-rates.ts";

export class MemoryRates implements SharedRates {
  readonly #nowMs: () => number;
  readonly #tokens = new Map<string, Map<string, number>>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  take: SharedRates["take"] = async (demands, reports) => {
    const nowMs = this.#nowMs();
    for (const { name, token, startedAgoMs } of reports)
      if (startedAgoMs === null) this.#of(name).delete(token);
      else this.#of(name).set(token, nowMs - startedAgoMs);
    return demands.map(({ name, limit, perMs, wanted }): RateGrant => {
      const tokens = this.#of(name);
      const used = [...tokens.values()].filter((atMs) => atMs > nowMs - perMs).length;
      const granted = Math.max(0, Math.min(wanted.length, limit - used));
      for (const token of wanted.slice(0, granted)) tokens.set(token, nowMs + TOKEN_MS);
      if (granted === wanted.length) return { granted, retryAfterMs: null };
      const newest = [...tokens.values()].sort((a, b) => b - a)[limit - 1] ?? nowMs;
      return { granted, retryAfterMs: Math.min(newest, nowMs) + perMs - nowMs };
    });
  };

  #of(name: string): Map<string, number> {
    const tokens = this.#tokens.get(name) ?? new Map<string, number>();
    this.#tokens.set(name, tokens);
    return tokens;
  }
}
