/** What a node sees of named connections; connections.ts is behind it. */
import type { SecretName } from "#workflow/expression/secret-text.ts";
import type { ConnectionKind, ConnectionOf, Revealed } from "./connection-schema.ts";

/** A connection as one attempt uses it. */
export interface LentConnection<Kind extends ConnectionKind = ConnectionKind> {
  readonly name: string;
  readonly settings: Revealed<ConnectionOf<Kind>>;
  /** The secrets in it, for a redactor. */
  readonly values: readonly { readonly name: string; readonly value: string }[];
  /** What all attempts share of it, made at its first use. `end` must not reject. */
  shared<T>(make: () => T, end: (part: T) => Promise<void>): T;
  /** The attempt is done with what it shares. */
  giveBack(): void;
}

export interface Connections {
  /** The secrets that the connection refers to, with the versions that are known without waiting; none where there is none. */
  secretsOf(tenant: string, name: string): readonly SecretName[];
  /** Rejects with NodeError connection_unknown, secret_not_found, secret_unusable. */
  lend<Kind extends ConnectionKind>(
    tenant: string,
    name: string,
    kinds: readonly Kind[],
  ): Promise<LentConnection<Kind>>;
}
