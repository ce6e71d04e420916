/**
 * A database's store with Redis beside it: large payloads are kept there for the next host, starts
 * that hosts count together are counted there, and notices between hosts go that way. Everything of
 * record is the database's; without Redis it does all of it alone.
 *
 *   1. Opening waits for Redis a moment, and does not fail without it.
 *   2. What lies in Redis is named after the store's id: two databases share nothing there.
 */
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import { CachedBlobs } from "../cached-blobs.ts";
import { redisAddress } from "./redis-address.ts";
import { RedisHosts } from "./redis-hosts.ts";
import { RedisKeyValue } from "./redis-key-value.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisPubSub } from "./redis-pub-sub.ts";
import { RedisRates } from "./redis-rates.ts";

interface WithRedisOptions {
  readonly url: string;
  readonly logger: Pick<Logger, "warn" | "info" | "debug">;
}

/** The store, closed with it. Throws config_invalid. */
export async function withRedis(store: Store, { url, logger }: WithRedisOptions): Promise<Store> {
  const address = redisAddress(url);
  const { storeId } = await store.describe();
  const namespace = `lockstitch:${storeId}`;
  const link = new RedisLink({ address, logger });
  const pubSub = new RedisPubSub(link, { address, logger, namespace });
  await Promise.all([link.open(), pubSub.open()]);
  const blobs = new CachedBlobs(store.blobs, new RedisKeyValue(link, namespace), logger);
  const hosts = hostsOf(store, { link, pubSub, logger, first: new RedisRates(link, namespace) });
  await hosts?.open();
  return {
    ...store,
    blobs,
    ...(hosts === null ? {} : { hosts: hosts.port() }),
    describe: async () => ({
      ...(await store.describe()),
      redis: link.isReady ? address.label : `${address.label} (away)`,
    }),
    close: async () => {
      await hosts?.close();
      await pubSub.close();
      await link.close();
      await store.close();
    },
  };
}

/** null: the store is this process's alone. */
function hostsOf(
  { hosts }: Store,
  redis: Pick<ConstructorParameters<typeof RedisHosts>[0], "link" | "pubSub" | "logger" | "first">,
): RedisHosts | null {
  if (hosts?.rates === undefined) return null;
  return new RedisHosts({ ...redis, hosts, second: hosts.rates });
}
