/** Several sources of secrets as one: the first that has a name is asked. */
import type { Secrets } from "#ports/secrets.ts";

export function firstSecrets(sources: readonly Secrets[]): Secrets {
  return {
    async resolve(tenant, name) {
      for (const source of sources) {
        const secret = await source.resolve(tenant, name);
        if (secret !== null) return secret;
      }
      return null;
    },
    version(tenant, name) {
      for (const source of sources) {
        const version = source.version(tenant, name);
        if (version !== null) return version;
      }
      return null;
    },
    async list(tenant) {
      const lists = await Promise.all(sources.map((source) => source.list(tenant)));
      return [...new Set(lists.flat())].sort();
    },
    places: (tenant, name) => sources.flatMap((source) => source.places(tenant, name)),
  };
}
