/** What a connection to Redis does when Redis is slow, gone, back, or refuses. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { redisAddress } from "#storage/redis/redis-address.ts";
import { RedisLink } from "#storage/redis/redis-link.ts";
import { RedisRates } from "#storage/redis/redis-rates.ts";
import { runScript } from "#storage/redis/redis-script.ts";
import { until } from "../../engine/sqlite-fixture.ts";
import { programOrSkip, startRedis } from "../../support/real-server.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { openLink, redisForTests } from "./redis-fixture.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) process.stderr.write("SKIPPED: no openssl on this machine: TLS to Redis\n");

const redis = redisForTests();
const away = { code: "store_unavailable" };

describe.skipIf(redis === null)("a connection to Redis", () => {
  if (redis === null) return;

  test("is lost at once when Redis is, refuses without waiting, and heals by itself", async () => {
    await using server = await startRedis(programOrSkip("redis") ?? "");
    const url = `redis://:${server.password}@127.0.0.1:${server.port}`;
    const said: string[] = [];
    const say = (_: object, text: string) => void said.push(text);
    const link = new RedisLink({ address: redisAddress(url), logger: { warn: say, info: say } });
    let losses = 0;
    link.onLost(() => losses++);
    await link.open();
    expect(await link.send("asking", ["PING"])).toBe("PONG");
    await server.stop();
    await until("it is lost", async () => losses === 1);
    const beganMs = performance.now();
    await expect(link.send("asking", ["PING"])).rejects.toMatchObject(away);
    expect(performance.now() - beganMs).toBeLessThan(50);
    await server.start();
    await until("it is back", async () => link.isReady);
    expect(await link.send("asking", ["PING"])).toBe("PONG");
    expect(said).toEqual(["Redis is lost; going on without it", "Redis is back"]);
    await link.close();
    await expect(link.send("asking", ["PING"])).rejects.toMatchObject(away);
    expect(losses).toBe(1);
  });

  test("does not wait for a server that does not answer", async () => {
    const link = await openLink(redis.url);
    const beganMs = performance.now();
    // As one that hangs: it answers later than anybody waits.
    await expect(link.send("waiting", ["BLPOP", "none", "30"])).rejects.toMatchObject(away);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    await until("another connection is there", async () => link.isReady);
    await link.close();
  });

  test("opens without Redis, and goes on once it is there", async () => {
    await using server = await startRedis(programOrSkip("redis") ?? "", { hasPassword: false });
    await server.stop();
    const link = await openLink(`redis://127.0.0.1:${server.port}`);
    await expect(link.send("asking", ["PING"])).rejects.toMatchObject(away);
    await server.start();
    await until("it is there", async () => link.isReady);
    await link.close();
  });

  test("knows scripts that the server has forgotten", async () => {
    const link = await openLink(redis.url);
    const call = { script: "return ARGV[1]", keys: [], args: ["a"] };
    expect(await runScript(link, "running", call)).toBe("a");
    await redis.command("SCRIPT", "FLUSH");
    expect(await runScript(link, "running", call)).toBe("a");
    await expect(
      runScript(link, "running", { ...call, script: "return redis.call('GET')" }),
    ).rejects.toThrow(/Wrong number of args/);
    await link.close();
  });

  test("takes a refusal that passes for an outage, and never tells the password", async () => {
    const refused = await openLink(redis.url.replace(redis.server.password, "wrong"));
    const error = await refused.send("asking", ["PING"]).catch((caught: unknown) => caught);
    expect(error).toMatchObject(away);
    expect(String(error)).toMatch(/WRONGPASS/);
    expect(JSON.stringify(error) + String(error)).not.toContain("wrong@");
    await refused.close();
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    const link = await openLink(redis.url);
    const full = new RedisRates(link, redis.namespace());
    const demand = { name: "n", limit: 1, perMs: 1_000, wanted: ["t"] };
    await expect(full.take([demand], [])).rejects.toMatchObject(away);
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    expect(await full.take([demand], [])).toEqual([{ granted: 1, retryAfterMs: null }]);
    await link.close();
  });

  test.skipIf(!hasOpenssl)(
    "is encrypted by rediss, and trusts only whom it is told to",
    async () => {
      await using folder = await temporaryDirectory();
      const [key, certificate] = [join(folder.path, "key.pem"), join(folder.path, "server.pem")];
      const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
      const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
      const files = ["-keyout", key, "-out", certificate];
      execFileSync("openssl", ["req", "-x509", ...made, "-days", "30", ...names, ...files], {
        stdio: "ignore",
      });
      await using server = await startRedis(programOrSkip("redis") ?? "", {
        tls: { key, certificate },
      });
      const url = `rediss://:${server.password}@localhost:${server.port}`;
      const link = await openLink(`${url}?cafile=${encodeURIComponent(certificate)}`);
      expect(await link.send("asking", ["PING"])).toBe("PONG");
      await link.close();
      const stranger = await openLink(url);
      await expect(stranger.send("asking", ["PING"])).rejects.toThrow(/self-signed certificate/);
      await stranger.close();
    },
  );

  test("keys of rates are gone once nothing of them counts", async () => {
    const link = await openLink(redis.url);
    const namespace = redis.namespace();
    const rates = new RedisRates(link, namespace);
    await rates.take([{ name: "n", limit: 5, perMs: 1_000, wanted: ["t", "u"] }], []);
    const left = Number(await redis.command("PTTL", `${namespace}:rate:n`));
    expect(left).toBeGreaterThan(10_000);
    expect(left).toBeLessThanOrEqual(12_000);
    expect(await redis.command("ZCARD", `${namespace}:rate:n`)).toBe(3);
    await link.close();
  });
});

describe("a Redis URL", () => {
  test("is taken apart, and named without its password", () => {
    const { label, options } = redisAddress("rediss://me:p%40ss@[::1]:6380/3");
    expect(label).toBe("rediss://[::1]:6380/3");
    expect(options).toMatchObject({ username: "me", password: "p@ss", database: 3 });
    expect(options.socket).toMatchObject({ host: "::1", port: 6380, tls: true });
    expect(redisAddress("redis://cache").label).toBe("redis://cache:6379/0");
    expect(redisAddress("redis://cache").options.socket).not.toHaveProperty("tls");
  });

  test.each([
    ["http://x", /is named by a URL like/],
    ["redis://:secret@x:y", /is named by a URL like/],
    ["redis://:secret@x/zero", /\/zero, is not the number of a database/],
    ["redis://:secret@x?tls=1", /\?tls= of the Redis URL is not known/],
    ["redis://:secret@x?cafile=ca.pem", /needs rediss:/],
    ["rediss://:secret@x?cafile=/none/ca.pem", /\/none\/ca.pem, cannot be read/],
  ])("%s is refused and says why", (url, message) => {
    expect(() => redisAddress(url)).toThrow(message);
    expect(() => redisAddress(url)).not.toThrow(/secret/);
  });
});
