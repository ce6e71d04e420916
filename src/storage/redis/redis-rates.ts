/** The SharedRates port on Redis: one script for each name, all of them in one round trip. */
import {
  type RateDemand,
  type RateGrant,
  type RateReport,
  type SharedRates,
  TOKEN_MS,
} from "#ports/shared-rates.ts";
import type { RedisLink } from "./redis-link.ts";
import { runScript } from "./redis-script.ts";
import { TAKE_RATE_TOKENS } from "./scripts/take-rate-tokens.ts";

const DOING = "counting starts";

export class RedisRates implements SharedRates {
  readonly #link: RedisLink;
  readonly #namespace: string;

  constructor(link: RedisLink, namespace: string) {
    this.#link = link;
    this.#namespace = namespace;
  }

  async take(
    demands: readonly RateDemand[],
    reports: readonly RateReport[],
  ): Promise<readonly RateGrant[]> {
    const told = Map.groupBy(reports, ({ name }) => name);
    // Calls go out in their order, and Redis does one after the other.
    const taken = demands.map((demand) => {
      const own = told.get(demand.name) ?? [];
      told.delete(demand.name);
      return this.#run(demand, own);
    });
    const rest = [...told].map(([name, own]) => {
      const perMs = own.reduce((widest, report) => Math.max(widest, report.perMs), 0);
      return this.#run({ name, limit: 0, perMs, wanted: [] }, own);
    });
    // All of them are waited for: none may fail with nobody there.
    const [grants] = await Promise.all([Promise.all(taken), Promise.all(rest)]);
    return grants;
  }

  async #run(
    { name, limit, perMs, wanted }: RateDemand,
    reports: readonly RateReport[],
  ): Promise<RateGrant> {
    const args = [limit, perMs, TOKEN_MS, reports.length].map(String);
    for (const { token, startedAgoMs } of reports)
      args.push(
        token,
        startedAgoMs === null ? "-1" : String(Math.max(0, Math.floor(startedAgoMs))),
      );
    const keys = [`${this.#namespace}:rate:${name}`];
    const call = { script: TAKE_RATE_TOKENS, keys, args: [...args, ...wanted] };
    const [granted, retryAfterMs] = (await runScript(this.#link, DOING, call)) as [number, number];
    return { granted, retryAfterMs: retryAfterMs < 0 ? null : retryAfterMs };
  }
}
