/** http.request against real local servers: what is sent, what comes back, how it fails. */
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { httpRequest } from "#nodes/http/request.ts";
import { nodeContext } from "../node-context.ts";
import { localServer } from "./local-server.ts";

const loopback = { allowCidrs: ["127.0.0.0/8"] };

function call(config: Record<string, unknown>, overrides: Parameters<typeof nodeContext>[0] = {}) {
  return runAttempt(
    httpRequest,
    config,
    nodeContext({ ...overrides, http: { ...loopback, ...overrides.http } }),
  );
}

it("gets JSON, with query, headers and the final URL", async () => {
  await using server = await localServer((_, response) => {
    response.setHeader("content-type", "application/problem+json; charset=utf-8");
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    response.end('{"a":[1]}');
  });
  const result = await call({
    url: `${server.url}/x?first=1`,
    query: { tag: ["a b", "c&d"], none: null, n: 5 },
    headers: { "X-Thing": "yes" },
  });
  expect(result).toMatchObject({
    ok: true,
    output: {
      status: 200,
      body: { a: [1] },
      url: `${server.url}/x?first=1&tag=a+b&tag=c%26d&n=5`,
      headers: { "set-cookie": ["a=1", "b=2"] },
      durationMs: expect.any(Number),
    },
  });
  expect(server.requests[0]).toMatchObject({
    method: "GET",
    url: "/x?first=1&tag=a+b&tag=c%26d&n=5",
    headers: { "x-thing": "yes", "user-agent": "lockstitch" },
  });
});

it.each([
  ["json", { a: 1 }, undefined, "application/json", '{"a":1}'],
  ["text by itself", "hello", undefined, "text/plain; charset=utf-8", "hello"],
  ["text as json", "hello", "json", "application/json", '"hello"'],
  [
    "form",
    { a: "x y", b: [1, 2], c: null },
    "form",
    "application/x-www-form-urlencoded",
    "a=x+y&b=1&b=2",
  ],
  ["base64", "AAEC", "base64", "application/octet-stream", "\u0000\u0001\u0002"],
])("sends a body as %s", async (_, body, bodyType, contentType, sent) => {
  await using server = await localServer((_request, response) => response.end());
  const result = await call({
    url: server.url,
    method: "POST",
    body,
    ...(bodyType && { bodyType }),
  });
  expect(result).toMatchObject({ ok: true, output: { status: 200, body: "" } });
  expect(server.requests[0]?.headers["content-type"]).toBe(contentType);
  expect(server.requests[0]?.body).toBe(sent);
});

it("sends multipart with a file whose name cannot break the part's header", async () => {
  await using server = await localServer((_, response) => response.end());
  await call({
    url: server.url,
    method: "POST",
    bodyType: "multipart",
    body: {
      title: "x",
      file: {
        filename: 'a"\r\nX-Evil: 1.txt',
        content: "aGk=",
        encoding: "base64",
        contentType: "text/plain",
      },
    },
  });
  const [request] = server.requests;
  expect(request?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
  expect(request?.body).toContain('name="title"\r\n\r\nx\r\n');
  expect(request?.body).toContain(
    'filename="a%22%0D%0AX-Evil: 1.txt"\r\nContent-Type: text/plain\r\n\r\nhi',
  );
});

it.each([
  [{ type: "basic", username: "u", password: "p:q" }, { authorization: "Basic dTpwOnE=" }, "/"],
  [{ type: "bearer", token: "t0k" }, { authorization: "Bearer t0k" }, "/"],
  [{ type: "apiKey", name: "X-Key", value: "k" }, { "x-key": "k" }, "/"],
  [{ type: "apiKey", name: "key", value: "k", in: "query" }, {}, "/?key=k"],
])("authenticates with %j", async (auth, headers, url) => {
  await using server = await localServer((_, response) => response.end());
  await call({ url: server.url, auth });
  expect(server.requests[0]).toMatchObject({ url, headers });
});

it("sends the idempotency key when asked, the same on every attempt", async () => {
  await using server = await localServer((_, response) => response.end());
  await call({ url: server.url, idempotencyHeader: true }, { idempotencyKey: "k-7" });
  await call(
    { url: server.url, idempotencyHeader: "X-Request-Id" },
    { idempotencyKey: "k-7", attempt: 2 },
  );
  expect(server.requests[0]?.headers["idempotency-key"]).toBe("k-7");
  expect(server.requests[1]?.headers["x-request-id"]).toBe("k-7");
});

it.each([
  [400, false],
  [404, false],
  [408, true],
  [425, true],
  [429, true],
  [500, true],
  [503, true],
])("fails with http.%i, retryable %s", async (status, retryable) => {
  await using server = await localServer((_, response) => {
    response.statusCode = status;
    response.setHeader("retry-after", "7");
    response.end("why");
  });
  const result = await call({ url: `${server.url}/p?secret=1` });
  expect(result).toEqual({
    ok: false,
    error: {
      code: `http.${status}`,
      message: `GET ${server.url}/p answered ${status}.`,
      retryable,
      details: { status, url: `${server.url}/p`, body: "why", retryAfterMs: 7000 },
    },
  });
});

it("takes listed statuses as results", async () => {
  await using server = await localServer((_, response) => {
    response.statusCode = 404;
    response.end();
  });
  for (const okStatuses of [[404], ["4xx"], ["5xx", 404]])
    expect(await call({ url: server.url, okStatuses })).toMatchObject({
      ok: true,
      output: { status: 404 },
    });
  expect(await call({ url: server.url, okStatuses: ["5xx"] })).toMatchObject({
    error: { code: "http.404" },
  });
});

it.each([
  ["image/png", "AAH/", "base64"],
  ["text/html; charset=iso-8859-1", "\u0000\u0001ÿ", "text"],
  ["", "AAH/", "no type"],
])("reads the bytes 00 01 ff of type %j", async (type, body) => {
  await using server = await localServer((_, response) => {
    if (type !== "") response.setHeader("content-type", type);
    response.end(Buffer.from([0, 1, 255]));
  });
  expect(await call({ url: server.url })).toMatchObject({ ok: true, output: { body } });
});

it("decompresses, but not beyond the limit", async () => {
  await using server = await localServer((request, response) => {
    response.setHeader("content-encoding", "gzip");
    response.setHeader("content-type", "text/plain");
    response.end(gzipSync(Buffer.alloc(request.url === "/bomb" ? 50_000_000 : 3, "a")));
  });
  expect(await call({ url: server.url })).toMatchObject({ ok: true, output: { body: "aaa" } });
  const bomb = await call({ url: `${server.url}/bomb` }, { http: { responseBytesMax: 1_000_000 } });
  expect(bomb).toMatchObject({
    error: { code: "limit_exceeded", details: { limit: "responseBytes" } },
  });
});

it("stops reading a response that never ends at its limit", async () => {
  await using server = await localServer((_, response) => {
    const write = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", write);
    write();
  });
  const result = await call({ url: server.url }, { http: { responseBytesMax: 500_000 } });
  expect(result).toMatchObject({ error: { code: "limit_exceeded" } });
});

it("fails to parse what says it is JSON but is not", async () => {
  await using server = await localServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end("<html>");
  });
  expect(await call({ url: server.url })).toMatchObject({ error: { code: "parse_failed" } });
  expect(await call({ url: server.url, responseType: "text" })).toMatchObject({
    output: { body: "<html>" },
  });
});

it("times out, and says so", async () => {
  await using server = await localServer(() => {});
  const result = await call({ url: server.url, timeoutMs: 30 });
  expect(result).toMatchObject({
    error: { code: "timeout", retryable: true, message: expect.stringMatching(/30 ms/) },
  });
});

it("aborts with the attempt", async () => {
  const controller = new AbortController();
  await using server = await localServer(() => controller.abort());
  const result = await call({ url: server.url }, { signal: controller.signal });
  expect(result).toMatchObject({ error: { code: "aborted" } });
});

it("fails with connection_failed when nothing listens, when the host does not exist, and when it hangs up", async () => {
  await using server = await localServer((_, response) => response.destroy());
  const port = server.port;
  expect(await call({ url: server.url })).toMatchObject({
    error: { code: "connection_failed", retryable: true },
  });
  await server[Symbol.asyncDispose]();
  expect(await call({ url: `http://127.0.0.1:${port}` })).toMatchObject({
    error: { code: "connection_failed", details: { reason: "ECONNREFUSED" } },
  });
  expect(await call({ url: "http://no-such-host.invalid/" })).toMatchObject({
    error: { code: "connection_failed", retryable: true },
  });
});

it("stops a run after its number of calls, each run for itself", async () => {
  await using server = await localServer((_, response) => response.end());
  const { services } = nodeContext({ http: { ...loopback, callsPerRunMax: 2 } });
  const codes = [];
  for (const runId of ["a", "a", "b", "a"]) {
    const result = await runAttempt(
      httpRequest,
      { url: server.url },
      { ...nodeContext({ runId }), services },
    );
    codes.push(result.ok ? "ok" : result.error.code);
  }
  expect(codes).toEqual(["ok", "ok", "ok", "http_limit"]);
});

it.each([
  ["url", { url: "not a url" }],
  ["url", { url: "http://u:p@127.0.0.1/" }],
  ["headers.X", { url: "http://127.0.0.1/", headers: { X: "a\r\nY: b" } }],
  ["headers.X", { url: "http://127.0.0.1/", headers: { X: "a\nb" } }],
  ["headers", { url: "http://127.0.0.1/", headers: { "X\r\nY": "b" } }],
  ["headers", { url: "http://127.0.0.1/", headers: { Host: "x" } }],
  ["headers", { url: "http://127.0.0.1/", headers: { "Transfer-Encoding": "chunked" } }],
  ["auth.token", { url: "http://127.0.0.1/", auth: { type: "bearer", token: "a\r\nb" } }],
  ["body", { url: "http://127.0.0.1/", method: "POST", bodyType: "form", body: "x" }],
  ["body", { url: "http://127.0.0.1/", method: "POST", bodyType: "base64", body: "!" }],
  ["method", { url: "http://127.0.0.1/", method: "TRACE" }],
  ["typo", { url: "http://127.0.0.1/", typo: 1 }],
])("refuses a configuration with a bad %s before anything is sent", async (field, config) => {
  const result = await call(config);
  expect(result).toMatchObject({ ok: false, error: { code: "config_invalid", retryable: false } });
  expect(JSON.stringify(result)).toContain(field);
});

it.each(["large", "cut off", "badly encoded"])(
  "fails with the status of an answer whose body is %s",
  async (how) => {
    await using server = await localServer((_, response) => {
      response.statusCode = 503;
      response.setHeader("retry-after", "7");
      if (how === "badly encoded") response.setHeader("content-encoding", "gzip");
      if (how !== "cut off") return void response.end("x".repeat(10_000));
      response.setHeader("content-length", "1000");
      response.write("x".repeat(100), () => response.destroy());
    });
    const result = await call({ url: server.url }, { http: { responseBytesMax: 5_000 } });
    expect(result).toMatchObject({
      error: { code: "http.503", retryable: true, details: { retryAfterMs: 7_000, body: "" } },
    });
  },
);
