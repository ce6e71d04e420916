/**
 * What the commands need of the world: streams, signals, and an engine, in process or over HTTP.
 * src/main.ts provides it from the real adapters; commands name none of them.
 */
import type { Engine, RunView } from "#engine/engine.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import type {
  DatabaseFacts,
  DriverFacts,
  RedisFacts,
  RestoreFacts,
  SlotUse,
  StoreFacts,
} from "#ports/store-facts.ts";

import type { Settings } from "./settings.ts";

export interface Machine {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /**
   * Becomes the owner of the data directory and opens the engine there. Rejects with store_owned
   * (details: `pid`, and `address` where the owner can be reached) when another process is it.
   */
  openHost(settings: Settings, purpose: HostPurpose): Promise<EngineHost>;
  /** Makes the data directory of a backup; see the store's own restore. Rejects with store_owned, too. */
  restore(settings: Settings, file: string, force: boolean): Promise<RestoreFacts>;
  /** Whether the data directory holds a store; makes nothing. */
  hasStore(settings: Settings): boolean;
  /** The store to look at, whoever runs it; null: there is no file. Rejects with store_corrupt, store_unavailable, config_invalid. */
  inspect(settings: Settings): Promise<InspectedStore | null>;
  /** The Redis server at `url`, as it is. Rejects with store_unavailable, config_invalid. */
  inspectRedis(url: string): Promise<RedisFacts>;
  /** The schema of the database that the settings name. Throw config_invalid where they name none. */
  readonly database: {
    status(settings: Settings): Promise<DatabaseSchema>;
    /** Runs what is pending; answers what that was, and the schema as it is now. */
    migrate(settings: Settings): Promise<DatabaseSchema>;
  };
  /** Who runs the data directory; null: nobody. */
  ownerOf(settings: Settings): Promise<{
    readonly pid: number | null;
    readonly address: string | null;
    /** Where it keeps its runs (see databaseName); null: in a file there. */
    readonly database: string | null;
  } | null>;
  /** An engine on the other side of HTTP, or null where nobody answers. */
  connect(address: string, settings: Settings): Promise<Engine | null>;
  /** How the plugins of the server at `address` do. Rejects where it does not answer. */
  pluginsOf(address: string, settings: Settings): Promise<readonly RunningPlugin[]>;
  /** The node types of a host with these settings. Rejects with config_invalid for a plugin that is refused. */
  nodeTypes(settings: Settings): Promise<NodeRegistry>;
  /** Where a host with these settings, and this environment, looks for secrets. */
  secrets(settings: Settings): Secrets;
  /** Calls back at SIGINT and SIGTERM, and when a supervisor is gone; returns what unsubscribes. */
  onInterrupt(listener: () => void): () => void;
  /** Ends the process at once. */
  exitNow(code: number): never;
  /** Runs the same command line again as a supervised child (supervisor.ts); answers its exit code. */
  supervise(): Promise<number>;
}

/** A plugin's process in a server. */
export interface RunningPlugin {
  readonly name: string;
  readonly state: string;
  readonly restarts: number;
  readonly calls: number;
  readonly memoryBytes: number;
  readonly lastEnd: { readonly reason: string; readonly text: string } | null;
}

/** A store that is only looked at. */
export type InspectedStore = InspectedFile | InspectedDatabase;

export interface InspectedFile {
  readonly kind: "file";
  readonly facts: Omit<StoreFacts, "storeId">;
  readonly store: Store | null;
  damage(isDeep: boolean): readonly string[];
  close(): void | Promise<void>;
}

export interface InspectedDatabase {
  readonly kind: "database";
  readonly facts: DatabaseFacts;
  readonly store: Store | null;
  /** Who drives the open runs, as it is now. */
  drivers(): Promise<readonly DriverFacts[]>;
  /** Who has how many slots that hosts share. */
  slots(): Promise<readonly SlotUse[]>;
  close(): void | Promise<void>;
}

/** Which migrations a database has and which it lacks. */
export interface DatabaseSchema {
  /** Names the database for people; without the password. */
  readonly label: string;
  readonly schema: string;
  readonly version: number;
  readonly supportedVersion: number;
  /** `3 triggers`; of migrate(): those that it ran. */
  readonly pending: readonly string[];
}

/**
 * Why the engine is opened. look: to read or to record something; no attempt is started, for it
 * would only be cut off again. run: for one run, which is shown meanwhile. serve: until told to
 * stop. demo: the same, with the page's buttons to break things.
 */
export type HostPurpose = "look" | "run" | "serve" | "demo";

/** The engine in this process, as the owner of its data directory. */
export interface EngineHost {
  readonly engine: Engine;
  /** Listens, and publishes the address to other commands. Answers the address. */
  serve(at: { readonly host: string; readonly port: number }): Promise<string>;
  /** The unfinished run of the demo's example, or a new one. */
  runExample(): Promise<RunView>;
  /** Stops what was started, in reverse; running attempts get `graceMs`. Idempotent. */
  close(graceMs: number): Promise<void>;
}
