/**
 * The program that bin/lockstitch.js starts, and its side of the composition root (with
 * engine-parts.ts): these files name real adapters, everything else is given what it needs.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { type BreakableNodes, breakableNodes } from "#cli/breakable-nodes.ts";
import { listenFailure } from "#cli/commands/start.ts";
import { continueOrStart } from "#cli/example-run.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { prepareFileRoot } from "#cli/file-root.ts";
import type { EngineHost, HostPurpose, InspectedStore, Machine } from "#cli/machine.ts";
import { runProgram } from "#cli/program.ts";
import type { Settings } from "#cli/settings.ts";
import { RESTARTS_VARIABLE, supervise } from "#cli/supervisor.ts";
import { connectEngine } from "#client/engine-over-http.ts";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import { createRegistry, type NodeRegistry } from "#nodes/registry.ts";
import { lastWords } from "#observe/last-words.ts";
import type { PlainMeter } from "#observe/plain-meter.ts";
import type { PluginBook } from "#plugins/plugin-book.ts";
import type { Store } from "#ports/store.ts";
import type { RestoreFacts } from "#ports/store-facts.ts";
import { inspectStore } from "#storage/sqlite/inspect.ts";
import { storeBytes } from "#storage/sqlite/open-sqlite-store.ts";
import { openOwnership } from "#storage/sqlite/ownership.ts";
import { restoreStore } from "#storage/sqlite/restore.ts";
import { sqliteCopies } from "#storage/sqlite/store-copies.ts";
import { STORE_FILE } from "#storage/sqlite/store-file.ts";
import { parseWorkflowOrThrow } from "#workflow/parse.ts";
import { LEASE_MS, own, pluginsOf, secretsOf, startEngineParts } from "./engine-parts.ts";
import type { LoopDelay } from "./system/loop-delay.ts";
import { systemClock } from "./system/system-clock.ts";

const EXAMPLE = new URL("../examples/report/report.workflow.yaml", import.meta.url);
const PACKAGE = new URL("../package.json", import.meta.url);
/** A process that is frozen takes connections and answers nothing. */
const QUICK = { repeats: 1, answerMsMax: 3_000 } as const;
const VERSION = (JSON.parse(readFileSync(PACKAGE, "utf8")) as { readonly version: string }).version;

/** What hosts may take beyond a lease until the run of a host that is gone has another. */
const TAKING_MS = 5_000;

/** Signals this close together are one. */
const SAME_KEY_PRESS_MS = 200;

/** Takes out of a text the secrets that this process has resolved. */
let withoutSecrets = (text: string): string => text;

/** How long what is left open may take to close by itself after a command. */
const LEFT_OPEN_MS = 1_000;

const machine: Machine = {
  version: VERSION,
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  openHost,
  async restore(settings, file, force) {
    if (settings.database !== null) return await restoreDatabase(settings, file, force);
    const ownership = await own(settings.data);
    const dataDir = settings.data;
    return await restoreStore({ from: file, dataDir, force, nowMs: systemClock.nowMs() }).finally(
      () => ownership.release(),
    );
  },
  hasStore: ({ data, database }) => database !== null || existsSync(join(data, STORE_FILE)),
  inspect,
  inspectRedis: async (url) => (await import("#storage/redis/inspect-redis.ts")).inspectRedis(url),
  database: {
    status: async (settings) => (await schemaCommands()).schemaStatus(urlOf(settings)),
    migrate: async (settings) => (await schemaCommands()).migrateByHand(urlOf(settings)),
  },
  async ownerOf({ data }) {
    if (!existsSync(data)) return null;
    const ownership = await openOwnership(data);
    if (!ownership.owned) return ownership.owner;
    await ownership.release();
    return null;
  },
  async connect(address, settings) {
    const server = { baseUrl: address, apiKey: settings.apiKeys[0] };
    // One quick question tells whether anybody is there; later calls may be patient.
    const isThere = await new LockstitchClient({ ...server, ...QUICK })
      .engine()
      .then(() => true)
      .catch(isUnanswered);
    return isThere ? await connectEngine(new LockstitchClient(server)) : null;
  },
  async pluginsOf(address, settings) {
    return await new LockstitchClient({
      ...{ baseUrl: address, apiKey: settings.apiKeys[0], ...QUICK },
    }).plugins();
  },
  nodeTypes: registryOf,
  secrets: secretsOf,
  onInterrupt,
  exitNow: (code) => process.exit(code),
  supervise: superviseServer,
};

async function restoreDatabase(
  settings: Settings,
  from: string,
  force: boolean,
): Promise<RestoreFacts> {
  if (force)
    throw new LockstitchError(
      "request_invalid",
      "--force replaces the store of a data directory. A database is never replaced: name an empty one with --database.",
    );
  const { restorePostgresStore } = await import("#storage/postgres/restore.ts");
  return await restorePostgresStore({
    ...{ from, url: urlOf(settings), copies: sqliteCopies, nowMs: systemClock.nowMs() },
    autoMigrate: settings.autoMigrate,
  });
}

async function inspect({ data, database }: Settings): Promise<InspectedStore | null> {
  if (database === null) {
    const file = inspectStore(data);
    return file === null ? null : { kind: "file", ...file };
  }
  const { inspectPostgresStore } = await import("#storage/postgres/inspect.ts");
  return {
    kind: "database",
    ...(await inspectPostgresStore({ url: database, overdueMs: LEASE_MS + TAKING_MS })),
  };
}

/** As the store itself, loaded only where there is a database. */
function schemaCommands() {
  return import("#storage/postgres/schema-by-hand.ts");
}

function urlOf({ database }: Settings): string {
  if (database !== null) return database;
  throw new LockstitchError(
    "config_invalid",
    "No database is named: use --database or LOCKSTITCH_DATABASE_URL. The store of a data directory is brought up to date by whatever opens it.",
  );
}

/** Looked at once for each settings: a plugin's code runs in a process, which takes a moment. */
const pluginBooks = new WeakMap<Settings, Promise<PluginBook | null>>();

function pluginBookOf(settings: Settings): Promise<PluginBook | null> {
  const book = pluginBooks.get(settings) ?? pluginsOf(settings);
  pluginBooks.set(settings, book);
  return book;
}

async function registryOf(settings: Settings): Promise<NodeRegistry> {
  const plugins = await pluginBookOf(settings);
  return createRegistry([...settings.nodes, ...(plugins?.definitions() ?? [])]);
}

/**
 * A terminal tells its whole process group of a Ctrl-C, and npm passes on what it gets as well: one
 * key press may arrive twice. A supervised child leaves terminal signals to its supervisor.
 */
function onInterrupt(listener: () => void): () => void {
  const isSupervised = process.env[RESTARTS_VARIABLE] !== undefined;
  let lastAtMs = Number.NEGATIVE_INFINITY;
  const once = () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - lastAtMs < SAME_KEY_PRESS_MS) return;
    lastAtMs = nowMs;
    listener();
  };
  const ignore = () => undefined;
  const fromTerminal = isSupervised ? ignore : once;
  process.on("SIGINT", fromTerminal).on("SIGHUP", fromTerminal);
  process.on("SIGTERM", once).on("disconnect", once);
  return () => {
    process.off("SIGINT", fromTerminal).off("SIGHUP", fromTerminal);
    process.off("SIGTERM", once).off("disconnect", once);
  };
}

/** false: no server answers. Any other failure is one that a server has told. */
function isUnanswered(error: unknown): boolean {
  if (error instanceof LockstitchError && error.code === "store_unavailable") return false;
  throw error;
}

async function openHost(settings: Settings, purpose: HostPurpose): Promise<EngineHost> {
  const grace = { ms: 0 };
  let served: string | null = null;
  // Before the engine, which begins to load open runs at once: who serves answers first.
  if (isServing(purpose)) await loadRoutes();
  const plugins = await pluginBookOf(settings);
  const nodes = breakableNodes(await registryOf(settings));
  const composition = await startEngineParts({
    settings,
    nodes: nodes.registry,
    // Who only looks starts no attempt.
    plugins: purpose === "look" ? null : plugins,
    log: settings.logLevel ?? quietLevelOf(purpose),
    // Who only runs one workflow is never asked for metrics.
    isMetered: isServing(purpose),
    firesSchedules: isServing(purpose),
    limits: limitsOf(settings, purpose),
    prepareFileRoot: () => prepareFileRoot(settings),
    graceMs: () => grace.ms,
    takesRuns: isServing(purpose),
    address: () => served,
    onSecrets: (secrets) => {
      withoutSecrets = secrets.redact;
    },
  });
  const { engine, logger, loopDelay, meter, ownership, store } = composition.parts;
  let server: FastifyInstance | null = null;
  let isClosing = false;
  return {
    engine,
    async serve({ host, port }) {
      const [{ createServer, listen }, { engineReadiness, storageReadiness }] = await loadRoutes();
      const security = { host, port, apiKeys: settings.apiKeys };
      const metrics =
        meter === null
          ? null
          : await metricsOf(meter, { engine, store, settings, plugins, loopDelay });
      server = createServer({
        ...(meter === null || metrics === null ? {} : { metrics, meter: meter.meter }),
        engine,
        nodes: nodes.registry,
        logger,
        clock: systemClock,
        security,
        version: VERSION,
        spoolDir: settings.data,
        ...(plugins === null ? {} : { plugins: () => plugins.health() }),
        readiness: [storageReadiness(store), engineReadiness(engine, () => isClosing)],
        ...(purpose === "demo" ? { demo: demoHooks(nodes) } : {}),
      });
      const address = await listen(server, security).catch((error: unknown) => {
        throw listenFailure(error, { host, port });
      });
      served = address;
      await ownership.publishAddress(address);
      return address;
    },
    async runExample() {
      const { definition } = parseWorkflowOrThrow(readFileSync(EXAMPLE, "utf8"), {
        nodes: nodes.registry,
        file: fileURLToPath(EXAMPLE),
      });
      return await continueOrStart(engine, definition);
    },
    async close(graceMs) {
      grace.ms = graceMs;
      isClosing = true;
      await server?.close();
      await composition.stop();
    },
  };
}

/** Most commands never serve, and loading the server is a third of their start. */
function loadRoutes() {
  return Promise.all([import("#server/create-server.ts"), import("#server/readiness.ts")]);
}

async function metricsOf(
  meter: PlainMeter,
  parts: {
    engine: Engine;
    store: Store;
    settings: Settings;
    plugins: PluginBook | null;
    loopDelay: LoopDelay;
  },
) {
  const { engine, store, settings, plugins, loopDelay } = parts;
  const { createMetrics } = await import("#observe/metrics.ts");
  return createMetrics(meter, {
    version: VERSION,
    engine: () => engine.stats(),
    runs: () => store.journal.counts(null),
    values: () => store.state.totals(),
    async storeBytes() {
      if (settings.database === null) return storeBytes(settings.data);
      const size = await store.upkeep?.size();
      return size === undefined ? {} : { database: size.fileBytes };
    },
    plugins: () => plugins?.health() ?? [],
    loopDelay: () => loopDelay.figures(),
  });
}

/** A warning in the midst of a run's live lines would tear them; a server's log is there for it. */
function quietLevelOf(purpose: HostPurpose): "warn" | "error" {
  return isServing(purpose) ? "warn" : "error";
}

function isServing(purpose: HostPurpose): boolean {
  return purpose === "serve" || purpose === "demo";
}

function limitsOf(settings: Settings, purpose: HostPurpose): { readonly attemptsMax?: number } {
  if (purpose === "look") return { attemptsMax: 0 };
  return settings.concurrency === null ? {} : { attemptsMax: settings.concurrency };
}

function demoHooks(nodes: BreakableNodes) {
  return {
    kill: () => void process.kill(process.pid, "SIGKILL"),
    failNext: () => nodes.failNext(),
  };
}

async function superviseServer(): Promise<number> {
  return await supervise({
    spawn: (restarts) =>
      spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
        stdio: ["inherit", "inherit", "inherit", "ipc"],
        env: { ...process.env, [RESTARTS_VARIABLE]: String(restarts) },
      }),
    onInterrupt,
    note: (line) => void process.stderr.write(`${line}\n`),
    // It rejects only when the signal aborts, which the supervisor looks at itself.
    delay: (delayMs, signal) => delay(delayMs, undefined, { signal }).catch(() => undefined),
    monotonicMs: systemClock.monotonicMs,
  });
}

// A reader that has seen enough (`| head`) is no failure; a result that cannot be written is one.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`error standard output cannot be written: ${error.message}\n`);
  process.exit(EXIT.unavailable.code);
});

// Progress and logs that nobody reads must not end a run.
process.stderr.on("error", () => undefined);

// Node would print the stack as it is, secrets included.
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => {
    const words = visible(lastWords(error, withoutSecrets));
    process.stderr.write(`error nobody caught this; the process ends:\n${words}\n`);
    process.exit(EXIT.internal.code);
  });

process.exitCode = await runProgram(machine, process.argv.slice(2));
// All of ours is closed by now; what a user's node type holds open may not keep the process.
setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
