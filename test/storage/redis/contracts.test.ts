/** Redis keeps the promises of its ports, as does what stands for it in memory. */
import { describe } from "vitest";
import { redisAddress } from "#storage/redis/redis-address.ts";
import { RedisKeyValue } from "#storage/redis/redis-key-value.ts";
import type { RedisLink } from "#storage/redis/redis-link.ts";
import { RedisPubSub } from "#storage/redis/redis-pub-sub.ts";
import { RedisRates } from "#storage/redis/redis-rates.ts";
import { keyValueContract } from "../../contract/key-value.ts";
import { pubSubContract } from "../../contract/pub-sub.ts";
import { ratesContract } from "../../contract/shared-rates.ts";
import { MemoryKeyValue } from "../../support/memory-key-value.ts";
import { MemoryPubSub } from "../../support/memory-pub-sub.ts";
import { MemoryRates } from "../../support/memory-rates.ts";
import { openLink, redisForTests, SILENT } from "./redis-fixture.ts";

const redis = redisForTests();

/** Every key of the namespace is as much older. */
const AGE_VALUES = `
local cursor = '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1] .. ':*', 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[2]) end
    if redis.call('TYPE', key).ok == 'zset' then
      for _, token in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        if token ~= 'window' then redis.call('ZINCRBY', key, -ARGV[2], token) end
      end
    end
  end
until cursor == '0'`;

function memoryTime() {
  let nowMs = 1_000_000;
  return {
    nowMs: () => nowMs,
    async advance(byMs: number) {
      nowMs += byMs;
    },
  };
}

keyValueContract("memory", async () => {
  const time = memoryTime();
  const values = new MemoryKeyValue(time.nowMs);
  return { values, advance: time.advance, async [Symbol.asyncDispose]() {} };
});

pubSubContract("memory", async () => {
  const pubSub = new MemoryPubSub();
  const cut = async () => pubSub.cut();
  return { join: async () => pubSub, cut, async [Symbol.asyncDispose]() {} };
});

ratesContract("memory", async () => {
  const time = memoryTime();
  const rates = new MemoryRates(time.nowMs);
  return { join: async () => rates, advance: time.advance, async [Symbol.asyncDispose]() {} };
});

describe.skipIf(redis === null)("on Redis", () => {
  if (redis === null) return;
  const age = (namespace: string) => async (byMs: number) => {
    await redis.command("EVAL", AGE_VALUES, "0", namespace, String(byMs));
  };

  keyValueContract("redis", async () => {
    const namespace = redis.namespace();
    const link = await openLink(redis.url);
    return {
      values: new RedisKeyValue(link, namespace),
      advance: age(namespace),
      [Symbol.asyncDispose]: () => link.close(),
    };
  });

  pubSubContract("redis", async () => {
    const namespace = redis.namespace();
    const opened: { link: RedisLink; pubSub: RedisPubSub }[] = [];
    return {
      async join() {
        const link = await openLink(redis.url);
        const address = redisAddress(redis.proxied);
        const pubSub = new RedisPubSub(link, { address, logger: SILENT, namespace });
        await pubSub.open();
        opened.push({ link, pubSub });
        return pubSub;
      },
      async cut() {
        redis.proxy.cutAll();
      },
      async [Symbol.asyncDispose]() {
        for (const { link, pubSub } of opened) {
          await pubSub.close();
          await link.close();
        }
      },
    };
  });

  ratesContract("redis", async () => {
    const namespace = redis.namespace();
    const links: RedisLink[] = [];
    return {
      async join() {
        const link = await openLink(redis.url);
        links.push(link);
        return new RedisRates(link, namespace);
      },
      advance: age(namespace),
      async [Symbol.asyncDispose]() {
        for (const link of links) await link.close();
      },
    };
  });
});
