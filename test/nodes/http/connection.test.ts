/** http.request over named connections, with OAuth 2.0, and with bodies that go to files. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { resolveBySystem } from "#nodes/http/client.ts";
import { defineHttpRequest, httpRequest } from "#nodes/http/request.ts";
import { below } from "#nodes/http/target.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { changingSecrets, connectionBook, nodeContext } from "../node-context.ts";
import { localServer } from "./local-server.ts";

const loopback = { allowCidrs: ["127.0.0.1/32"] };

function call(
  config: Record<string, unknown>,
  overrides: Parameters<typeof nodeContext>[0] = {},
  node = httpRequest,
) {
  return runAttempt(node, config, nodeContext({ http: loopback, ...overrides }));
}

it.each([
  ["https://a.example", "orders", "https://a.example/orders"],
  ["https://a.example/v1", "/orders?x=1", "https://a.example/v1/orders?x=1"],
  ["https://a.example/v1/", "//evil.example/x", "https://a.example/v1/evil.example/x"],
  ["https://a.example/v1", "https://a.example/v1/x", "https://a.example/v1/x"],
  ["https://a.example/v1", "?q=1", "https://a.example/v1/?q=1"],
  ["https://a.example/v1", "", "https://a.example/v1"],
  ["https://a.example/v1", "a..b/c", "https://a.example/v1/a..b/c"],
])("a path below %s: %s", (base, path, url) => {
  expect(below(base, path, "shop")).toBe(url);
});

it.each([
  "../admin",
  "/../admin",
  "a/../../admin",
  "%2e%2e/admin",
  "..%2fadmin",
  "..\\admin",
  "a/%2e%2e%2f%2e%2e/admin",
  "https://a.example/v10",
  "https://a.example/",
  "https://evil.example/v1/x",
  "http://a.example/v1/x",
  "https://a.example:444/v1/x",
  "https://u:p@a.example/v1/x",
  "https:evil.example",
  "file:///etc/passwd",
])("does not leave the base address by %s", (path) => {
  expect(() => below("https://a.example/v1", path, "shop")).toThrow(/does not lie below|is no URL/);
});

it("sends the connection's auth and headers, and shows neither", async () => {
  await using server = await localServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ echo: request.headers }));
  });
  const values = { TOKEN: "connection-token-canary" };
  await using book = connectionBook(
    {
      shop: {
        ...{ kind: "http", baseUrl: `${server.url}/v1`, allowPrivate: true },
        ...{ auth: { type: "bearer", token: { secret: "TOKEN" } }, headers: { "X-Shop": "7" } },
      },
    },
    changingSecrets(values),
  );
  const config = { connection: "shop", url: "orders" };
  const result = await call(config, { connections: book, http: { allowHosts: ["else.example"] } });
  expect(result).toMatchObject({
    output: { url: `${server.url}/v1/orders`, body: { echo: { "x-shop": "7" } } },
  });
  expect(server.requests[0]?.headers["authorization"]).toBe("Bearer connection-token-canary");
  expect(JSON.stringify(result)).not.toContain("connection-token-canary");
  expect(JSON.stringify(result)).toContain("[secret TOKEN]");
  values.TOKEN = "rotated-token-canary";
  await call(config, { connections: book });
  expect(server.requests[1]?.headers["authorization"]).toBe("Bearer rotated-token-canary");
  expect(
    await call({ ...config, auth: { type: "bearer", token: "own" } }, { connections: book }),
  ).toMatchObject({ error: { code: "config_invalid" } });
  expect(await call({ ...config, connection: "nope" }, { connections: book })).toMatchObject({
    error: { code: "connection_unknown" },
  });
});

it("breaks no call that is under way when a secret of its connection changes", async () => {
  const [came, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using server = await localServer(({ url }, response) => {
    if (url !== "/slow") return void response.end("whole");
    came.resolve();
    void gate.promise.then(() => response.end("whole"));
  });
  const values = { TOKEN: "first-token-canary" };
  const auth = { type: "bearer", token: { secret: "TOKEN" } };
  await using book = connectionBook(
    { shop: { kind: "http", baseUrl: server.url, allowPrivate: true, auth } },
    changingSecrets(values),
  );
  const slow = call({ connection: "shop", url: "slow" }, { connections: book });
  await came.promise;
  values.TOKEN = "rotated-token-canary-2";
  const quick = await call({ connection: "shop", url: "quick" }, { connections: book });
  expect(quick).toMatchObject({ ok: true });
  gate.resolve();
  expect(await slow).toMatchObject({ ok: true, output: { body: "whole" } });
});

it("opens a private base address, and no other private address through it", async () => {
  await using other = await localServer((_, response) => response.end("inner"));
  await using server = await localServer((request, response) => {
    response.statusCode = 302;
    response.setHeader("location", request.url === "/away" ? `${other.url}/x` : "/away");
    response.end();
  });
  await using book = connectionBook({
    inner: { kind: "http", baseUrl: server.url, allowPrivate: true },
    closed: { kind: "http", baseUrl: server.url },
  });
  const strict = { connections: book, http: { allowCidrs: [] } };
  expect(await call({ connection: "inner", url: "x" }, strict)).toMatchObject({
    error: { code: "http_blocked", message: expect.stringContaining(`:${other.port}`) },
  });
  expect(server.requests).toHaveLength(2);
  expect(await call({ connection: "closed", url: "x" }, strict)).toMatchObject({
    error: { code: "http_blocked" },
  });
  expect(server.requests).toHaveLength(2);
  expect(other.requests).toHaveLength(0);
});

it("never opens metadata addresses, whatever a connection allows", async () => {
  await using book = connectionBook({
    meta: { kind: "http", baseUrl: "http://169.254.169.254", allowPrivate: true },
  });
  expect(await call({ connection: "meta", url: "latest" }, { connections: book })).toMatchObject({
    error: { code: "http_blocked" },
  });
});

/** A token server and an API in one; tokens are numbered. */
async function tokenServer(lifetimeS: number | null = 3600) {
  let issued = 0;
  let refused: string | null = null;
  const server = await localServer((request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url === "/token") {
      const isClient =
        request.headers.authorization ===
          `Basic ${Buffer.from("client%3A1:secret+of%2Fclient").toString("base64")}` ||
        request.body.includes("client_secret=secret+of%2Fclient");
      response.statusCode = isClient ? 200 : 401;
      issued += 1;
      const answer = { access_token: `access-canary-${issued}`, token_type: "Bearer" };
      const error = { error: "invalid_client", error_description: "secret of/client is wrong" };
      const expires = lifetimeS === null ? {} : { expires_in: lifetimeS };
      response.end(JSON.stringify(isClient ? { ...answer, ...expires } : error));
      return;
    }
    response.statusCode = request.headers.authorization === refused ? 401 : 200;
    response.end(JSON.stringify({ got: request.headers.authorization }));
  });
  return Object.assign(server, {
    refuse: (token: string) => {
      refused = `Bearer ${token}`;
    },
    tokenCalls: () => server.requests.filter(({ url }) => url === "/token"),
    apiCalls: () => server.requests.filter(({ url }) => url !== "/token"),
    auth: {
      ...{ type: "oauth2", tokenUrl: `${server.url}/token`, clientId: "client:1" },
      ...{ clientSecret: "secret of/client", scope: "read write" },
    },
  });
}

it("gets a token by client credentials, once for many calls", async () => {
  await using server = await tokenServer();
  const node = defineHttpRequest(resolveBySystem);
  const config = { url: `${server.url}/api`, auth: server.auth };
  const results = await Promise.all(Array.from({ length: 8 }, () => call(config, {}, node)));
  results.push(await call(config, {}, node));
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(server.tokenCalls()).toHaveLength(1);
  expect(server.tokenCalls()[0]).toMatchObject({
    method: "POST",
    body: "grant_type=client_credentials&scope=read+write",
  });
  expect(new Set(server.apiCalls().map(({ headers }) => headers.authorization))).toEqual(
    new Set(["Bearer access-canary-1"]),
  );
  expect(JSON.stringify(results)).not.toContain("access-canary");
  expect(JSON.stringify(results)).toContain("[secret access token]");
  // Another tenant and another secret never get that token.
  await call(config, { tenant: "other" }, node);
  await call({ ...config, auth: { ...server.auth, scope: "read" } }, {}, node);
  expect(server.tokenCalls()).toHaveLength(3);
});

it("sends credentials in the body where asked", async () => {
  await using server = await tokenServer();
  const auth = { ...server.auth, clientAuth: "body", audience: "shop" };
  expect(await call({ url: `${server.url}/api`, auth })).toMatchObject({ ok: true });
  expect(server.tokenCalls()[0]?.body).toBe(
    "grant_type=client_credentials&scope=read+write&audience=shop&client_id=client%3A1&client_secret=secret+of%2Fclient",
  );
});

it("fetches a new token when the old one has expired", async () => {
  await using server = await tokenServer(0);
  const node = defineHttpRequest(resolveBySystem);
  for (let calls = 0; calls < 3; calls += 1)
    await call({ url: `${server.url}/api`, auth: server.auth }, {}, node);
  expect(server.tokenCalls()).toHaveLength(3);
});

it("fetches a new token once when the API refuses the old one", async () => {
  await using server = await tokenServer(null);
  const node = defineHttpRequest(resolveBySystem);
  const config = { url: `${server.url}/api`, auth: server.auth };
  await call(config, {}, node);
  server.refuse("access-canary-1");
  expect(await call(config, {}, node)).toMatchObject({ ok: true });
  server.refuse("access-canary-2");
  server.refuse("access-canary-3");
  expect(await call(config, {}, node)).toMatchObject({ ok: true });
  expect(server.tokenCalls()).toHaveLength(2);
});

it("says that the token server refuses, without its text and the secret", async () => {
  await using server = await tokenServer();
  const result = await call({
    url: `${server.url}/api`,
    auth: { ...server.auth, clientSecret: "another secret of mine" },
  });
  expect(result).toMatchObject({
    error: {
      code: "auth_failed",
      retryable: false,
      message: `${server.url}/token gave no access token: it answered 401 (invalid_client).`,
      details: { status: 401, error: "invalid_client" },
    },
  });
  expect(JSON.stringify(result)).not.toMatch(/of\/client|another secret/);
});

it.each([
  ["503", 503, true],
  ["a token that is no text", 200, false],
])("fails when the token server answers %s", async (_, status, retryable) => {
  await using server = await localServer((_request, response) => {
    response.statusCode = status;
    response.setHeader("retry-after", "3");
    response.end('{"access_token":{"a":1}}');
  });
  const auth = { type: "oauth2", tokenUrl: server.url, clientId: "c", clientSecret: "secret" };
  expect(await call({ url: server.url, auth })).toMatchObject({
    error: { code: "auth_failed", retryable, details: { retryAfterMs: 3000 } },
  });
});

it("aborts the call for a token when the last who waits for it has gone", async () => {
  const closed = Promise.withResolvers<void>();
  const called = Promise.withResolvers<void>();
  await using server = await localServer((_request, response) => {
    response.on("close", () => closed.resolve());
    called.resolve();
  });
  const auth = { type: "oauth2", tokenUrl: server.url, clientId: "c", clientSecret: "secret" };
  const node = defineHttpRequest(resolveBySystem);
  const [first, second] = [new AbortController(), new AbortController()];
  const running = [first, second].map(({ signal }) =>
    call({ url: server.url, auth }, { signal }, node),
  );
  await called.promise;
  first.abort();
  expect(await running[0]).toMatchObject({ error: { code: "aborted" } });
  second.abort();
  expect(await running[1]).toMatchObject({ error: { code: "aborted" } });
  await closed.promise;
});

it("refuses a token server at a private address, before and after resolving", async () => {
  const auth = { type: "oauth2", clientId: "c", clientSecret: "secret" };
  for (const tokenUrl of ["http://169.254.169.254/token", "http://localhost:9/", "file:///x"])
    expect(
      await call({ url: "http://8.8.8.8/", auth: { ...auth, tokenUrl } }, { http: {} }),
    ).toMatchObject({ error: { code: "http_blocked" } });
});

it("puts a large body into a file, in little memory", async () => {
  await using root = await temporaryDirectory();
  const chunk = Buffer.alloc(1024 * 1024, "0123456789abcdef");
  const chunks = 200;
  // What is garbage already does not count: it is collected before each look.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const held = () => {
    collect();
    const { external, heapUsed } = process.memoryUsage();
    return external + heapUsed;
  };
  const before = held();
  let most = 0;
  await using server = await localServer((_, response) => {
    response.setHeader("content-type", "application/octet-stream");
    let left = chunks;
    const write = (): void => {
      while (left > 0) {
        left -= 1;
        if (left % 50 === 25) most = Math.max(most, held());
        if (!response.write(chunk)) return void response.once("drain", write);
      }
      response.end();
    };
    write();
  });
  const result = await call(
    { url: server.url, saveTo: "down/big.bin" },
    { fileRoot: root.path, http: { ...loopback, responseBytesMax: 1000 } },
  );
  const bytes = chunks * chunk.length;
  const hash = createHash("sha256");
  for await (const part of createReadStream(`${root.path}/down/big.bin`))
    hash.update(part as Buffer);
  expect(result).toMatchObject({
    output: {
      body: {
        ...{ path: "down/big.bin", bytes, sha256: hash.digest("hex") },
        contentType: "application/octet-stream",
      },
    },
  });
  expect(most).toBeGreaterThan(0);
  // The whole body would be 200 MiB.
  expect(most - before).toBeLessThan(80 * 1024 * 1024);
});

it("undoes compression on the way to the file, and leaves nothing of what fails", async () => {
  await using root = await temporaryDirectory();
  await using server = await localServer((request, response) => {
    response.setHeader("content-encoding", request.url === "/odd" ? "zstd" : "gzip");
    const bytes = gzipSync(request.url === "/big" ? Buffer.alloc(3_000_000) : "plain");
    if (request.url === "/short") {
      response.write(bytes.subarray(0, 15));
      return void setImmediate(() => response.destroy());
    }
    response.end(request.url === "/bad" ? "not gzip at all" : bytes);
  });
  const save = (path: string, saveTo = "x.txt") =>
    call(
      { url: server.url + path, saveTo },
      { fileRoot: root.path, http: { ...loopback, downloadBytesMax: 1_000_000 } },
    );
  expect(await save("/", "good.txt")).toMatchObject({ output: { body: { bytes: 5 } } });
  expect(readFileSync(`${root.path}/good.txt`, "utf8")).toBe("plain");
  expect(await save("/big")).toMatchObject({ error: { code: "limit_exceeded" } });
  expect(await save("/odd")).toMatchObject({ error: { code: "parse_failed" } });
  expect(await save("/bad")).toMatchObject({ error: { code: "parse_failed" } });
  expect(await save("/short")).toMatchObject({ ok: false });
  expect(await save("/", "../x.txt")).toMatchObject({ error: { code: "file_denied" } });
  expect(await save("/", "good.txt/x")).toMatchObject({ ok: false });
  expect(readdirSync(root.path)).toEqual(["good.txt"]);
});

it("leaves no file behind when it is aborted in the midst of one", async () => {
  await using root = await temporaryDirectory();
  const controller = new AbortController();
  const closed = Promise.withResolvers<void>();
  await using server = await localServer((_, response) => {
    response.write(Buffer.alloc(100_000));
    response.on("close", () => closed.resolve());
    setImmediate(() => controller.abort());
  });
  const result = await call(
    { url: server.url, saveTo: "x.bin" },
    { fileRoot: root.path, signal: controller.signal },
  );
  expect(result).toMatchObject({ error: { code: "aborted" } });
  await closed.promise;
  for (let tries = 0; readdirSync(root.path).length > 0; tries += 1) {
    expect(tries).toBeLessThan(1_000);
    await new Promise(setImmediate);
  }
});
