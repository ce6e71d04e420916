/**
 * All plugins of a host: loaded together, their node types among those of the host, their
 * processes started, watched and stopped with the engine.
 *
 *   B1. Nothing is loaded halfway: a plugin that is refused is thrown, with its reason.
 *   B2. Two plugins have different names, and therefore different types.
 *   B3. A value of a secret goes to a plugin only where it declares that secret and is granted it.
 */
import { NodeError } from "#errors/step-error.ts";
import {
  defineNode,
  type NodeContext,
  type NodeDefinition,
  type NodeErrorCode,
  type NodeExample,
} from "#nodes/define-node.ts";
import { type LoadedPlugin, type LoadOptions, loadPlugin, startLink } from "./load-plugin.ts";
import { hostSchema, type Manifest, type NodeManifest, refused } from "./manifest.ts";
import { Plugin, type PluginHealth } from "./plugin.ts";
import type { PluginEntry } from "./plugin-entry.ts";
import { pluginHttp } from "./plugin-http.ts";

export interface PluginLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface NamedHealth extends PluginHealth {
  readonly name: string;
  readonly version: string;
}

export interface BookOptions extends LoadOptions {
  /** The longest delay before a plugin's process is started again; default 30 s. */
  readonly restartMsMax?: number;
}

const RESTART_MS_MAX = 30_000;
/** What an attempt may fail with besides what its type declares. */
const HOST_ERRORS = ["plugin_failed", "timeout", "secret_unusable"];

export class PluginBook {
  readonly #loaded: readonly LoadedPlugin[];
  readonly #options: BookOptions;
  readonly #running = new Map<string, Plugin>();
  #log: PluginLog | null = null;

  private constructor(loaded: readonly LoadedPlugin[], options: BookOptions) {
    this.#loaded = loaded;
    this.#options = options;
  }

  /** Looks at every plugin; starts none. Throws LockstitchError config_invalid. */
  static async open(entries: readonly PluginEntry[], options: BookOptions): Promise<PluginBook> {
    const loaded = await Promise.all(entries.map((entry) => loadPlugin(entry, options)));
    const seen = new Map<string, string>();
    for (const { manifest, entry } of loaded) {
      const other = seen.get(manifest.name);
      if (other !== undefined)
        throw refused(entry.from, `its name ${manifest.name} is that of ${other}; remove one.`);
      seen.set(manifest.name, entry.from);
    }
    return new PluginBook(loaded, options);
  }

  get loaded(): readonly LoadedPlugin[] {
    return this.#loaded;
  }

  /** Their node types, for a registry. They run once `start` was called. */
  definitions(): readonly NodeDefinition[] {
    return this.#loaded.flatMap(({ manifest }) =>
      manifest.nodes.map((node) => this.#definitionOf(manifest, node)),
    );
  }

  /** Starts the processes; calls wait until theirs is ready. */
  start(log: PluginLog): void {
    this.#log = log;
    for (const loaded of this.#loaded) {
      const { name } = loaded.manifest;
      if (!this.#running.has(name)) this.#running.set(name, this.#started(loaded));
    }
  }

  health(): readonly NamedHealth[] {
    return this.#loaded.flatMap(({ manifest: { name, version } }) => {
      const health = this.#running.get(name)?.health();
      return health === undefined ? [] : [{ name, version, ...health }];
    });
  }

  /** Ends all processes. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map((plugin) => plugin.stop()));
  }

  #started(loaded: LoadedPlugin): Plugin {
    const { manifest, said, entry, permissions } = loaded;
    const http = pluginHttp(permissions.network.hosts);
    return new Plugin(manifest.name, said, {
      start: (events) => startLink(loaded, this.#options.environment, events),
      http: http.request,
      log: (level, message, fields) => this.#log?.[level](fields, message),
      callTimeoutMs: entry.callTimeoutMs,
      restartMsMax: this.#options.restartMsMax ?? RESTART_MS_MAX,
    });
  }

  #definitionOf({ name, permissions }: Manifest, node: NodeManifest): NodeDefinition {
    const { type, title, description, category, icon, version } = node;
    const definition = defineNode({
      ...{ type, title, description, category, icon, version },
      pure: false,
      config: hostSchema(node.config),
      output: hostSchema(node.output),
      errors: [...new Set([...node.errors, ...HOST_ERRORS])] as NodeErrorCode[],
      examples: node.examples as unknown as NodeExample[],
      run: async (config, context) => {
        const plugin = this.#running.get(name);
        if (plugin === undefined) throw new Error(`plugin ${name} was not started`);
        refuseSecrets(name, permissions.secrets, context);
        return await plugin.call(type, config, context);
      },
    });
    return { ...definition, constantFields: new Set(node.constantFields) };
  }
}

function refuseSecrets(
  plugin: string,
  allowed: readonly string[],
  { secretNames = [] }: NodeContext,
): void {
  const secret = secretNames.find((name) => !allowed.includes(name));
  if (secret === undefined) return;
  throw new NodeError(
    "secret_unusable",
    `Secret ${secret} does not go to plugin ${plugin}: it is not among the plugin's permissions.secrets.`,
    { details: { secret, plugin } },
  );
}
