/**
 * The parts of an opened data directory, with the real adapters: what the command and an embedding
 * program have in common. With main.ts and lockstitch.ts this is the composition root.
 */
import { hostname } from "node:os";
import { join } from "node:path";
import { type AnyPart, type Composition, startParts } from "#cli/composition.ts";
import { databaseName } from "#cli/database-name.ts";
import type { Settings } from "#cli/settings.ts";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import { type EngineLimits, type EngineOptions, READER } from "#engine/embedded/options.ts";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { sandboxPool } from "#nodes/code/code-javascript.ts";
import { ConnectionBook } from "#nodes/connections/connections.ts";
import { createRegistry, type NodeRegistry } from "#nodes/registry.ts";
import { type WatchedSecrets, watchedSecrets } from "#nodes/watched-secrets.ts";
import { type LogLevel, standardErrorLogger } from "#observe/logger.ts";
import { type PlainMeter, plainMeter } from "#observe/plain-meter.ts";
import type { PluginBook } from "#plugins/plugin-book.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import { fileArchive } from "#storage/archive/file-archive.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { type Ownership, openOwnership } from "#storage/sqlite/ownership.ts";
import { sqliteCopies } from "#storage/sqlite/store-copies.ts";
import { aheadClock } from "./system/ahead-clock.ts";
import { environmentSecrets } from "./system/environment-secrets.ts";
import { fileSecrets } from "./system/file-secrets.ts";
import { firstSecrets } from "./system/first-secrets.ts";
import { type LoopDelay, systemLoopDelay } from "./system/loop-delay.ts";
import { secretVersions } from "./system/secret-version.ts";
import { systemClock } from "./system/system-clock.ts";
import { systemDisk } from "./system/system-disk.ts";
import { systemIds } from "./system/system-ids.ts";
import { systemRandom } from "./system/system-random.ts";

/** How long a host that is gone keeps its runs. */
export const LEASE_MS = 10_000;

export interface EngineParts {
  meter: PlainMeter | null;
  secrets: WatchedSecrets;
  logger: Logger;
  fileRoot: string | null;
  ownership: Ownership & { readonly owned: true };
  store: Store;
  sandbox: typeof sandboxPool;
  loopDelay: LoopDelay;
  connections: ConnectionBook;
  plugins: PluginBook | null;
  engine: Engine;
}

export interface EnginePartsOptions {
  readonly settings: Settings;
  readonly nodes: NodeRegistry;
  /** Whose processes run as long as the engine does; null: none are started. */
  readonly plugins: PluginBook | null;
  readonly log: LogLevel | Logger;
  /** Whether the parts are counted, for metrics. */
  readonly isMetered: boolean;
  readonly limits: Partial<EngineLimits>;
  /** Whether schedules are fired here: who looks or runs one workflow is gone too soon. */
  readonly firesSchedules: boolean;
  /** Called when the directory is owned; null: file nodes are off. */
  prepareFileRoot(): Promise<string | null>;
  /** Told what takes secrets out of a text, before anything can resolve one. */
  onSecrets?(secrets: WatchedSecrets): void;
  /** Whether this host takes runs that nobody drives, where several share a database. */
  readonly takesRuns: boolean;
  /** Where the API answers; null while it does not. */
  address(): string | null;
  /** Asked when the engine is stopped. */
  graceMs(): number;
}

/** The plugins of these settings, looked at, not started; null: there are none. Throws config_invalid. */
export async function pluginsOf(settings: Settings): Promise<PluginBook | null> {
  if (settings.plugins.length === 0) return null;
  const { PluginBook } = await import("#plugins/plugin-book.ts");
  const builtIn = createRegistry(settings.nodes).names();
  return await PluginBook.open(settings.plugins, {
    ...{ environment: process.env, http: settings.http, builtIn },
  });
}

/** Takes the data directory and opens the engine there. Throws store_owned, store_newer, store_corrupt. */
export async function startEngineParts(
  options: EnginePartsOptions,
): Promise<Composition<EngineParts>> {
  return await startParts<EngineParts>(partsOf(options));
}

function partsOf(options: EnginePartsOptions): readonly AnyPart<EngineParts>[] {
  const { settings, nodes, limits } = options;
  const clock = aheadClock(systemClock);
  let versionKey: Uint8Array | null = null;
  const openEngine = (engine: EngineOptions) =>
    engine.store.hosts === undefined
      ? openEmbeddedEngine(engine)
      : openHostEngine(engine, {
          hosts: engine.store.hosts,
          takesRuns: options.takesRuns,
          address: options.address,
          onStoreClock: clock.adjust,
        });
  return [
    {
      name: "secrets",
      needs: ["ownership"],
      start() {
        const secrets = watchedSecrets(secretsOf(settings, () => versionKey));
        options.onSecrets?.(secrets);
        return secrets;
      },
    },
    { name: "logger", needs: ["secrets"], start: ({ secrets }) => loggerOf(options.log, secrets) },
    { name: "meter", needs: [], start: () => (options.isMetered ? plainMeter() : null) },
    {
      name: "ownership",
      needs: [],
      start: () => own(settings.data, databaseName(settings.database)),
      stop: (ownership) => ownership.release(),
    },
    { name: "fileRoot", needs: ["ownership"], start: () => options.prepareFileRoot() },
    {
      name: "store",
      needs: ["ownership", "logger"],
      async start({ logger }) {
        const store = await openStore(settings, clock, logger);
        versionKey = store.versionKey ?? null;
        return store;
      },
      stop: (store) => store.close(),
    },
    {
      name: "loopDelay",
      needs: [],
      start: systemLoopDelay,
      stop: async (delay) => delay.close(),
    },
    { name: "sandbox", needs: [], start: () => sandboxPool, stop: (pool) => pool.close() },
    {
      name: "connections",
      needs: ["secrets"],
      start: ({ secrets }) => new ConnectionBook(settings.connections, secrets),
      stop: (connections) => connections.close(),
    },
    {
      name: "plugins",
      needs: ["logger", "ownership"],
      start({ logger }) {
        options.plugins?.start(logger);
        return options.plugins;
      },
      stop: async (plugins) => await plugins?.stop(),
    },
    {
      name: "engine",
      needs: [
        ...(["store", "logger", "fileRoot", "sandbox"] as const),
        ...(["connections", "secrets", "meter", "loopDelay", "plugins"] as const),
      ],
      start: ({ store, logger, fileRoot, connections, secrets, meter, loopDelay }) =>
        openEngine({
          store,
          clock,
          loopDelayMs: () => loopDelay.read(),
          random: systemRandom,
          ids: systemIds(clock),
          logger,
          nodes,
          chain: { log: settings.logLevel === "debug", ...settings.chain },
          secrets,
          ...(meter === null ? {} : { meter: meter.meter }),
          services: {
            ...{ fileRoot, http: settings.http, connections, shell: settings.shell },
            scratchRoot: join(settings.data, "scratch"),
          },
          limits,
          admission: settings.admission,
          ...{ optimise: settings.optimise, firesSchedules: options.firesSchedules },
          ...careOf(settings),
        }),
      stop: (engine) => engine.close(options.graceMs()),
    },
  ];
}

function loggerOf(log: LogLevel | Logger, secrets: WatchedSecrets): Logger {
  return typeof log === "object" ? log : standardErrorLogger(log, secrets.redact);
}

/** The file or folder comes before the environment. */
export function secretsOf(settings: Settings, keyOfStore?: () => Uint8Array | null): Secrets {
  const versionOf = secretVersions(settings.data, keyOfStore);
  const environment = environmentSecrets(process.env, versionOf);
  if (settings.secrets === null) return environment;
  const onWarning = (message: string) => void process.stderr.write(`warning ${message}\n`);
  return firstSecrets([fileSecrets(settings.secrets, { versionOf, onWarning }), environment]);
}

/** The database's adapter is loaded only where there is one: it takes longer than all of a command that needs none. */
async function openStore(settings: Settings, clock: Clock, logger: Logger): Promise<Store> {
  const { database: url, data: dataDir, memo: memoLimits } = settings;
  const { redis } = settings.store;
  if (url === null) {
    if (redis !== null)
      logger.warn({}, "redis.url is not used: a store in a file has one host, which needs none");
    return await openSqliteStore({ dataDir, clock: systemClock, logger, memoLimits });
  }
  const { openPostgresStore } = await import("#storage/postgres/open-postgres-store.ts");
  const store = await openPostgresStore({
    ...{ url, clock, logger, memoLimits, copies: sqliteCopies },
    autoMigrate: settings.autoMigrate,
    host: { name: `${hostname()}:${process.pid}`, reader: READER, leaseMs: LEASE_MS },
  });
  if (redis === null) return store;
  try {
    const { withRedis } = await import("#storage/redis/with-redis.ts");
    return await withRedis(store, { url: redis, logger });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function careOf(settings: Settings) {
  const { retention, archiveDir, diskFreePercentMin } = settings.store;
  return {
    retention,
    archive: fileArchive(archiveDir ?? join(settings.data, "archive")),
    disk: { disk: systemDisk(settings.data), freeMin: diskFreePercentMin / 100 },
  };
}

/** Takes the directory, or rejects with store_owned that names who has it. */
export async function own(
  data: string,
  ownDatabase: string | null = null,
): Promise<EngineParts["ownership"]> {
  const ownership = await openOwnership(data, ownDatabase);
  if (ownership.owned) return ownership;
  const { pid, address, database } = ownership.owner;
  const who = pid === null ? "another process" : `process ${pid}`;
  const where = address === null ? "it serves no address" : `it serves ${address}`;
  throw new LockstitchError(
    "store_owned",
    `${data} is owned by ${who} (${where}). Stop it, or choose another directory with --data.`,
    { details: { pid, address, data, database } },
  );
}
