/**
 * Engines of several hosts on one simulated disk and clock, for tests: what each does with its runs, and
 * what comes of answers that are lost.
 */
import type { AttemptRequest, EngineLimits } from "#engine/embedded/options.ts";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import type { Clock } from "#ports/clock.ts";
import type { Store } from "#ports/store.ts";
import { SimulatedClock } from "../../simulation/simulated-clock.ts";
import { SimulatedHost } from "../../simulation/simulated-hosts.ts";
import { SimulatedOwners } from "../../simulation/simulated-owners.ts";
import { SimulatedDisk } from "../../simulation/simulated-store.ts";
import { driven, type LogLine, nodes, perform, type Work } from "../engine-fixture.ts";

export const LEASE_MS = 10_000;

export interface BenchHost {
  readonly engine: Engine;
  readonly store: Store;
  readonly host: SimulatedHost;
  readonly attempts: AttemptRequest[];
  readonly logs: LogLine[];
  /** Timers that it has armed so far. */
  readonly timersArmed: () => number;
  /** The answers of the store that are lost; what they answer has happened. */
  losesAnswers: boolean;
}

export interface HostsBench extends AsyncDisposable {
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  readonly owners: SimulatedOwners;
  join(
    name: string,
    options?: {
      readonly work?: Readonly<Record<string, Work>>;
      readonly takesRuns?: boolean;
      readonly limits?: Partial<EngineLimits>;
      /** Counts what is deferred; default: at once. */
      readonly defer?: (work: () => void) => void;
    },
  ): Promise<BenchHost>;
  /** Moves time in small steps until it is so. Throws after ten minutes of it. */
  until(what: string, isSo: () => boolean): Promise<void>;
  /** The store is away for the host for so long. */
  away(host: BenchHost, forMs: number): Promise<void>;
  /** Who drives it; null: nobody. */
  ownerOf(runId: string): number | null;
}

export function openHostsBench(): HostsBench {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock);
  const owners = new SimulatedOwners(LEASE_MS, () => clock.monotonicMs());
  disk.data.owners = owners;
  const hosts: BenchHost[] = [];
  let lastId = 0;
  return {
    ...{ clock, disk, owners },
    async join(name, { work = {}, takesRuns = true, limits = {}, defer = queueMicrotask } = {}) {
      let armed = 0;
      const own: Clock = {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => clock.monotonicMs(),
        after(delayMs, wake) {
          armed++;
          return clock.after(delayMs, () => void (host.isAlive && wake()));
        },
      };
      const network = { delayMs: () => 1, isLost: () => false, isAnswerLost: () => false };
      const host: SimulatedHost = new SimulatedHost({
        ...{ name, data: disk.data, owners, clock },
        network: { ...network, isAnswerLost: () => joined?.losesAnswers ?? false },
        others: () => hosts.map((one) => one.host),
      });
      const away = (): number | "unavailable" => (host.isCut ? "unavailable" : 0);
      const store = disk.join(host, {
        ...{ onRead: away, onPut: away },
        onCommit: () => (host.isCut ? { kind: "unavailable" } : { kind: "none" }),
      });
      const attempts: AttemptRequest[] = [];
      const logs: LogLine[] = [];
      let joined: BenchHost | null = null;
      const engine = await driven(
        clock,
        openHostEngine(optionsOf({ store, clock: own, work, attempts, logs, limits, defer }), {
          ...{ hosts: host, takesRuns },
        }),
      );
      joined = {
        ...{ engine, store, host, attempts, logs },
        ...{ timersArmed: () => armed, losesAnswers: false },
      };
      hosts.push(joined);
      return joined;
    },
    async until(what, isSo) {
      const untilMs = clock.monotonicMs() + 600_000;
      await clock.settle();
      while (!isSo()) {
        if (clock.monotonicMs() > untilMs) throw new Error(`not within ten minutes: ${what}`);
        await clock.advanceBy(50);
      }
    },
    async away({ host }, forMs) {
      host.isCut = true;
      await clock.advanceBy(forMs);
      host.isCut = false;
    },
    ownerOf: (runId) => owners.of(`default\n${runId}`).owner,
    async [Symbol.asyncDispose]() {
      for (const { engine, host, store } of hosts.toReversed()) {
        if (!host.isAlive) continue;
        await driven(clock, engine.close(0));
        await driven(clock, store.close());
      }
    },
  };

  function optionsOf(of: {
    readonly store: Store;
    readonly clock: Clock;
    readonly work: Readonly<Record<string, Work>>;
    readonly attempts: AttemptRequest[];
    readonly logs: LogLine[];
    readonly limits: Partial<EngineLimits>;
    readonly defer: (work: () => void) => void;
  }): Parameters<typeof openHostEngine>[0] {
    const log = (level: string) => (fields: LogLine["fields"], message: string) =>
      void of.logs.push({ level, fields, message });
    return {
      ...{
        store: of.store,
        clock: of.clock,
        nodes,
        limits: of.limits,
        defer: (work) => of.defer(work),
      },
      random: { next: () => 0.5 },
      ids: { runId: () => `run_${++lastId}`, commitId: () => `commit_${++lastId}` },
      runner: {
        run: async (request): Promise<AttemptOutcome> => {
          of.attempts.push(request);
          return await perform(of.work, request, request.signal);
        },
      },
      logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
      services: {
        fileRoot: null,
        http: {
          ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
          ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
        },
      },
    };
  }
}
