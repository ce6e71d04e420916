/** webhook.send: what the receiver gets passes the reference implementation's check. */
import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { resolveBySystem } from "#nodes/http/client.ts";
import { defineWebhookSend, webhookSend } from "#nodes/webhook/webhook-send.ts";
import { localServer, type ReceivedRequest } from "../http/local-server.ts";
import { changingSecrets, connectionBook, nodeContext } from "../node-context.ts";

const OLD = `whsec_${Buffer.from("the-old-signing-key-of-24b").toString("base64")}`;
const NEW = `whsec_${Buffer.from("the-new-signing-key-of-24b").toString("base64")}`;
const loopback = { allowCidrs: ["127.0.0.1/32"] };

function send(
  config: Record<string, unknown>,
  context: Parameters<typeof nodeContext>[0] = {},
  node = webhookSend,
) {
  return runAttempt(node, config, nodeContext({ http: loopback, ...context }));
}

function verified(request: ReceivedRequest | undefined, key: string): unknown {
  if (request === undefined) throw new Error("nothing was received");
  const body = Buffer.from(request.body, "latin1").toString("utf8");
  return new Webhook(key).verify(body, request.headers as Record<string, string>);
}

it("signs as the specification says, with every key while one is replaced", async () => {
  await using server = await localServer((_, response) => response.writeHead(204).end());
  const payload = { type: "order.paid", data: { name: "Größe ✓", list: [1, null] } };
  const result = await send({ url: server.url, payload, secrets: [NEW, OLD] });
  expect(result).toMatchObject({
    output: { id: expect.stringMatching(/^msg_[\w-]{27}$/), status: 204 },
  });
  const [request] = server.requests;
  expect(request?.headers["content-type"]).toBe("application/json");
  expect(verified(request, NEW)).toEqual(payload);
  expect(verified(request, OLD)).toEqual(payload);
  expect(() => verified(request, `whsec_${btoa("another-key-of-24-bytes-xx")}`)).toThrow();
  const changed = { ...(request as ReceivedRequest), body: "{}" };
  expect(() => verified(changed, NEW)).toThrow();
});

it("keeps the id over attempts, and signs each with its own time", async () => {
  await using server = await localServer((_, response) => response.end());
  let nowMs = 1_700_000_000_000;
  const node = defineWebhookSend(resolveBySystem, () => nowMs);
  const config = { url: server.url, payload: 1, secrets: OLD };
  const first = await send(config, { idempotencyKey: "k" }, node);
  nowMs += 60_000;
  const second = await send(config, { idempotencyKey: "k", attempt: 2 }, node);
  const other = await send(config, { idempotencyKey: "l" }, node);
  const outputs = [first, second, other].map(
    (result) => result.ok && (result.output as { id: string; timestamp: number }),
  );
  expect(outputs).toMatchObject([
    { timestamp: 1_700_000_000 },
    { timestamp: 1_700_000_060 },
    { timestamp: 1_700_000_060 },
  ]);
  const ids = server.requests.map(({ headers }) => headers["webhook-id"]);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
});

it("signs with plain text as its own bytes", async () => {
  await using server = await localServer((_, response) => response.end());
  const key = "plain text of more than 16 bytes";
  await send({ url: server.url, payload: {}, secrets: key });
  expect(verified(server.requests[0], Buffer.from(key).toString("base64"))).toEqual({});
});

it("takes address, keys and auth of a connection", async () => {
  await using server = await localServer((_, response) => response.end());
  await using book = connectionBook(
    {
      partner: {
        ...{
          kind: "http",
          baseUrl: `${server.url}/hooks`,
          signing: [{ secret: "K2" }, { secret: "K1" }],
        },
        auth: { type: "bearer", token: { secret: "TOKEN" } },
      },
      keyless: { kind: "http", baseUrl: server.url },
    },
    changingSecrets({ K1: OLD, K2: NEW, TOKEN: "partner-token-canary" }),
  );
  const config = { connection: "partner", url: "orders", payload: { a: 1 } };
  expect(await send(config, { connections: book })).toMatchObject({ ok: true });
  const [request] = server.requests;
  expect(request).toMatchObject({
    url: "/hooks/orders",
    headers: { authorization: "Bearer partner-token-canary" },
  });
  expect(verified(request, NEW)).toEqual({ a: 1 });
  expect(verified(request, OLD)).toEqual({ a: 1 });
  expect(await send({ ...config, connection: "keyless" }, { connections: book })).toMatchObject({
    error: { code: "config_invalid", message: expect.stringContaining("signing") },
  });
});

it.each([
  [301, false],
  [302, false],
  [400, false],
  [410, false],
  [429, true],
  [503, true],
])("fails when the receiver answers %i, retryable %s", async (status, retryable) => {
  await using server = await localServer((_, response) => {
    response.writeHead(status, { location: "/elsewhere", "retry-after": "2" }).end("why");
  });
  expect(await send({ url: server.url, payload: 1, secrets: OLD })).toMatchObject({
    error: { code: `http.${status}`, retryable, details: { retryAfterMs: 2000 } },
  });
  expect(server.requests).toHaveLength(1);
});

it.each([
  [{ payload: 1 }, "signing key is missing"],
  [{ payload: 1, secrets: "short" }, "has 5 bytes"],
  [{ payload: 1, secrets: "whsec_!!!" }, "not base64"],
  [{ payload: 1, secrets: [] }, "secrets"],
])("refuses %j", async (config, message) => {
  const result = await send({ url: "http://127.0.0.1:9", ...config });
  expect(result).toMatchObject({ error: { code: "config_invalid" } });
  expect(JSON.stringify(result)).toContain(message);
});

it("lets nobody replace the signature by a header", async () => {
  await using server = await localServer((_, response) => response.end());
  const headers = { "Webhook-Signature": "v1,forged", "WEBHOOK-ID": "forged", "X-More": "1" };
  await send({ url: server.url, payload: 1, secrets: OLD, headers });
  expect(verified(server.requests[0], OLD)).toBe(1);
  expect(server.requests[0]?.headers["x-more"]).toBe("1");
});
