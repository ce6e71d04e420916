/** Looks at a Redis server for doctor: whether it answers, its version, and what it does when it is full. */
import type { RedisFacts } from "#ports/store-facts.ts";
import { redisAddress } from "./redis-address.ts";
import { RedisLink } from "./redis-link.ts";

/** Rejects with store_unavailable, or config_invalid. */
export async function inspectRedis(url: string): Promise<RedisFacts> {
  const address = redisAddress(url);
  const silent = { warn: () => undefined, info: () => undefined };
  const link = new RedisLink({ address, logger: silent });
  try {
    await link.open();
    const doing = "looking at Redis";
    const info = String(await link.send(doing, ["INFO"]));
    const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? null;
    return {
      label: address.label,
      version: field("redis_version") ?? "unknown",
      evictionPolicy: field("maxmemory_policy") ?? "unknown",
      memoryBytesMax: Number(field("maxmemory") ?? 0),
    };
  } finally {
    await link.close();
  }
}
