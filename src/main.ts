/**
 * The composition root: the one file that names real adapters, and the program that
 * bin/lockstitch.js starts. Everything else is given what it needs.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { type BreakableNodes, breakableNodes } from "#cli/breakable-nodes.ts";
import { listenFailure } from "#cli/commands/start.ts";
import { type AnyPart, startParts } from "#cli/composition.ts";
import { continueOrStart } from "#cli/example-run.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { prepareFileRoot } from "#cli/file-root.ts";
import type { EngineHost, HostPurpose, Machine } from "#cli/machine.ts";
import { runProgram } from "#cli/program.ts";
import type { Settings } from "#cli/settings.ts";
import { RESTARTS_VARIABLE, supervise } from "#cli/supervisor.ts";
import { connectEngine } from "#client/engine-over-http.ts";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { sandboxPool } from "#nodes/code/code-javascript.ts";
import { createRegistry } from "#nodes/registry.ts";
import { type WatchedSecrets, watchedSecrets } from "#nodes/watched-secrets.ts";
import { standardErrorLogger } from "#observe/logger.ts";
import { type PlainMeter, plainMeter } from "#observe/plain-meter.ts";
import type { Logger } from "#ports/logger.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import { fileArchive } from "#storage/archive/file-archive.ts";
import { inspectStore } from "#storage/sqlite/inspect.ts";
import { openSqliteStore, storeBytes } from "#storage/sqlite/open-sqlite-store.ts";
import { type Ownership, openOwnership } from "#storage/sqlite/ownership.ts";
import { restoreStore } from "#storage/sqlite/restore.ts";
import { parseWorkflowOrThrow } from "#workflow/parse.ts";
import { environmentSecrets } from "./system/environment-secrets.ts";
import { fileSecrets } from "./system/file-secrets.ts";
import { firstSecrets } from "./system/first-secrets.ts";
import { secretVersions } from "./system/secret-version.ts";
import { systemClock } from "./system/system-clock.ts";
import { systemDisk } from "./system/system-disk.ts";
import { systemIds } from "./system/system-ids.ts";
import { systemRandom } from "./system/system-random.ts";

const EXAMPLE = new URL("../examples/report/report.workflow.yaml", import.meta.url);
const PACKAGE = new URL("../package.json", import.meta.url);
const VERSION = (JSON.parse(readFileSync(PACKAGE, "utf8")) as { readonly version: string }).version;

/** Signals this close together are one. */
const SAME_KEY_PRESS_MS = 200;

/** How long what is left open may take to close by itself after a command. */
const LEFT_OPEN_MS = 1_000;

/** What an opened data directory consists of. */
interface Parts {
  meter: PlainMeter | null;
  secrets: WatchedSecrets;
  logger: Logger;
  nodes: BreakableNodes;
  fileRoot: string;
  ownership: Ownership & { readonly owned: true };
  store: Store;
  sandbox: typeof sandboxPool;
  engine: Engine;
}

const machine: Machine = {
  version: VERSION,
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  openHost,
  async restore(settings, file, force) {
    const ownership = await own(settings.data);
    const dataDir = settings.data;
    return await restoreStore({ from: file, dataDir, force, nowMs: systemClock.nowMs() }).finally(
      () => ownership.release(),
    );
  },
  inspect: ({ data }) => inspectStore(data),
  async ownerOf({ data }) {
    if (!existsSync(data)) return null;
    const ownership = await openOwnership(data);
    if (!ownership.owned) return ownership.owner;
    await ownership.release();
    return null;
  },
  async connect(address, settings) {
    const client = (repeats?: number) =>
      new LockstitchClient({
        baseUrl: address,
        apiKey: settings.apiKeys[0],
        ...(repeats === undefined ? {} : { repeats }),
      });
    // One quick question tells whether anybody is there; later calls may be patient.
    const isThere = await client(1)
      .engine()
      .then(() => true)
      .catch(isUnanswered);
    return isThere ? await connectEngine(client()) : null;
  },
  nodeTypes: (settings) => createRegistry(settings.nodes),
  onInterrupt,
  exitNow: (code) => process.exit(code),
  supervise: superviseServer,
};

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
  const composition = await startParts<Parts>(partsOf(settings, purpose, grace));
  const { engine, logger, meter, nodes, ownership, store } = composition.parts;
  let server: FastifyInstance | null = null;
  let isClosing = false;
  return {
    engine,
    async serve({ host, port }) {
      // Most commands never serve, and loading the server is a third of their start.
      const [{ createServer, listen }, { engineReadiness, storageReadiness }] = await Promise.all([
        import("#server/create-server.ts"),
        import("#server/readiness.ts"),
      ]);
      const security = { host, port, apiKeys: settings.apiKeys };
      const metrics = meter === null ? null : await metricsOf(meter, { engine, store, settings });
      server = createServer({
        ...(meter === null || metrics === null ? {} : { metrics, meter: meter.meter }),
        engine,
        nodes: nodes.registry,
        logger,
        clock: systemClock,
        security,
        version: VERSION,
        spoolDir: settings.data,
        readiness: [storageReadiness(store), engineReadiness(engine, () => isClosing)],
        ...(purpose === "demo" ? { demo: demoHooks(nodes) } : {}),
      });
      const address = await listen(server, security).catch((error: unknown) => {
        throw listenFailure(error, { host, port });
      });
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

async function metricsOf(
  meter: PlainMeter,
  { engine, store, settings }: { engine: Engine; store: Store; settings: Settings },
) {
  const { createMetrics } = await import("#observe/metrics.ts");
  return createMetrics(meter, {
    version: VERSION,
    engine: () => engine.stats(),
    runs: () => store.journal.counts(null),
    storeBytes: () => storeBytes(settings.data),
  });
}

/** `grace.ms` is read when the engine is stopped. */
function partsOf(
  settings: Settings,
  purpose: HostPurpose,
  grace: { readonly ms: number },
): readonly AnyPart<Parts>[] {
  return [
    {
      name: "secrets",
      needs: ["ownership"],
      start: () => watchedSecrets(secretsOf(settings)),
    },
    {
      name: "logger",
      needs: ["secrets"],
      start: ({ secrets }) =>
        standardErrorLogger(settings.logLevel ?? quietLevelOf(purpose), secrets.redact),
    },
    // Who only runs one workflow is never asked for metrics.
    { name: "meter", needs: [], start: () => (isServing(purpose) ? plainMeter() : null) },
    { name: "nodes", needs: [], start: () => breakableNodes(createRegistry(settings.nodes)) },
    {
      name: "ownership",
      needs: [],
      start: () => own(settings.data),
      stop: (ownership) => ownership.release(),
    },
    { name: "fileRoot", needs: ["ownership"], start: () => prepareFileRoot(settings) },
    {
      name: "store",
      needs: ["ownership", "logger"],
      start: ({ logger }) =>
        openSqliteStore({
          ...{ dataDir: settings.data, clock: systemClock, logger },
          memoLimits: settings.memo,
        }),
      stop: (store) => store.close(),
    },
    {
      name: "sandbox",
      needs: [],
      start: () => sandboxPool,
      stop: (pool) => pool.close(),
    },
    {
      name: "engine",
      needs: ["store", "nodes", "logger", "fileRoot", "sandbox", "secrets", "meter"],
      start: ({ store, nodes, logger, fileRoot, secrets, meter }) =>
        openEmbeddedEngine({
          store,
          clock: systemClock,
          random: systemRandom,
          ids: systemIds(systemClock),
          logger,
          nodes: nodes.registry,
          secrets,
          ...(meter === null ? {} : { meter: meter.meter }),
          services: { fileRoot, http: settings.http },
          limits: limitsOf(settings, purpose),
          ...careOf(settings),
        }),
      stop: (engine) => engine.close(grace.ms),
    },
  ];
}

/** The file or folder comes before the environment. */
function secretsOf(settings: Settings): Secrets {
  const versionOf = secretVersions(settings.data);
  const environment = environmentSecrets(process.env, versionOf);
  if (settings.secrets === null) return environment;
  const onWarning = (message: string) => void process.stderr.write(`warning ${message}\n`);
  return firstSecrets([fileSecrets(settings.secrets, { versionOf, onWarning }), environment]);
}

/** A warning in the midst of a run's live lines would tear them; a server's log is there for it. */
function quietLevelOf(purpose: HostPurpose): "warn" | "error" {
  return isServing(purpose) ? "warn" : "error";
}

function isServing(purpose: HostPurpose): boolean {
  return purpose === "serve" || purpose === "demo";
}

function careOf(settings: Settings) {
  const { retention, archiveDir, diskFreePercentMin } = settings.store;
  return {
    retention,
    archive: fileArchive(archiveDir ?? join(settings.data, "archive")),
    disk: { disk: systemDisk(settings.data), freeMin: diskFreePercentMin / 100 },
  };
}

function limitsOf(settings: Settings, purpose: HostPurpose): { readonly attemptsMax?: number } {
  if (purpose === "look") return { attemptsMax: 0 };
  return settings.concurrency === null ? {} : { attemptsMax: settings.concurrency };
}

/** Takes the directory, or rejects with store_owned that names who has it. */
async function own(data: string): Promise<Parts["ownership"]> {
  const ownership = await openOwnership(data);
  if (ownership.owned) return ownership;
  const { pid, address } = ownership.owner;
  const who = pid === null ? "another process" : `process ${pid}`;
  const where = address === null ? "it serves no address" : `it serves ${address}`;
  throw new LockstitchError(
    "store_owned",
    `${data} is owned by ${who} (${where}). Stop it, or choose another directory with --data.`,
    { details: { pid, address, data } },
  );
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

process.exitCode = await runProgram(machine, process.argv.slice(2));
// All of ours is closed by now; what a user's node type holds open may not keep the process.
setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
