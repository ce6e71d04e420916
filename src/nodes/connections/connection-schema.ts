/**
 * What an operator writes under `connections:`: the servers that steps may use by name. A step that
 * names one knows neither its address nor its password.
 *
 * K1. What is secret is never written here: it is a reference, `{ secret: NAME }`, resolved when an
 *     attempt begins. A password, token or key as plain text is a mistake.
 * K2. Addresses of databases, Redis and mail servers come from here only, never from a workflow.
 */
import { z } from "zod";
import { HeaderName, Headers } from "../http/header-schema.ts";

export const ConnectionName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, "must begin with a letter; letters, digits, _ . -")
  .meta({ description: "Name of a connection that the operator has set up", connection: true });

export const SecretRef = z.strictObject({
  secret: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "is not the name of a secret"),
});

/** A name or id that some like to keep with the password. */
const TextOrSecret = z.union([z.string().min(1), SecretRef]);

const Port = z.int().min(1).max(65_535);
const Milliseconds = z.int().min(1).max(3_600_000);
const PoolMax = z.int().min(1).max(200).default(10);

const HttpAuth = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("none") }),
  z.strictObject({ type: z.literal("basic"), username: TextOrSecret, password: SecretRef }),
  z.strictObject({ type: z.literal("bearer"), token: SecretRef }),
  z.strictObject({
    type: z.literal("apiKey"),
    name: HeaderName,
    value: SecretRef,
    in: z.enum(["header", "query"]).default("header"),
  }),
  z.strictObject({
    type: z.literal("oauth2"),
    tokenUrl: z.url({ protocol: /^https?$/ }),
    clientId: TextOrSecret,
    clientSecret: SecretRef,
    scope: z.string().max(1000).optional(),
    audience: z.string().max(1000).optional(),
    clientAuth: z.enum(["basic", "body"]).default("basic"),
  }),
]);

const HttpConnection = z.strictObject({
  kind: z.literal("http"),
  /** All calls lie below it: same origin, and a path that begins so. */
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .refine((text) => isPlainBase(text), "must have no user name, password, query or fragment"),
  auth: HttpAuth.default({ type: "none" }),
  headers: Headers.default({}),
  /** Lets this base address, and the token server, be private; never cloud metadata. */
  allowPrivate: z.boolean().default(false),
  timeoutMs: Milliseconds.optional(),
  responseBytesMax: z.int().min(1).optional(),
  /** Signing keys of webhook.send, the current one first. */
  signing: z.array(SecretRef).max(5).default([]),
});

const sqlLimits = {
  /** No statement of any step may write. */
  readOnly: z.boolean().default(false),
  timeoutMs: Milliseconds.default(30_000),
  rowsMax: z.int().min(1).max(1_000_000).default(10_000),
};

const PostgresConnection = z.strictObject({
  kind: z.literal("postgres"),
  host: z.string().min(1),
  port: Port.default(5432),
  database: z.string().min(1),
  user: TextOrSecret,
  password: SecretRef.optional(),
  /** `verify` checks the certificate and the name in it; `encrypt` neither. */
  tls: z.enum(["off", "encrypt", "verify"]).default("off"),
  poolMax: PoolMax,
  ...sqlLimits,
});

const SqliteConnection = z.strictObject({
  kind: z.literal("sqlite"),
  /** Relative paths are taken from the configuration file's folder. */
  file: z.string().min(1),
  poolMax: z.int().min(1).max(16).default(2),
  ...sqlLimits,
});

const RedisCommandName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9.-]{0,63}$/, "is not a command")
  .transform((name) => name.toUpperCase());

const RedisConnection = z.strictObject({
  kind: z.literal("redis"),
  host: z.string().min(1),
  port: Port.default(6379),
  username: TextOrSecret.optional(),
  password: SecretRef.optional(),
  database: z.int().min(0).max(1_000_000).default(0),
  tls: z.enum(["off", "verify"]).default("off"),
  poolMax: PoolMax,
  timeoutMs: Milliseconds.default(10_000),
  /** Only these commands; empty: all but those that are dangerous. */
  allow: z.array(RedisCommandName).default([]),
  deny: z.array(RedisCommandName).default([]),
});

const SmtpConnection = z.strictObject({
  kind: z.literal("smtp"),
  host: z.string().min(1),
  port: Port.default(587),
  /** `starttls` refuses a server that does not offer it; `tls` is encrypted from the first byte. */
  tls: z.enum(["off", "starttls", "tls"]).default("starttls"),
  user: TextOrSecret.optional(),
  password: SecretRef.optional(),
  /** Sender of messages that name none. */
  from: z.string().min(3).optional(),
  /** Domains that may receive mail, or `.suffix`; empty: all. */
  recipientDomains: z.array(z.string().min(1)).default([]),
  recipientsMax: z.int().min(1).max(1_000).default(50),
  poolMax: z.int().min(1).max(50).default(5),
  timeoutMs: Milliseconds.default(30_000),
});

export const Connection = z.discriminatedUnion("kind", [
  HttpConnection,
  PostgresConnection,
  SqliteConnection,
  RedisConnection,
  SmtpConnection,
]);

export type Connection = z.output<typeof Connection>;
export type ConnectionKind = Connection["kind"];
export type ConnectionOf<Kind extends ConnectionKind> = Extract<
  Connection,
  { readonly kind: Kind }
>;

/** The same with values in the place of references. */
export type Revealed<T> = T extends { readonly secret: string }
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Revealed<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Revealed<T[Key]> }
      : T;

/** Connections by name. */
export type ConnectionSettings = Readonly<Record<string, Connection>>;

/** Parses what stands under `connections:`. Each problem begins with the place. */
export function parseConnections(value: unknown): {
  readonly connections: ConnectionSettings;
  readonly problems: readonly string[];
} {
  if (value === undefined || value === null) return { connections: {}, problems: [] };
  if (typeof value !== "object" || Array.isArray(value))
    return { connections: {}, problems: ["connections: must be an object of connections by name"] };
  const connections: Record<string, Connection> = {};
  const problems: string[] = [];
  for (const [name, written] of Object.entries(value)) {
    const named = ConnectionName.safeParse(name);
    const parsed = Connection.safeParse(written);
    if (!named.success)
      problems.push(`connections.${name}: ${named.error.issues[0]?.message ?? "is no name"}`);
    else if (parsed.success) connections[name] = parsed.data;
    else for (const issue of parsed.error.issues) problems.push(problemOf(name, issue));
  }
  return { connections, problems };
}

/** Values are not shown: one of them may be a password at the wrong place. */
function problemOf(name: string, issue: z.core.$ZodIssue): string {
  const place = ["connections", name, ...issue.path.map(String)].join(".");
  const field = String(issue.path.at(-1) ?? "");
  const isSecret = ["password", "token", "clientSecret", "value"].includes(field);
  if (isSecret && issue.code !== "unrecognized_keys")
    return `${place}: must be a reference to a secret, { secret: NAME }, never the value itself`;
  return `${place}: ${issue.message}`;
}

/** Names of the secrets that `value` refers to, in the order of writing. */
export function secretsOfConnection(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const parsed = SecretRef.safeParse(value);
  if (parsed.success) return [parsed.data.secret];
  return [...new Set(Object.values(value).flatMap(secretsOfConnection))];
}

function isPlainBase(text: string): boolean {
  return /^https?:\/\/[^/?#@\\]+(\/[^?#\\]*)?$/.test(text);
}
