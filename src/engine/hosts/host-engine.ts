/**
 * The engine of one host among several that share a store. It drives the runs that it owns as the
 * embedded engine does, and reaches all others through their hosts and the journal.
 */

import type { Hosts } from "#ports/hosts.ts";
import { EmbeddedEngine } from "../embedded/embedded-engine.ts";
import type { EngineCore } from "../embedded/engine-core.ts";
import { newCore } from "../embedded/open.ts";
import type { EngineOptions } from "../embedded/options.ts";
import { displacedBy } from "../embedded/run-errors.ts";
import { engineContext } from "../embedded/run-facts.ts";
import type { Engine } from "../engine.ts";
import { HostKeeper } from "./host-keeper.ts";
import { OtherHosts } from "./other-hosts.ts";
import { RateShares } from "./rate-shares.ts";
import { SharedBreakers } from "./shared-breakers.ts";
import { SlotShares } from "./slot-shares.ts";
import { WatchedRuns } from "./watched-runs.ts";

class HostEngine extends EmbeddedEngine {
  readonly #keeper: HostKeeper;
  readonly #watched: WatchedRuns;
  readonly #rates: RateShares | null;
  readonly #breakers: SharedBreakers | null;

  constructor(
    core: EngineCore,
    of: {
      readonly keeper: HostKeeper;
      readonly watched: WatchedRuns;
      readonly rates: RateShares | null;
      readonly breakers: SharedBreakers | null;
    },
  ) {
    super(core);
    this.#keeper = of.keeper;
    this.#watched = of.watched;
    this.#rates = of.rates;
    this.#breakers = of.breakers;
  }

  override async close(graceMs: number): Promise<void> {
    await this.#keeper.drain();
    await super.close(graceMs);
    this.#watched.close();
    this.#breakers?.close();
    await this.#rates?.close();
    await this.#keeper.leave();
  }
}

export interface JoinOptions {
  readonly hosts: Hosts;
  /** false: it only drives what it starts or is called for. */
  readonly takesRuns: boolean;
  /** Where the API of this host answers, as far as is known. */
  address?(): string | null;
  /** Told with each beat what the store's clock is ahead of this engine's, about. */
  onStoreClock?(aheadMs: number): void;
}

/** Joins the hosts of the store; runs that nobody drives are taken meanwhile. The store stays the caller's to close. */
export async function openHostEngine(
  options: EngineOptions,
  { hosts, takesRuns, address = () => null, onStoreClock = () => undefined }: JoinOptions,
): Promise<Engine> {
  const core = newCore(options);
  const { clock, random, logger } = options;
  const keeper = new HostKeeper({
    ...{ core, hosts, clock, random, logger, takesRuns, address, onStoreClock },
  });
  keeper.shares = shareSlots(core, hosts, keeper);
  const others = new OtherHosts({ core, hosts, keeper, clock, logger });
  core.elsewhere = others;
  const watched = new WatchedRuns({ core, clock, logger });
  const rates = ratesOf(core, hosts);
  const breakers = breakersOf(core, hosts, keeper);
  const engine = new HostEngine(core, { keeper, watched, rates, breakers });
  others.serve(engine);
  await core.prepare();
  core.join = () => keeper.open();
  if (await engine.care.open()) return engine;
  await core.recovery.run();
  engine.triggers.begin();
  return engine;
}

/** null: each host counts the starts of its rate limits for itself. */
function ratesOf({ options, services }: EngineCore, { rates, host }: Hosts): RateShares | null {
  if (rates === undefined) return null;
  const { clock, random, logger, defer = (work) => void setImmediate(work) } = options;
  const slots = services.attemptSlots;
  return new RateShares({ rates, host, slots, clock, random, logger, defer });
}

function shareSlots(core: EngineCore, { slots }: Hosts, keeper: HostKeeper): SlotShares {
  const { clock, random, logger, defer = (work) => void setImmediate(work) } = core.options;
  const { attemptSlots, runSlots, attempts } = core.services;
  const shares = new SlotShares({
    ...{ slots, attemptSlots, runSlots, clock, random, logger, defer },
    mayGrant: () => keeper.mayBegin,
    displace: ({ tenant, runId }, by) => {
      const input = { kind: "cancel", by: "engine", reason: displacedBy(by) } as const;
      core.call(engineContext(tenant), runId, input).catch((error: unknown) => {
        // It has ended, or is asked again while somebody waits.
        logger.debug({ run: runId, error: String(error) }, "a run was not told to make room");
      });
    },
  });
  attempts.isVoid = (id) => shares.isVoid(id);
  return shares;
}

/** null: each host opens and closes breakers for itself. */
function breakersOf(
  { options, services }: EngineCore,
  hosts: Hosts,
  keeper: HostKeeper,
): SharedBreakers | null {
  if (hosts.openBreakers === undefined) return null;
  const { clock, logger } = options;
  const others = () => keeper.others.map(({ host }) => host);
  return new SharedBreakers({ hosts, slots: services.attemptSlots, clock, logger, others });
}
