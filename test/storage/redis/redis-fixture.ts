/** A Redis server of the test file's own; each test has a namespace of its own on it. */
import { createClient } from "@redis/client";
import { afterAll, beforeAll } from "vitest";
import { type RedisAddress, redisAddress } from "#storage/redis/redis-address.ts";
import { RedisLink } from "#storage/redis/redis-link.ts";
import { programOrSkip, type RedisServer, startRedis } from "../../support/real-server.ts";
import { startProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

export interface TestRedis {
  readonly server: RedisServer;
  readonly url: string;
  /** The same server behind a proxy, whose connections can be cut. */
  readonly proxied: string;
  readonly proxy: TcpProxy;
  namespace(): string;
  /** As an operator would, past the adapters. */
  command(...parts: string[]): Promise<unknown>;
}

/** At the top of a test file; null: no Redis, use describe.skipIf. */
export function redisForTests(): TestRedis | null {
  const program = programOrSkip("redis");
  if (program === null) return null;
  let server: RedisServer | null = null;
  let proxy: TcpProxy | null = null;
  let count = 0;
  beforeAll(async () => {
    server = await startRedis(program);
    proxy = await startProxy(server.port);
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const started = () => {
    if (server === null || proxy === null) throw new Error("Redis starts with the first test");
    return { server, proxy };
  };
  const urlOf = (port: number) => `redis://:${started().server.password}@127.0.0.1:${port}/0`;
  return {
    get server() {
      return started().server;
    },
    get proxy() {
      return started().proxy;
    },
    get url() {
      return urlOf(started().server.port);
    },
    get proxied() {
      return urlOf(started().proxy.port);
    },
    namespace: () => `test${++count}`,
    command: async (...parts) => {
      const client = createClient({ url: urlOf(started().server.port) });
      await client.connect();
      try {
        return await client.sendCommand(parts);
      } finally {
        await client.close();
      }
    },
  };
}

export const SILENT = { warn: () => undefined, info: () => undefined };

export async function openLink(url: string): Promise<RedisLink> {
  const address: RedisAddress = redisAddress(url);
  const link = new RedisLink({ address, logger: SILENT });
  await link.open();
  return link;
}
