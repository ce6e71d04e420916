/**
 * Everything an operator can set, in one table: its key in lockstitch.config.*, its environment
 * variable, its schema and its default. A value comes from the first of: flag, environment, file,
 * default. Mistakes are found all at once; each names the key, the place it came from and the fix.
 */
import { resolve } from "node:path";
import { z } from "zod";
import type { AdmissionOptions } from "#engine/admission/operator-limits.ts";
import { LockstitchError } from "#errors/errors.ts";
import {
  type Connection,
  type ConnectionSettings,
  parseConnections,
} from "#nodes/connections/connection-schema.ts";
import type { HttpRules, NodeDefinition, ShellRules } from "#nodes/define-node.ts";
import type { ChainOptions } from "#nodes/middleware.ts";
import { type PluginEntry, parsePluginEntries } from "#plugins/plugin-entry.ts";
import { ADMISSION_SETTINGS, admissionSettingsOf } from "./admission-settings.ts";
import { HTTP_SETTINGS, httpRulesOf } from "./http-settings.ts";
import { NODE_SETTINGS, shellRulesOf } from "./node-settings.ts";
import { parseQuotas } from "./quota-settings.ts";
import { STORE_SETTINGS, type StoreSettings, storeSettingsOf } from "./store-settings.ts";

/** Settings that name a file or a folder. */
const PATHS: ReadonlySet<string> = new Set(["data", "fileRoot", "secrets", "archiveDir"]);

/** Settings whose values no message may show. */
const SECRET: ReadonlySet<string> = new Set(["apiKeys", "database", "redis.url"]);

const Port = z.int().min(0).max(65_535);
const Count = z.int().min(1);

interface Row {
  /** What flags, environment variables and errors call it. */
  readonly key: string;
  readonly env: string;
  /** What its flag is called where that is not the key. */
  readonly flag?: string;
  readonly schema: z.ZodType;
  readonly initial: unknown;
  /** A value that works, for error messages. */
  readonly example: string;
  readonly about: string;
}

/** The settings, in the order in which docs/cli.md lists them. */
export const SETTINGS = [
  {
    key: "data",
    env: "LOCKSTITCH_DATA",
    schema: z.string().min(1),
    initial: ".lockstitch",
    example: ".lockstitch",
    about: "data directory",
  },
  {
    key: "database",
    env: "LOCKSTITCH_DATABASE_URL",
    schema: z.string().regex(/^postgres(ql)?:\/\//, "is not a URL of a PostgreSQL database"),
    initial: null,
    example: "postgres://lockstitch@db.example:5432/lockstitch",
    about:
      "PostgreSQL database that keeps all runs, for any number of hosts; default: a file in the data directory",
  },
  {
    key: "database.autoMigrate",
    env: "LOCKSTITCH_DATABASE_AUTO_MIGRATE",
    schema: z.boolean(),
    initial: true,
    example: "false",
    about:
      "the database is brought to the schema of this release when it is opened; `false`: only `lockstitch database migrate` does that",
  },
  {
    key: "host",
    env: "LOCKSTITCH_HOST",
    schema: z.string().min(1),
    initial: "127.0.0.1",
    example: "127.0.0.1",
    about: "address that `start` listens on; another than loopback needs an API key",
  },
  {
    key: "port",
    env: "LOCKSTITCH_PORT",
    schema: Port,
    initial: 7420,
    example: "7420",
    about: "port that `start` listens on; 0 takes a free one",
  },
  {
    key: "apiKeys",
    env: "LOCKSTITCH_API_KEY",
    schema: z.array(z.string().min(16)),
    initial: [],
    example: "a-long-random-text",
    about: "keys that callers may use, at least 16 characters each",
  },
  {
    key: "fileRoot",
    env: "LOCKSTITCH_FILE_ROOT",
    schema: z.string().min(1),
    initial: null,
    example: "./files",
    about: "folder below which file nodes read and write; default: `files` in the data directory",
  },
  {
    key: "secrets",
    env: "LOCKSTITCH_SECRETS",
    schema: z.string().min(1),
    initial: null,
    example: "./secrets.env",
    about:
      "where secrets are kept besides `LOCKSTITCH_SECRET_<NAME>`: a folder with a file for each, or a `.json` or `.env` file",
  },
  {
    key: "concurrency",
    env: "LOCKSTITCH_CONCURRENCY",
    schema: Count.max(100_000),
    initial: null,
    example: "64",
    about: "attempts that run at the same time",
  },
  {
    key: "logLevel",
    env: "LOCKSTITCH_LOG",
    schema: z.enum(["debug", "info", "warn", "error", "silent"]),
    initial: null,
    example: "info",
    about:
      "what is logged on standard error: debug, info, warn, error or silent; default: warn for `start`, error otherwise",
  },
  ...HTTP_SETTINGS,
  {
    key: "memo.entriesMax",
    env: "LOCKSTITCH_MEMO_ENTRIES_MAX",
    schema: Count,
    initial: 100_000,
    example: "100000",
    about: "results that are remembered, of all tenants",
  },
  {
    key: "memo.bytesMax",
    env: "LOCKSTITCH_MEMO_BYTES_MAX",
    schema: Count,
    initial: 256 * 1024 * 1024,
    example: "268435456",
    about: "size of all remembered results, in bytes",
  },
  {
    key: "optimise",
    env: "LOCKSTITCH_OPTIMISE",
    schema: z.boolean(),
    initial: true,
    example: "false",
    about: "folds constants and starts the critical path first; what runs come to is the same",
  },
  ...NODE_SETTINGS,
  ...STORE_SETTINGS,
  ...ADMISSION_SETTINGS,
] as const satisfies readonly Row[];

export interface Settings {
  /** Absolute. */
  readonly data: string;
  /** Holds a password, maybe; null: the store is a file in the data directory. */
  readonly database: string | null;
  /** Whether opening the database may change its schema. */
  readonly autoMigrate: boolean;
  readonly host: string;
  readonly port: number;
  readonly apiKeys: readonly string[];
  /** Absolute; null: `files` in the data directory. */
  readonly fileRoot: string | null;
  /** Absolute; null: environment variables only. */
  readonly secrets: string | null;
  /** null: the engine's own default. */
  readonly concurrency: number | null;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent" | null;
  readonly http: HttpRules;
  /** How much is remembered; what was used longest ago goes first. */
  readonly memo: { readonly entriesMax: number; readonly bytesMax: number };
  /** Whether plans are optimised. */
  readonly optimise: boolean;
  /** How long runs are kept, and what is made of them. */
  readonly store: StoreSettings;
  /** Limits for all runs. */
  readonly admission: AdmissionOptions;
  /** What shell.run may do. */
  readonly shell: ShellRules;
  /** Named connections; paths in them are absolute. */
  readonly connections: ConnectionSettings;
  /** The user's own node types. */
  readonly nodes: readonly NodeDefinition[];
  readonly chain: ChainOptions;
  readonly plugins: readonly PluginEntry[];
}

/** What a configuration file held, flattened to the keys of the table (`http.allowPrivate`). */
export interface FileSettings {
  /** For error messages; null where there is no file. */
  readonly path: string | null;
  /** Relative paths of the file are taken from here. */
  readonly folder: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly nodes: readonly NodeDefinition[];
  readonly chain: ChainOptions;
  /** As written under `connections`; absent: there are none. */
  readonly connections?: unknown;
  /** As written under `quotas`; absent: there are none. */
  readonly quotas?: unknown;
  /** As written under `plugins`; absent: there are none. */
  readonly plugins?: unknown;
}

interface Found {
  readonly value: unknown;
  /** `--port`, `LOCKSTITCH_PORT`, or `port in lockstitch.config.yaml`. */
  readonly place: string;
  readonly folder: string;
}

/** The settings in force. Throws config_invalid with every mistake; `flags` holds text as typed. */
export function resolveSettings(options: {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: FileSettings;
  readonly cwd: string;
  /** `--plugin`, as often as it was given. */
  readonly plugins?: readonly string[];
}): Settings {
  const { file, cwd } = options;
  const problems: string[] = unknownKeys(file);
  const values: Record<string, unknown> = {};
  for (const row of SETTINGS as readonly Row[]) {
    const found = find(row, options);
    if (found === null) {
      values[row.key] = row.initial;
      continue;
    }
    const parsed = row.schema.safeParse(found.value);
    if (!parsed.success) {
      const reason = parsed.error.issues[0]?.message ?? "is not valid";
      const shown = SECRET.has(row.key) ? "" : ` ${JSON.stringify(found.value)}`;
      problems.push(`${found.place}:${shown} ${reason}; for example ${row.example}`);
      continue;
    }
    values[row.key] = PATHS.has(row.key)
      ? resolve(found.folder, parsed.data as string)
      : parsed.data;
  }
  const { connections, problems: faults } = parseConnections(file.connections);
  const quotas = parseQuotas(file.quotas);
  const plugins = parsePluginEntries(file.plugins, file.folder);
  const listed = [...faults, ...quotas.problems, ...plugins.problems];
  problems.push(...listed.map((fault) => fault.replace(":", ` in ${file.path}:`)));
  const typed = parsePluginEntries(options.plugins, cwd);
  if (problems.length > 0)
    throw new LockstitchError(
      "config_invalid",
      `The configuration has ${problems.length === 1 ? "a mistake" : `${problems.length} mistakes`}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
      { details: { problems } },
    );
  const value = <T>(key: (typeof SETTINGS)[number]["key"]) => values[key] as T;
  return {
    data: resolve(cwd, value<string>("data")),
    database: value("database"),
    autoMigrate: value("database.autoMigrate"),
    host: value("host"),
    port: value("port"),
    apiKeys: value("apiKeys"),
    fileRoot: value("fileRoot"),
    secrets: value("secrets"),
    concurrency: value("concurrency"),
    logLevel: value("logLevel"),
    http: httpRulesOf(value),
    memo: { entriesMax: value("memo.entriesMax"), bytesMax: value("memo.bytesMax") },
    optimise: value("optimise"),
    store: storeSettingsOf(value),
    admission: admissionSettingsOf(value, quotas.options),
    shell: shellRulesOf(value),
    connections: located(connections, file.folder),
    nodes: file.nodes,
    chain: file.chain,
    plugins: [...plugins.entries, ...typed.entries],
  };
}

/** Paths of connections are taken from the configuration file's folder. */
function located(connections: ConnectionSettings, folder: string): ConnectionSettings {
  const located = (connection: Connection): Connection =>
    connection.kind === "sqlite"
      ? { ...connection, file: resolve(folder, connection.file) }
      : connection;
  return Object.fromEntries(
    Object.entries(connections).map(([name, connection]) => [name, located(connection)]),
  );
}

function find(
  row: Row,
  from: {
    readonly flags: Readonly<Record<string, string | undefined>>;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly file: FileSettings;
    readonly cwd: string;
  },
): Found | null {
  const flag = from.flags[row.key];
  if (flag !== undefined)
    return { value: fromText(row, flag), place: flagName(row.flag ?? row.key), folder: from.cwd };
  const text = from.env[row.env];
  // An empty variable is how a shell or a compose file says "not set".
  if (text !== undefined && text !== "")
    return { value: fromText(row, text), place: row.env, folder: from.cwd };
  const value = from.file.values[row.key];
  if (value === undefined) return null;
  return { value, place: `${row.key} in ${from.file.path}`, folder: from.file.folder };
}

function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Text of a flag or variable as the value it means; what does not fit is left for the schema to refuse. */
function fromText(row: Row, text: string): unknown {
  if (row.schema instanceof z.ZodArray)
    return text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  if (row.schema instanceof z.ZodBoolean)
    return text === "true" ? true : text === "false" ? false : text;
  if (row.schema instanceof z.ZodNumber)
    return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
  return text;
}

function unknownKeys(file: FileSettings): string[] {
  const known: readonly string[] = SETTINGS.map((row) => row.key);
  return Object.keys(file.values)
    .filter((key) => !known.includes(key))
    .map(
      (key) =>
        `${key} in ${file.path}: there is no such setting; there are nodes, connections, quotas, plugins, middleware, chain, ${known.join(", ")}`,
    );
}
