/** An engine on a real store and real time, for tests; effects are plain functions given by name. */
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type {
  AttemptRequest,
  AttemptRunner,
  EngineLimits,
  EngineOptions,
  PureComputer,
} from "#engine/embedded/options.ts";
import type { Engine } from "#engine/engine.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Clock } from "#ports/clock.ts";
import type { Store } from "#ports/store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { systemIds } from "../../src/system/system-ids.ts";
import { systemRandom } from "../../src/system/system-random.ts";
import { type LogLine, perform, nodes as testNodes, type Work } from "./engine-fixture.ts";

/** One opening of a store. */
export interface Owner {
  readonly engine: Engine;
  readonly store: Store;
  readonly logs: LogLine[];
  /** Attempts that this engine performed. */
  readonly attempts: AttemptRequest[];
}

export interface OwnerOptions {
  readonly work?: Readonly<Record<string, Work>>;
  readonly limits?: Partial<EngineLimits>;
  readonly nodes?: NodeRegistry;
  readonly computer?: PureComputer;
  readonly clock?: Clock;
}

export async function openOwner(
  store: Store,
  { work = {}, limits = {}, nodes = testNodes, computer, clock = systemClock }: OwnerOptions,
  open: (options: EngineOptions) => Promise<Engine> = openEmbeddedEngine,
): Promise<Owner> {
  const logs: LogLine[] = [];
  const attempts: AttemptRequest[] = [];
  const log = (level: string) => (fields: LogLine["fields"], message: string) =>
    void logs.push({ level, fields, message });
  const runner: AttemptRunner = {
    run(request) {
      attempts.push(request);
      return perform(work, request, request.signal);
    },
  };
  const engine = await open({
    store,
    ...{ clock, random: systemRandom, ids: systemIds(clock) },
    ...{ nodes, runner, limits },
    ...(computer === undefined ? {} : { computer }),
    logger: { debug: () => {}, info: log("info"), warn: log("warn"), error: log("error") },
    services: {
      fileRoot: null,
      http: {
        ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
        ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
      },
    },
  });
  return { engine, store, logs, attempts };
}
