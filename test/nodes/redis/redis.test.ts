/** redis.command on a real Redis. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import type { ConnectionBook } from "#nodes/connections/connections.ts";
import { redisCommand } from "#nodes/redis/redis-command.ts";
import { replyJson } from "#nodes/redis/reply-json.ts";
import { programOrSkip, type RealServer, startRedis } from "../../support/real-server.ts";
import { changingSecrets, connectionBook, nodeContext } from "../node-context.ts";

const program = programOrSkip("redis");

describe.skipIf(program === null)("redis.command", () => {
  let server: RealServer;
  let book: ConnectionBook;

  beforeAll(async () => {
    server = await startRedis(program ?? "");
    const base = { kind: "redis", host: "127.0.0.1", port: server.port };
    const password = { secret: "REDIS_PASSWORD" };
    book = connectionBook(
      {
        cache: { ...base, password },
        one: { ...base, password, poolMax: 1, database: 3 },
        few: { ...base, password, allow: ["get", "INFO"], deny: ["GET"] },
        admin: { ...base, password, allow: ["CLIENT", "INFO", "EVAL"] },
        wrong: { ...base, password: { secret: "WRONG_PASSWORD" } },
      },
      changingSecrets({ REDIS_PASSWORD: server.password, WRONG_PASSWORD: "quite-wrong-password" }),
    );
  });

  afterAll(async () => {
    await book.close();
    await server[Symbol.asyncDispose]();
  });

  function send(
    command: string,
    list: readonly unknown[] = [],
    more: Record<string, unknown> = {},
    signal: AbortSignal = new AbortController().signal,
  ) {
    return runAttempt(
      redisCommand,
      { connection: "cache", command, arguments: list, ...more },
      nodeContext({ connections: book, signal }),
    );
  }

  async function clients(): Promise<string> {
    const result = await send("INFO", ["clients"], { connection: "admin" });
    return result.ok ? String((result.output as { reply: unknown }).reply) : "";
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 2_000; tries += 1) if (await condition()) return;
    throw new Error("it never came true");
  }

  it("gives replies as JSON", async () => {
    expect(await send("set", ["a", "é\r\nDEL a"])).toMatchObject({ output: { reply: "OK" } });
    expect(await send("GET", ["a"])).toEqual({ ok: true, output: { reply: "é\r\nDEL a" } });
    expect(await send("GET", ["nothing"])).toEqual({ ok: true, output: { reply: null } });
    await send("HSET", ["h", "x", 1, "y", true]);
    expect(await send("HGETALL", ["h"])).toEqual({
      ok: true,
      output: { reply: { x: "1", y: "true" } },
    });
    await send("RPUSH", ["l", 1, 2]);
    expect(await send("LRANGE", ["l", 0, -1])).toEqual({ ok: true, output: { reply: ["1", "2"] } });
    expect(await send("INCR", ["n"])).toEqual({ ok: true, output: { reply: 1 } });
    await send("ZADD", ["z", 1.5, "m"]);
    expect(await send("ZSCORE", ["z", "m"])).toEqual({ ok: true, output: { reply: 1.5 } });
    await send("SADD", ["s", "only"]);
    expect(await send("SMEMBERS", ["s"])).toEqual({ ok: true, output: { reply: ["only"] } });
  });

  it.each([
    ["cache", "FLUSHALL", "is for operators"],
    ["cache", "CONFIG", "is for operators"],
    ["cache", "eval", "is for operators"],
    ["cache", "KEYS", "is for operators"],
    ["cache", "SUBSCRIBE", "that other steps share"],
    ["admin", "CLIENT", "that other steps share"],
    ["cache", "MULTI", "that other steps share"],
    ["cache", "SELECT", "that other steps share"],
    ["cache", "AUTH", "that other steps share"],
    ["few", "SET", "is not among those"],
    ["few", "GET", "is denied by connection few"],
  ])("connection %s refuses %s before anything is sent", async (connection, command, message) => {
    expect(await send(command, [], { connection })).toMatchObject({
      error: {
        code: "command_denied",
        retryable: false,
        message: expect.stringContaining(message),
      },
    });
  });

  it("lets an operator open what is dangerous", async () => {
    expect(await send("EVAL", ["return 7", 0], { connection: "admin" })).toMatchObject({
      output: { reply: 7 },
    });
  });

  it("fails with the server's own words", async () => {
    await send("SET", ["text", "x"]);
    expect(await send("LPUSH", ["text", "y"])).toMatchObject({
      error: { code: "redis_failed", retryable: false, details: { reply: "WRONGTYPE" } },
    });
    expect(await send("NOSUCHCOMMAND")).toMatchObject({ error: { code: "redis_failed" } });
    expect(await send("GET")).toMatchObject({ error: { code: "redis_failed" } });
  });

  it("keeps the databases of connections apart", async () => {
    await send("SET", ["where", "three"], { connection: "one" });
    expect(await send("GET", ["where"])).toMatchObject({ output: { reply: null } });
    expect(await send("GET", ["where"], { connection: "one" })).toMatchObject({
      output: { reply: "three" },
    });
  });

  it("ends a blocked command at an abort, on the server too", async () => {
    const controller = new AbortController();
    const during = send("BLPOP", ["never", 0], {}, controller.signal);
    await until(async () => (await clients()).includes("blocked_clients:1"));
    controller.abort();
    expect(await during).toMatchObject({ error: { code: "aborted" } });
    await until(async () => (await clients()).includes("blocked_clients:0"));
  });

  it("ends a blocked command at its timeout, and gives the turn to the next", async () => {
    const one = { connection: "one", timeoutMs: 100 };
    const blocked = send("BLPOP", ["never", 0], one);
    const next = send("PING", [], { connection: "one" });
    expect(await blocked).toMatchObject({ error: { code: "timeout", retryable: true } });
    expect(await next).toMatchObject({ output: { reply: "PONG" } });
    await until(async () => (await clients()).includes("blocked_clients:0"));
  });

  it("works for many at once over a small pool, and closes its sockets", async () => {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => send("ECHO", [n], { connection: "one" })),
    );
    expect(results.map((result) => result.ok && result.output)).toEqual(
      Array.from({ length: 100 }, (_, n) => ({ reply: String(n) })),
    );
  });

  it("never shows the password", async () => {
    const results = [
      await send("PING", [], { connection: "wrong" }),
      await send("ECHO", [server.password]),
      await send(server.password.replaceAll("-", "")),
    ];
    expect(results[0]).toMatchObject({ ok: false });
    expect(JSON.stringify(results)).not.toContain(server.password);
    expect(JSON.stringify(results)).not.toContain("quite-wrong-password");
  });

  it("says that the server is gone", async () => {
    await using other = await startRedis(program ?? "");
    await using gone = connectionBook(
      { r: { kind: "redis", host: "127.0.0.1", port: other.port, password: { secret: "P" } } },
      changingSecrets({ P: other.password }),
    );
    const ping = () =>
      runAttempt(
        redisCommand,
        { connection: "r", command: "PING" },
        nodeContext({ connections: gone }),
      );
    expect(await ping()).toMatchObject({ ok: true });
    await other.stop();
    for (let tries = 0; tries < 3; tries += 1)
      expect(await ping()).toMatchObject({
        error: { code: "connection_failed", retryable: true },
      });
  });
});

it("makes JSON of whatever a reply holds", () => {
  expect(
    replyJson([
      new Map<unknown, unknown>([["a", new Set([1n])]]),
      Buffer.from([0, 255]),
      Number.POSITIVE_INFINITY,
      12345678901234567890n,
      new Error("no"),
      undefined,
      Object.assign(Object.create(null) as object, { k: false }),
    ]),
  ).toEqual([
    { a: [1] },
    "AP8=",
    "Infinity",
    "12345678901234567890",
    { error: "no" },
    null,
    { k: false },
  ]);
});
