/**
 * `import { openLockstitch } from "lockstitch"`: engine and store inside a program of one's own,
 * on a data directory, without a server. This file is the package's main entry, and with main.ts
 * and engine-parts.ts the composition root.
 */
import { mkdir } from "node:fs/promises";
import { chainSettings } from "#cli/chain-settings.ts";
import { flatten } from "#cli/config-file.ts";
import { resolveSettings, type Settings } from "#cli/settings.ts";
import type { HttpRules } from "#nodes/define-node.ts";
import type { ChainOptions, Middleware } from "#nodes/middleware.ts";
import { createRegistry } from "#nodes/registry.ts";
import type { LogLevel } from "#observe/logger.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Logger } from "#ports/logger.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { Lockstitch } from "./embed/lockstitch.ts";
import { type NodesOption, nodeDefinitions } from "./embed/plain-nodes.ts";
import { pluginsOf, startEngineParts } from "./engine-parts.ts";

export type {
  EventView,
  ExplainView,
  LogFollowQuery,
  LogLineView,
  RunSummary,
  RunView,
  WaitView,
} from "#engine/engine.ts";
export type { NamedValue, NamedValueChange, NamedValueKey } from "#engine/named-values.ts";
export type {
  EventFilter,
  EventSubscription,
  RunEventView,
  SubscribeOptions,
} from "#engine/run-events.ts";
export { LockstitchError } from "#errors/errors.ts";
export { defineNode, type NodeContext, NodeError } from "#nodes/define-node.ts";
export type {
  ChainOptions,
  Middleware,
  MiddlewareContext,
  Next,
  TraceAttempt,
} from "#nodes/middleware.ts";
export { workflow } from "#workflow/builder.ts";
export { expr } from "#workflow/builder-ref.ts";
export type { WorkflowDefinition } from "#workflow/definition.ts";
export type { InputOf, OutputOf, TypedWorkflow } from "#workflow/typed.ts";
export type {
  FinishedRun,
  Lockstitch,
  RunOptions,
  SharedValue,
  StartedRun,
  StartOptions,
  ValuesFilter,
} from "./embed/lockstitch.ts";
export { node, type PlainNode } from "./embed/plain-nodes.ts";
export { RunFailed } from "./embed/run-failed.ts";

export interface OpenOptions {
  /** The data directory; made if it is not there. One process owns it at a time. */
  readonly data: string;
  /** Node types besides the built-in ones: functions by type name, or definitions. */
  readonly nodes?: NodesOption;
  /** Saved at open, so that `workflow.run` steps and starts by name find them. */
  readonly workflows?: readonly WorkflowDefinition[];
  /** What stands around every attempt, the first outermost; see docs/middleware.md. */
  readonly middleware?: readonly Middleware[];
  /** Orders of the chain around attempts, and a tracing hook. */
  readonly chain?: Omit<ChainOptions, "middleware">;
  /** Plugins, as under `plugins` of a configuration file: folders, packages or entries with `allow`. */
  readonly plugins?: readonly unknown[];
  /** Attempts under way at the same time; default 1,000. */
  readonly concurrency?: number;
  /** Whether schedules are fired while this is open; default true. */
  readonly firesSchedules?: boolean;
  /** Folder below which file nodes read and write; default: file nodes are off. */
  readonly fileRoot?: string;
  /** Rules for http.request; default: no private addresses. */
  readonly http?: Partial<HttpRules>;
  /** Where secrets are kept besides `LOCKSTITCH_SECRET_<NAME>`: a folder, or a `.json` or `.env` file. */
  readonly secrets?: string;
  /** Any other setting of a configuration file, as it stands there: `{ memo: { ... } }`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where warnings go: a level for lines on standard error (default "warn"), or a logger of yours. */
  readonly log?: LogLevel | Logger;
  /** Default "default". */
  readonly tenant?: string;
  /** Who acts, in the journal; default "local". */
  readonly principal?: string;
}

/** The longest that Node's timers can: the wake itself does nothing. */
const ALIVE_MS = 2 ** 31 - 1;

/**
 * Opens the data directory and goes on with every run that had not ended. Resolves when calls are
 * served. Throws LockstitchError store_owned (another process, or this one, has it open),
 * store_newer, store_corrupt, config_invalid, definition_invalid.
 */
export async function openLockstitch(options: OpenOptions): Promise<Lockstitch> {
  const grace = { ms: 0 };
  const settings = settingsOf(options);
  const plugins = await pluginsOf(settings);
  const nodes = createRegistry([
    ...nodeDefinitions(options.nodes ?? []),
    ...(plugins?.definitions() ?? []),
  ]);
  const composition = await startEngineParts({
    settings,
    nodes,
    plugins,
    log: options.log ?? "warn",
    isMetered: false,
    firesSchedules: options.firesSchedules ?? true,
    limits: settings.concurrency === null ? {} : { attemptsMax: settings.concurrency },
    prepareFileRoot: async () => await prepareFileRoot(settings.fileRoot),
    graceMs: () => grace.ms,
    takesRuns: true,
    address: () => null,
  });
  const { engine } = composition.parts;
  // The clock's timers let a process end; one that waits for a run must not, until it closes.
  const alive = setInterval(() => undefined, ALIVE_MS);
  const stop = async () => {
    try {
      await composition.stop();
    } finally {
      clearInterval(alive);
    }
  };
  const lockstitch = new Lockstitch({
    engine,
    nodes,
    context: {
      ...LOCAL_CONTEXT,
      tenant: options.tenant ?? LOCAL_CONTEXT.tenant,
      principal: options.principal ?? LOCAL_CONTEXT.principal,
    },
    close: async (graceMs) => {
      grace.ms = graceMs;
      await stop();
    },
  });
  try {
    for (const definition of options.workflows ?? []) await lockstitch.save(definition);
  } catch (error) {
    await stop();
    throw error;
  }
  return lockstitch;
}

/** The same table and checks as for a configuration file, without environment and flags. */
function settingsOf(options: OpenOptions): Settings {
  const { data, concurrency, fileRoot, http, secrets, settings } = options;
  const { connections, plugins, quotas, ...others } = settings ?? {};
  const given = { ...others, data, concurrency, fileRoot, http, secrets };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const cwd = process.cwd();
  return resolveSettings({
    flags: {},
    env: {},
    file: {
      path: "openLockstitch()",
      folder: cwd,
      values: flatten(set),
      nodes: [],
      ...{ connections, quotas },
      plugins: options.plugins ?? plugins,
      chain: chainOf(options),
    },
    cwd,
  });
}

function chainOf({ middleware, chain }: OpenOptions): ChainOptions {
  return chainSettings(middleware, chain, "openLockstitch()");
}

async function prepareFileRoot(fileRoot: string | null): Promise<string | null> {
  if (fileRoot !== null) await mkdir(fileRoot, { recursive: true });
  return fileRoot;
}
