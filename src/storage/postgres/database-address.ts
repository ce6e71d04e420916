/**
 * Where the database is and how sessions with it begin, from one URL as libpq takes it:
 * `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=ca.pem`.
 *
 *   1. `label` names the database for people and never holds the password.
 *   2. sslmode means what it means to libpq: require encrypts, verify-ca and verify-full also check.
 *   3. What libpq does not know is refused, as psql does it: a mistyped sslmode must not be passed over.
 *   4. A session has the settings that this store's statements rely on, whatever the server's
 *      configuration or the role's say.
 */
import pg, { type ClientConfig } from "pg";
import { LockstitchError } from "#errors/errors.ts";

export interface DatabaseAddress {
  readonly label: string;
  readonly schema: string;
  readonly config: ClientConfig;
}

export const DEFAULT_SCHEMA = "lockstitch";
const CONNECT_MS_MAX = 10_000;
/** Shorter than a lease (10 s): a host that waits or sleeps in a transaction holds up nobody for long. */
const LOCK_MS_MAX = 2_000;
const IDLE_IN_TRANSACTION_MS_MAX = 5_000;
const STATEMENT_MS_MAX = 30_000;
/** The server has not answered at all: the connection is given up. */
const ANSWER_MS_MAX = 45_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;
/** Of libpq 18, and what this store sets itself. https://www.postgresql.org/docs/current/libpq-connect.html */
const PARAMETERS =
  "application_name channel_binding client_encoding connect_timeout dbname fallback_application_name gssdelegation gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts max_protocol_version min_protocol_version options passfile password port replication require_auth requirepeer requiressl scram_client_key scram_server_key service ssl ssl_max_protocol_version ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode sslnegotiation sslpassword sslrootcert sslsni target_session_attrs tcp_user_timeout uselibpqcompat user".split(
    " ",
  );
const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"];

/** Throws config_invalid. */
export function databaseAddress(url: string, schema = DEFAULT_SCHEMA): DatabaseAddress {
  if (!SCHEMA_NAME.test(schema))
    throw invalid(
      `the schema name ${JSON.stringify(schema)} is not one of small letters, digits and _`,
    );
  const parsed = parsedUrl(url);
  const given = parsed.searchParams.get("options");
  const options = sessionOptions(schema);
  parsed.searchParams.set("options", given === null ? options : `${given} ${options}`);
  if (!parsed.searchParams.has("application_name"))
    parsed.searchParams.set("application_name", "lockstitch");
  const address = {
    schema,
    label: labelOf(parsed),
    config: {
      connectionString: parsed.toString(),
      connectionTimeoutMillis: CONNECT_MS_MAX,
      query_timeout: ANSWER_MS_MAX,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      pipeline: true,
    },
  };
  refuseUnusable(address);
  return address;
}

/** The same database for sessions that the server lets change nothing. */
export function readOnlyAddress(address: DatabaseAddress): DatabaseAddress {
  const url = new URL(address.config.connectionString ?? "");
  const options = url.searchParams.get("options") ?? "";
  url.searchParams.set("options", `${options} -c default_transaction_read_only=on`);
  return { ...address, config: { ...address.config, connectionString: url.toString() } };
}

function sessionOptions(schema: string): string {
  return [
    `search_path=${schema}`,
    "timezone=UTC",
    "datestyle=ISO",
    "bytea_output=hex",
    "default_transaction_isolation=read\\ committed",
    "default_transaction_read_only=off",
    `statement_timeout=${STATEMENT_MS_MAX}`,
    `lock_timeout=${LOCK_MS_MAX}`,
    `idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_MS_MAX}`,
    // A session that rests is kept: losing one costs an answer whose outcome nobody knows.
    "idle_session_timeout=0",
    "jit=off",
    // Plans are kept: one that was made while a table was small must not read all of it later.
    "enable_seqscan=off",
  ]
    .map((setting) => `-c ${setting}`)
    .join(" ");
}

function parsedUrl(url: string): URL {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    // Neither the text nor the error of the URL goes on: both hold the password.
    throw invalid(
      "the database is named by a URL like postgres://user:password@host:5432/database, with %-escapes for special characters of the password",
    );
  const parsed = new URL(url);
  const mode = parsed.searchParams.get("sslmode");
  if (mode !== null && !SSL_MODES.includes(mode))
    throw invalid(
      `sslmode=${mode} of the database's URL is not known: use ${SSL_MODES.join(", ")}`,
    );
  for (const name of parsed.searchParams.keys())
    if (!PARAMETERS.includes(name))
      throw invalid(
        `the database's URL has a parameter ${JSON.stringify(name)}, which PostgreSQL does not know: correct it (sslmode, sslrootcert, connect_timeout, options and so on), or leave it out`,
      );
  // The library has meanings of its own for sslmode unless it is told.
  parsed.searchParams.set("uselibpqcompat", "true");
  return parsed;
}

/** Certificates that cannot be read, and modes that lack one: known before anything is connected. */
function refuseUnusable({ config, label }: DatabaseAddress): void {
  try {
    new pg.Client(config);
  } catch (error) {
    throw unusable(label, error);
  }
}

function unusable(label: string, error: unknown): LockstitchError {
  const text = error instanceof Error ? error.message : String(error);
  return new LockstitchError("config_invalid", `${label} cannot be used: ${text}`, {
    cause: error,
  });
}

function labelOf(url: URL): string {
  const { searchParams, username, hostname, port, pathname } = url;
  const user = searchParams.get("user") ?? decodeURIComponent(username);
  const host = searchParams.get("host") ?? (hostname === "" ? "localhost" : hostname);
  return `postgres://${user === "" ? "" : `${user}@`}${host}:${port === "" ? 5432 : port}${pathname}`;
}

function invalid(why: string): LockstitchError {
  return new LockstitchError("config_invalid", why);
}
