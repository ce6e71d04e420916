/**
 * The embedded engine on a real SQLite store and real time, for tests. `discard` leaves engine and
 * store as they are, without a close, as if their process were stuck or dead; what is opened next
 * owns the directory. Everything that was ever opened is closed at the end.
 */
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type {
  AttemptRequest,
  AttemptRunner,
  EngineLimits,
  PureComputer,
} from "#engine/embedded/options.ts";
import type { Engine, RunView } from "#engine/engine.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Store } from "#ports/store.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { systemIds } from "../../src/system/system-ids.ts";
import { systemRandom } from "../../src/system/system-random.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { context, type LogLine, perform, nodes as testNodes, type Work } from "./engine-fixture.ts";

export const DEADLINE_MS = 20_000;

/** One opening of the directory. */
export interface Owner {
  readonly engine: Engine;
  readonly store: Store;
  readonly logs: LogLine[];
  /** Attempts that this engine performed. */
  readonly attempts: AttemptRequest[];
}

export interface SqliteBench extends AsyncDisposable {
  open(options?: {
    readonly work?: Readonly<Record<string, Work>>;
    readonly limits?: Partial<EngineLimits>;
    readonly wrap?: (store: Store) => Store;
    readonly nodes?: NodeRegistry;
    readonly computer?: PureComputer;
  }): Promise<Owner>;
}

export async function openSqliteBench(): Promise<SqliteBench> {
  const directory = await temporaryDirectory();
  const opened: { readonly engine: Engine; readonly store: Store }[] = [];
  return {
    async open({ work = {}, limits = {}, wrap = unwrapped, nodes = testNodes, computer } = {}) {
      const store = await openSqliteStore({ dataDir: directory.path });
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
      const engine = await openEmbeddedEngine({
        store: wrap(store),
        ...{ clock: systemClock, random: systemRandom, ids: systemIds(systemClock) },
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
      opened.push({ engine, store });
      return { engine, store, logs, attempts };
    },
    async [Symbol.asyncDispose]() {
      for (const { engine, store } of opened.reverse()) {
        await engine.close(0);
        await store.close();
      }
      await directory[Symbol.asyncDispose]();
    },
  };
}

function unwrapped(store: Store): Store {
  return store;
}

/** The run once it has ended; fails after a while. */
export async function ended(engine: Engine, runId: string): Promise<RunView> {
  const run = await engine.wait(context, runId, DEADLINE_MS);
  if (run.endedAtMs === null) throw new Error(`run ${runId} is still ${run.status}`);
  return run;
}

/** Looks again, once in each turn of the event loop, until `isTrue`; fails after a while. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const lateMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await isTrue())) {
    if (systemClock.monotonicMs() > lateMs) throw new Error(`not within the deadline: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
