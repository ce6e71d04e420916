/** What an attempt in a plugin is given, and what comes back of what it says. */
import { describe, expect, test } from "vitest";
import type { Resolve } from "#nodes/http/client.ts";
import { deniedHosts, pluginHttp } from "#plugins/plugin-http.ts";
import { localServer } from "../nodes/http/local-server.ts";
import { nodeContext, strictHttp } from "../nodes/node-context.ts";
import { canSeal, onePlugin } from "./plugin-fixture.ts";

describe.skipIf(!canSeal)("an attempt in a plugin", () => {
  test("has the context of an attempt, and its log, heartbeats and progress arrive", async () => {
    await using found = await onePlugin(
      `context.log.warn("careful", { at: 1 }); context.progress(0.5, "half"); context.heartbeat({ page: 2 });
       const { runId, path, workflow, tenant, idempotencyKey, attempt, deadlineAtMs, lastHeartbeat } = context;
       return { runId, path, workflow, tenant, idempotencyKey, attempt, deadlineAtMs, lastHeartbeat, config };`,
    );
    const told: unknown[] = [];
    const quiet = { debug() {}, info() {}, error() {} };
    const result = await found.run(
      "probe.run",
      { a: ["ä", null, 1.5] },
      {
        ...{ attempt: 3, deadlineAtMs: 12_345, lastHeartbeat: { page: 1 } },
        log: { ...quiet, warn: (...line) => void told.push(line) },
        progress: (...progress) => void told.push(progress),
        heartbeat: (details) => void told.push(details),
      },
    );
    expect(result).toEqual({
      ok: true,
      output: {
        ...{ runId: "run-1", path: "step", workflow: "test", tenant: "default" },
        ...{ idempotencyKey: "key-1", attempt: 3, deadlineAtMs: 12_345 },
        ...{ lastHeartbeat: { page: 1 }, config: { a: ["ä", null, 1.5] } },
      },
    });
    expect(told).toEqual([["careful", { at: 1 }], [0.5, "half"], { page: 2 }]);
  });

  test("gets a secret that is declared and granted, and no other", async () => {
    const secrets = ["PAY_KEY"];
    await using found = await onePlugin(
      "globalThis.calls = (globalThis.calls ?? 0) + 1; return { calls: globalThis.calls, has: config.text };",
      { allow: { secrets } },
      { permissions: { secrets } },
    );
    const run = (...secretNames: readonly string[]) =>
      found.run("probe.run", { text: "value" }, { secretNames });
    expect(await run("PAY_KEY", "OTHER_KEY")).toEqual({
      ok: false,
      error: {
        ...{ code: "secret_unusable", retryable: false },
        message:
          "Secret OTHER_KEY does not go to plugin probe: it is not among the plugin's permissions.secrets.",
        details: { secret: "OTHER_KEY", plugin: "probe" },
      },
    });
    // Nothing had reached it.
    expect(await run("PAY_KEY")).toEqual({ ok: true, output: { calls: 1, has: "value" } });
  });

  test("fails with its own codes, and with none of the host's", async () => {
    await using found = await onePlugin(
      "throw new NodeError(config.code, 'no', { retryable: config.retryable, details: { a: 1 } });",
    );
    const error = async (code: string) => {
      const result = await found.run("probe.run", { code, retryable: true });
      return result.ok ? null : result.error;
    };
    expect(await error("user.sold_out")).toEqual({
      ...{ code: "user.sold_out", message: "no", retryable: true, details: { a: 1 } },
    });
    expect(await error("http.503")).toMatchObject({ code: "http.503" });
    expect(await error("sql_failed")).toMatchObject({ code: "sql_failed" });
    for (const code of ["aborted", "host_lost", "plugin_failed", "whatever", "__proto__"])
      expect(await error(code)).toMatchObject({ code: "internal" });
  });

  test("gives what is too large, no JSON or not in its schema back as an error", async () => {
    await using found = await onePlugin(
      "return config.size ? 'x'.repeat(config.size) : config.map ? new Map() : 1n;",
    );
    const code = async (config: object) => {
      const result = await found.run("probe.run", config);
      return result.ok ? "ok" : result.error.code;
    };
    expect(await code({ size: 1_000_000 })).toBe("ok");
    expect(await code({ size: 11 * 1024 * 1024 })).toBe("limit_exceeded");
    expect(await code({ size: 40 * 1024 * 1024 })).toBe("limit_exceeded");
    expect(await code({ map: true })).toBe("output_invalid");
    expect(await code({})).toBe("output_invalid");
    expect(await code({ text: "x".repeat(33 * 1024 * 1024) })).toBe("limit_exceeded");
    expect(found.book.health()).toMatchObject([{ state: "running", restarts: 0 }]);
  });

  test("calls the hosts it declares through the host's client, and no other", async () => {
    await using server = await localServer((request, response) => {
      response.statusCode = request.url === "/away" ? 302 : 200;
      response.setHeader("location", "http://localhost:1/");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ got: request.body }));
    });
    await using found = await onePlugin(
      `const asked = config.asked;
       try { const { status, body } = await context.http.request(asked); return { status, body }; }
       catch (error) { return { code: error.code, message: error.message }; }`,
      { allow: "declared" },
      {
        permissions: { network: { hosts: ["127.0.0.1", "10.0.0.1"] } },
        http: { allowCidrs: ["127.0.0.1/32"] },
      },
    );
    const call = async (asked: object) => {
      const result = await found.run("probe.run", { asked });
      return result.ok ? result.output : result.error;
    };
    expect(
      await call({
        url: `${server.url}/a`,
        method: "POST",
        body: { b: 1 },
        idempotencyHeader: true,
      }),
    ).toEqual({ status: 200, body: { got: '{"b":1}' } });
    expect(server.requests[0]?.headers["idempotency-key"]).toBe("key-1");
    const blocked = (text: string) => ({
      code: "http_blocked",
      message: expect.stringContaining(text),
    });
    expect(await call({ url: "https://example.com" })).toEqual(
      blocked("not on the operator's list"),
    );
    expect(await call({ url: `${server.url}/away` })).toEqual(blocked("localhost is not on"));
    expect(await call({ url: "http://10.0.0.1/" })).toEqual(blocked("10.0.0.1"));
    expect(await call({ url: "file:///etc/passwd" })).toMatchObject({ code: "http_blocked" });
    expect(await call({ url: server.url, saveTo: "a" })).toMatchObject({
      ...{ code: "config_invalid", message: expect.stringContaining("saveTo") },
    });
    expect(await call({ url: server.url, connection: "shop" })).toMatchObject({
      code: "config_invalid",
    });
    expect(server.requests).toHaveLength(2);
  });

  test("has no calls without declared hosts", async () => {
    await using found = await onePlugin(
      "return await context.http.request({ url: 'https://example.com' });",
    );
    expect(await found.run("probe.run")).toMatchObject({
      error: { code: "http_blocked", message: expect.stringContaining("declares no hosts") },
    });
  });
});

test("a name that leads inside is refused for a plugin as for a step", async () => {
  const inside: Resolve = async () => [{ address: "169.254.169.254", family: 4 }];
  const http = pluginHttp(["meta.example.com"], inside);
  expect(await http.request({ url: "http://meta.example.com/" }, nodeContext())).toMatchObject({
    ok: false,
    error: { code: "http_blocked" },
  });
});

test.each([
  [["a.example.com"], [], [], []],
  [["a.example.com"], [".example.com"], [], []],
  [[".example.com"], ["a.example.com"], [], [".example.com"]],
  [["b.example.com"], ["a.example.com"], [], ["b.example.com"]],
  [["a.example.com"], [], [".example.com"], ["a.example.com"]],
])(
  "hosts %j where %j are allowed and %j denied: %j are kept out",
  (hosts, allowHosts, denyHosts, out) => {
    expect(deniedHosts(hosts, { ...strictHttp, allowHosts, denyHosts })).toEqual(out);
  },
);
