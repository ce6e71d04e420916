/**
 * Hosts of a database that have Redis as well: starts are counted there, and notices go that way,
 * quicker and without load for the database. Without Redis both are the database's again.
 */
import type { HostNotice, Hosts } from "#ports/hosts.ts";
import type { Logger } from "#ports/logger.ts";
import type { PubSub, Subscription } from "#ports/pub-sub.ts";
import type { SharedRates } from "#ports/shared-rates.ts";
import { FallingRates } from "./falling-rates.ts";
import type { RedisLink } from "./redis-link.ts";

/** Notices say that there is something to look at: of many one is enough. */
const NOTICES_MAX = 100;
/** What may have been missed is looked for: all that hosts tell each other. */
const ALL: readonly HostNotice[] = ["messages", "runs", "slots", "breakers"];

interface RedisHostsOptions {
  readonly hosts: Hosts;
  /** The database's. */
  readonly second: SharedRates;
  /** Redis's. */
  readonly first: SharedRates;
  readonly link: RedisLink;
  readonly pubSub: PubSub;
  readonly logger: Pick<Logger, "debug">;
}

export class RedisHosts {
  readonly #options: RedisHostsOptions;
  readonly #rates: FallingRates;
  readonly #listeners = new Set<(notice: HostNotice) => void>();
  #subscription: Subscription | null = null;
  #others: readonly number[] = [];

  constructor(options: RedisHostsOptions) {
    this.#options = options;
    const { first, second, link, hosts } = options;
    this.#rates = new FallingRates({
      ...{ first, second, isReady: () => link.isReady, nowMs: () => performance.now() },
      tell: () => this.#tellAll("rates"),
    });
    link.onLost(() => this.#rates.lostHere());
    hosts.onNotice((notice) => {
      if (notice === "rates") this.#rates.lost();
    });
  }

  async open(): Promise<void> {
    const { pubSub, hosts } = this.#options;
    const channel = channelOf(hosts.host);
    this.#subscription = await pubSub.subscribe({ channel }, NOTICES_MAX);
    void this.#hear(this.#subscription);
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  /** The hosts, with what Redis does for them. */
  port(): Hosts {
    const { hosts } = this.#options;
    return {
      ...{ host: hosts.host, leaseMs: hosts.leaseMs, slots: hosts.slots, rates: this.#rates },
      ...(hosts.starts === undefined ? {} : { starts: hosts.starts }),
      beat: async (beat) => {
        const answer = await hosts.beat(beat);
        this.#others = answer.hosts.map(({ host }) => host).filter((host) => host !== hosts.host);
        return answer;
      },
      claim: (limit) => hosts.claim(limit),
      claimed: (afterEpoch) => hosts.claimed(afterEpoch),
      claimRun: (tenant, runId) => hosts.claimRun(tenant, runId),
      release: (runs) => hosts.release(runs),
      leave: () => hosts.leave(),
      tell: (host, notice) => this.#tell(host, notice),
      onNotice: (listener) => {
        const unlisten = hosts.onNotice(listener);
        this.#listeners.add(listener);
        return () => {
          unlisten();
          this.#listeners.delete(listener);
        };
      },
      ...(hosts.openBreakers === undefined ? {} : { openBreakers: hosts.openBreakers.bind(hosts) }),
      ask: (host, question, timeoutMs) => hosts.ask(host, question, timeoutMs),
      onAsk: (answer) => hosts.onAsk(answer),
    };
  }

  /** By the database where nobody hears it here: the other host has lost Redis, or is gone. */
  async #tell(host: number, notice: HostNotice): Promise<void> {
    const { hosts, pubSub, logger } = this.#options;
    try {
      if (await pubSub.publish(channelOf(host), notice)) return;
    } catch (error) {
      logger.debug({ host, error: String(error) }, "a notice goes by the database");
    }
    await hosts.tell(host, notice);
  }

  #tellAll(notice: HostNotice): void {
    const { hosts, logger } = this.#options;
    for (const host of this.#others)
      hosts.tell(host, notice).catch((error: unknown) => {
        logger.debug({ host, error: String(error) }, "a host was not told");
      });
  }

  /** Never rejects. */
  async #hear(subscription: Subscription): Promise<void> {
    for await (const heard of subscription) {
      const notices = heard.kind === "gap" ? ALL : ALL.filter((notice) => notice === heard.text);
      for (const notice of notices) for (const listener of this.#listeners) listener(notice);
    }
  }
}

function channelOf(host: number): string {
  return `host/${host}`;
}
