/**
 * Named connections at work: a step asks for one by name and gets its settings with the secrets in
 * place, and what the process shares of it (a pool, a client).
 *
 * C1. A name that is not there, or is of another kind, fails with `connection_unknown`, which says
 *     what there is. Values of secrets are looked up at every attempt.
 * C2. A secret that has changed makes a new shared part; the old one is ended once it is unused.
 * C3. What an attempt gives or throws passes a redactor of the connection's secrets (withConnection).
 * C4. close() ends every shared part, those in the midst of being made as well.
 */
import { LockstitchError } from "#errors/errors.ts";
import { NodeError } from "#errors/step-error.ts";
import { NO_SECRETS_PORT, type Secrets } from "#ports/secrets.ts";
import type { SecretName } from "#workflow/expression/secret-text.ts";
import type { NodeContext, NodeErrorCode } from "../define-node.ts";
import { type NamedValue, Redactor, unusableSecret } from "../redactor.ts";
import {
  type Connection,
  type ConnectionKind,
  type ConnectionOf,
  type ConnectionSettings,
  type Revealed,
  SecretRef,
  secretsOfConnection,
} from "./connection-schema.ts";
import type { Connections, LentConnection } from "./lent-connection.ts";

/** How every step that names a connection may fail. */
export const CONNECTION_ERRORS: readonly NodeErrorCode[] = [
  "connection_failed",
  "connection_unknown",
  "secret_not_found",
  "secret_unusable",
];

interface SharedPart {
  readonly version: string;
  readonly part: unknown;
  readonly end: () => Promise<void>;
  /** Attempts that work with it. */
  users: number;
}

export class ConnectionBook implements Connections, AsyncDisposable {
  readonly #settings: ConnectionSettings;
  readonly #secrets: Secrets;
  readonly #shared = new Map<string, SharedPart>();
  /** Those that another has replaced while they were used: their last user ends them. */
  readonly #old = new Set<SharedPart>();
  readonly #ending = new Set<Promise<void>>();

  constructor(settings: ConnectionSettings, secrets: Secrets) {
    this.#settings = settings;
    this.#secrets = secrets;
  }

  secretsOf(tenant: string, name: string): readonly SecretName[] {
    return secretsOfConnection(this.#of(name)).map((secret) => ({
      secret,
      version: this.#secrets.version(tenant, secret),
    }));
  }

  #of(name: string): Connection | undefined {
    return Object.hasOwn(this.#settings, name) ? this.#settings[name] : undefined;
  }

  async lend<Kind extends ConnectionKind>(
    tenant: string,
    name: string,
    kinds: readonly Kind[],
  ): Promise<LentConnection<Kind>> {
    const found = this.#of(name);
    if (found === undefined || !(kinds as readonly string[]).includes(found.kind))
      throw this.#unknown(name, kinds, found);
    const versions: string[] = [];
    const values = new Map<string, string>();
    for (const secret of secretsOfConnection(found)) {
      const { value, version } = await this.#reveal(tenant, name, secret);
      values.set(secret, value);
      versions.push(`${secret}=${version}`);
    }
    const used = new Set<SharedPart>();
    return {
      name,
      settings: revealed(found, values) as Revealed<ConnectionOf<Kind>>,
      values: [...values].map(([secret, value]) => ({ name: secret, value })),
      shared: <T>(make: () => T, end: (part: T) => Promise<void>) => {
        const shared = this.#part(`${tenant}\n${name}`, versions.join("\n"), make, end);
        if (!used.has(shared)) shared.users += 1;
        used.add(shared);
        return shared.part as T;
      },
      giveBack: () => {
        for (const shared of used) this.#leave(shared);
        used.clear();
      },
    };
  }

  async close(): Promise<void> {
    for (const shared of [...this.#shared.values(), ...this.#old]) this.#endSoon(shared);
    this.#shared.clear();
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #part<T>(
    key: string,
    version: string,
    make: () => T,
    end: (part: T) => Promise<void>,
  ): SharedPart {
    const known = this.#shared.get(key);
    if (known?.version === version) return known;
    const part = make();
    const made = { version, part, end: () => end(part), users: 0 };
    this.#shared.set(key, made);
    if (known !== undefined) this.#replace(known);
    return made;
  }

  #replace(shared: SharedPart): void {
    if (shared.users === 0) this.#endSoon(shared);
    else this.#old.add(shared);
  }

  #leave(shared: SharedPart): void {
    shared.users -= 1;
    if (shared.users === 0 && this.#old.has(shared)) this.#endSoon(shared);
  }

  #endSoon(shared: SharedPart): void {
    this.#old.delete(shared);
    const ending = shared.end();
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  async #reveal(tenant: string, connection: string, name: string) {
    const place = `connection ${connection}`;
    const found = await this.#secrets.resolve(tenant, name).catch((error: unknown) => {
      throw unreadable(place, error);
    });
    if (found === null) {
      const places = this.#secrets.places(tenant, name);
      const looked =
        places.length === 0
          ? "this host has no secrets"
          : `looked for ${places.join(", and for ")}`;
      throw new NodeError("secret_not_found", `${place}: there is no secret ${name}: ${looked}.`, {
        details: { secret: name, connection },
      });
    }
    const reason = unusableSecret(found.value);
    if (reason !== null)
      throw new NodeError(
        "secret_unusable",
        `${place}: secret ${name} cannot be used: ${reason}.`,
        {
          details: { secret: name, connection },
        },
      );
    return found;
  }

  #unknown(name: string, kinds: readonly string[], found: Connection | undefined): NodeError {
    const fitting = Object.keys(this.#settings).filter((other) =>
      kinds.includes(this.#settings[other]?.kind ?? ""),
    );
    const wanted = kinds.join(" or ");
    const there =
      fitting.length === 0
        ? `the operator has set up none of kind ${wanted} (connections: in lockstitch.config.*)`
        : `of kind ${wanted} there are: ${fitting.sort().slice(0, 20).join(", ")}`;
    const what =
      found === undefined
        ? `There is no connection ${JSON.stringify(name)}`
        : `Connection ${name} is of kind ${found.kind}, not ${wanted}`;
    return new NodeError("connection_unknown", `${what}; ${there}.`, {
      details: { connection: name, kinds },
    });
  }
}

/** Places that cannot be read now may be readable soon. */
function unreadable(place: string, error: unknown): unknown {
  if (!(error instanceof LockstitchError)) return error;
  return new NodeError("secret_unusable", `${place}: ${error.message}`, { retryable: true });
}

const NO_CONNECTIONS: Connections = new ConnectionBook({}, NO_SECRETS_PORT);

/** Runs `use` with the connection; nothing that comes out of it holds one of its secrets. */
export async function withConnection<Kind extends ConnectionKind, T>(
  { services, tenant }: Pick<NodeContext, "services" | "tenant">,
  name: string,
  kinds: readonly Kind[],
  use: (connection: LentConnection<Kind>) => Promise<T>,
): Promise<T> {
  const lent = await (services.connections ?? NO_CONNECTIONS).lend(tenant, name, kinds);
  try {
    return await keepingIn(lent.values, () => use(lent));
  } finally {
    lent.giveBack();
  }
}

/** The result or failure of `use` without `values`; they may be added while it runs. */
export async function keepingIn<T>(
  values: readonly NamedValue[],
  use: () => Promise<T>,
): Promise<T> {
  try {
    const output = await use();
    return values.length === 0 ? output : (new Redactor(values).value(output) as T);
  } catch (error) {
    throw values.length === 0 ? error : redactedError(error, new Redactor(values));
  }
}

function redactedError(error: unknown, redactor: Redactor): unknown {
  if (!(error instanceof NodeError)) return redactor.value(error);
  const { code, message, retryable, details } = error;
  return new NodeError(code, redactor.text(message), {
    retryable,
    ...(details === undefined ? {} : { details: redactor.value(details) }),
  });
}

/** `value` with values in the place of references. */
function revealed(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const reference = SecretRef.safeParse(value);
  if (reference.success) return values.get(reference.data.secret) ?? "";
  if (Array.isArray(value)) return value.map((item: unknown) => revealed(item, values));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, revealed(inner, values)]),
  );
}
