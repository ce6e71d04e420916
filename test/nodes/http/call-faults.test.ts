/** What services do wrong, and what callers share: broken answers, counts, keys in the query. */
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { AccessTokens } from "#nodes/http/access-tokens.ts";
import { addressCheck } from "#nodes/http/address-rules.ts";
import { HttpClients, resolveBySystem } from "#nodes/http/client.ts";
import { httpPaginate } from "#nodes/http/paginate.ts";
import { httpRequest } from "#nodes/http/request.ts";
import { webhookSend } from "#nodes/webhook/webhook-send.ts";
import { threadMs } from "../../support/thread-time.ts";
import { nodeContext, strictHttp } from "../node-context.ts";
import { localServer } from "./local-server.ts";

const http = { ...strictHttp, allowCidrs: ["127.0.0.1/32"] };

it("a token server that breaks off its answer is a failure to try again, not a bug", async () => {
  await using server = await localServer((_request, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"access_token":');
    setImmediate(() => response.destroy());
  });
  const auth = { type: "oauth2", tokenUrl: server.url, clientId: "c", clientSecret: "secret" };
  expect(
    await runAttempt(httpRequest, { url: server.url, auth }, nodeContext({ http })),
  ).toMatchObject({ error: { code: "connection_failed", retryable: true } });
});

it("who needs a token right after the last one has given up gets one", async () => {
  await using server = await localServer((_request, response) => {
    if (server.requests.length > 1) response.end('{"access_token":"second-token"}');
  });
  const clients = new HttpClients(resolveBySystem);
  const way = { client: await clients.of(http), rules: http };
  const credentials = {
    ...{ type: "oauth2" as const, tokenUrl: server.url, clientId: "c", clientSecret: "secret" },
    clientAuth: "body" as const,
  };
  const tokens = new AccessTokens();
  const first = new AbortController();
  const going = new AbortController().signal;
  const token = tokens
    .get("default", credentials, way, first.signal)
    .catch(() => tokens.get("default", credentials, way, going));
  await expect.poll(() => server.requests.length).toBe(1);
  first.abort();
  expect(await token).toBe("second-token");
  await clients.close(http);
});

it("all node types that call count against the one limit of the run", async () => {
  await using server = await localServer((_request, response) => {
    response.setHeader("content-type", "application/json").end("[]");
  });
  const context = nodeContext({ http: { ...http, callsPerRunMax: 2 } });
  const call = { url: server.url };
  const hook = { ...call, payload: 1, secrets: "a-signing-key-of-the-test" };
  expect(await runAttempt(httpRequest, call, context)).toMatchObject({ ok: true });
  expect(await runAttempt(webhookSend, hook, context)).toMatchObject({ ok: true });
  const list = { ...call, strategy: { type: "page" } };
  expect(await runAttempt(httpPaginate, list, context)).toMatchObject({
    error: { code: "http_limit" },
  });
  expect(server.requests).toHaveLength(2);
});

it("a key in the query stays one where the next page's address has it already", async () => {
  await using server = await localServer((request, response) => {
    const next = request.url.includes("page=2") ? null : `${request.url}&page=2`;
    const body = { items: [1], next };
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  });
  const auth = { type: "apiKey", name: "api_key", value: "k-1234", in: "query" };
  const strategy = { type: "link", urlPath: "next" };
  const config = { url: `${server.url}/list`, auth, strategy, items: "items" };
  expect(await runAttempt(httpPaginate, config, nodeContext({ http }))).toMatchObject({ ok: true });
  expect(server.requests.map(({ url }) => url)).toEqual([
    "/list?api_key=k-1234",
    "/list?api_key=k-1234&page=2",
  ]);
});

it.each([
  ["../out", { code: "file_denied" }],
  ["a.bin", { code: "file_denied" }],
])("a call whose answer cannot be saved as %s is not made", async (saveTo, error) => {
  await using server = await localServer((_request, response) => response.end("x"));
  const config = { url: server.url, method: "POST", saveTo };
  expect(await runAttempt(httpRequest, config, nodeContext({ http }))).toMatchObject({ error });
  expect(server.requests).toHaveLength(0);
});

it.each(["base64", "multipart"])(
  "a long run of spaces in a %s body is read in no time",
  async (bodyType) => {
    await using server = await localServer((_request, response) => response.end("x"));
    const content = `${" ".repeat(2_000_000)}!`;
    const body =
      bodyType === "base64" ? content : { file: { filename: "x", content, encoding: "base64" } };
    const startedAtMs = threadMs();
    const config = { url: server.url, method: "POST", body, bodyType };
    expect(await runAttempt(httpRequest, config, nodeContext({ http }))).toMatchObject({
      error: { code: "config_invalid" },
    });
    expect(threadMs() - startedAtMs).toBeLessThan(5_000);
  },
);

it.each(["1::1", "200::1", "4000::1", "100:0:0:1::1", "fe00::1"])(
  "%s is not known to be public, and refused",
  (address) => {
    expect(addressCheck({ allowPrivate: false, allowCidrs: [] })(address)).toContain("reserved");
  },
);

it.each(["2606:4700:4700::1111", "2001:4860:4860::8888", "1.1.1.1"])("%s is public", (address) => {
  expect(addressCheck({ allowPrivate: false, allowCidrs: [] })(address)).toBeNull();
});
