/**
 * The Secrets port on environment variables: `secrets.NAME` is `LOCKSTITCH_SECRET_NAME`, or that in
 * upper case. They belong to the tenant `default`; an empty variable is one that is not set.
 */
import type { Secrets } from "#ports/secrets.ts";
import type { VersionOf } from "./secret-version.ts";

const PREFIX = "LOCKSTITCH_SECRET_";

export function environmentSecrets(
  env: Readonly<Record<string, string | undefined>>,
  versionOf: VersionOf,
): Secrets {
  const find = (tenant: string, name: string): string | null => {
    if (tenant !== "default") return null;
    const value = env[`${PREFIX}${name}`] || env[`${PREFIX}${name.toUpperCase()}`];
    return value === undefined || value === "" ? null : value;
  };
  const version = (tenant: string, name: string): string | null => {
    const value = find(tenant, name);
    return value === null ? null : versionOf(tenant, name, value);
  };
  return {
    resolve: async (tenant, name) => {
      const value = find(tenant, name);
      return value === null ? null : { value, version: versionOf(tenant, name, value) };
    },
    version,
    list: async (tenant) => {
      if (tenant !== "default") return [];
      return Object.keys(env)
        .filter((key) => key.startsWith(PREFIX) && env[key] !== "" && key.length > PREFIX.length)
        .map((key) => key.slice(PREFIX.length))
        .sort();
    },
    places: (_tenant, name) => [`the environment variable ${PREFIX}${name.toUpperCase()}`],
  };
}
