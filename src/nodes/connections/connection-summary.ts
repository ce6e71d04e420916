/** A connection as people and programs may see it: where it leads and which secrets it names. */
import { type Connection, type ConnectionKind, secretsOfConnection } from "./connection-schema.ts";

export interface ConnectionSummary {
  readonly name: string;
  readonly kind: ConnectionKind;
  /** `postgres://db.example:5432/shop`, without user and password. */
  readonly address: string;
  readonly auth: string;
  /** Names of secrets, never values. */
  readonly secrets: readonly string[];
  readonly isReadOnly: boolean;
}

export function connectionSummary(name: string, connection: Connection): ConnectionSummary {
  return {
    ...{ name, kind: connection.kind, address: addressOf(connection), auth: authOf(connection) },
    secrets: secretsOfConnection(connection),
    isReadOnly: "readOnly" in connection && connection.readOnly,
  };
}

/** Where a socket would go; null for a file. */
export function socketOf(
  connection: Connection,
): { readonly host: string; readonly port: number } | null {
  switch (connection.kind) {
    case "http": {
      const { hostname, port, protocol } = new URL(connection.baseUrl);
      const host = hostname.replace(/^\[|\]$/g, "");
      return { host, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) };
    }
    case "sqlite":
      return null;
    default:
      return { host: connection.host, port: connection.port };
  }
}

function addressOf(connection: Connection): string {
  switch (connection.kind) {
    case "http":
      return connection.baseUrl;
    case "sqlite":
      return connection.file;
    case "postgres":
      return `postgres://${connection.host}:${connection.port}/${connection.database}`;
    case "redis":
      return `redis://${connection.host}:${connection.port}/${connection.database}`;
    case "smtp":
      return `smtp://${connection.host}:${connection.port}`;
  }
}

function authOf(connection: Connection): string {
  switch (connection.kind) {
    case "http":
      return connection.auth.type;
    case "sqlite":
      return "none";
    case "postgres":
    case "redis":
    case "smtp":
      return connection.password === undefined ? "none" : "password";
  }
}
