/** Webhooks, events and schedules over HTTP: who may call, what is answered, what is started once. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { type EmbeddedServer, embeddedServer } from "./embedded-server.ts";

const API_KEY = "k".repeat(32);
const SECRET = "a secret of the shop";
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const secrets: Secrets = {
  resolve: async (_tenant, name) => {
    const value = { SHOP: SECRET, OLD: "an older secret", STANDARD: WHSEC }[name];
    return value === undefined ? null : { value, version: "1" };
  },
  version: () => null,
  list: async () => [],
  places: () => [],
};

function flow(name: string, webhook: object, more: object = {}): WorkflowDefinition {
  const steps = [{ id: "note", uses: "data.set", with: { value: "${{ input }}" } }];
  return { language: 1, name, triggers: [{ webhook }], steps, ...more } as never;
}

const signature = { secret: ["SHOP", "OLD"], prefix: "sha256=", timestampHeader: "x-time" };
const FLOWS = [
  flow("open", { path: "open" }),
  flow("signed", { path: "orders/new", signature, idempotencyKey: "trigger.body.order" }),
  flow("standard", { path: "standard", signature: { secret: "STANDARD", scheme: "standard" } }),
  flow("waits", {
    path: "waits",
    method: "PUT",
    wait: "10s",
    input: { q: "${{ trigger.query.q }}" },
  }),
  flow("strict", { path: "strict" }, { input: { type: "object", required: ["n"] } }),
  flow("lost", { path: "lost", signature: { secret: "GONE" } }),
];

async function opened(apiKeys: readonly string[] = []): Promise<EmbeddedServer> {
  const security = { host: "127.0.0.1", port: 0, apiKeys };
  const server = await embeddedServer({ security, secrets });
  for (const one of FLOWS) await server.engine.saveWorkflow(LOCAL_CONTEXT, one);
  return server;
}

const host = { host: "localhost" };
const json = { ...host, "content-type": "application/json" };

function signed(body: string, atMs = Date.now(), secret = SECRET): Record<string, string> {
  const stamp = String(Math.floor(atMs / 1_000));
  const hmac = createHmac("sha256", secret).update(`${stamp}.${body}`).digest("hex");
  return { ...json, "x-time": stamp, "x-signature": `sha256=${hmac}` };
}

const post = (server: EmbeddedServer, url: string, payload: string, headers: object) =>
  server.app.inject({ method: "POST", url, payload, headers: headers as never });

describe("webhooks", () => {
  test("a signed call starts a run, once for its key, whoever knows the secret", async () => {
    await using server = await opened([API_KEY]);
    const body = '{"order":"o-1"}';
    const first = await post(server, "/hooks/orders/new", body, signed(body));
    expect([first.statusCode, first.json().created]).toEqual([202, true]);
    const { runId } = first.json() as { readonly runId: string };
    const older = signed(body, Date.now(), "an older secret");
    const again = await post(server, "/hooks/orders/new", body, older);
    expect([again.statusCode, again.json()]).toEqual([202, { runId, created: false }]);
    const other = '{"order":"o-1","more":1}';
    expect((await post(server, "/hooks/orders/new", other, signed(other))).statusCode).toBe(409);
    const run = await server.engine.wait(LOCAL_CONTEXT, runId, 60_000);
    expect(run).toMatchObject({
      ...{ status: "succeeded", input: { order: "o-1" } },
      trigger: { kind: "webhook", id: "webhook", hook: "POST orders/new" },
    });
    const { items } = await server.engine.list(LOCAL_CONTEXT, { limit: 9 });
    expect(items).toHaveLength(1);
  });

  test("a time in milliseconds is one too, and as old as it says", async () => {
    await using server = await opened([API_KEY]);
    const body = '{"order":"o-2"}';
    const sent = async (atMs: number) => {
      const stamp = String(atMs);
      const hmac = createHmac("sha256", SECRET).update(`${stamp}.${body}`).digest("hex");
      const headers = { ...json, "x-time": stamp, "x-signature": `sha256=${hmac}` };
      return (await post(server, "/hooks/orders/new", body, headers)).statusCode;
    };
    expect(await sent(Date.now() - 301_000)).toBe(401);
    expect(await sent(Date.now())).toBe(202);
  });

  test("whatever does not fit the signature is 401, and starts nothing", async () => {
    await using server = await opened([API_KEY]);
    const body = '{"order":"o-1"}';
    const good = signed(body);
    const cases: readonly (readonly [string, Record<string, string>, string])[] = [
      ["another body", good, '{"order":"o-2"}'],
      ["another secret", signed(body, Date.now(), "not it"), body],
      ["too old", signed(body, Date.now() - 301_000), body],
      ["from the future", signed(body, Date.now() + 400_000), body],
      ["no signature", { ...json, "x-time": good["x-time"] ?? "" }, body],
      ["no prefix", { ...good, "x-signature": (good["x-signature"] ?? "").slice(7) }, body],
      ["empty", { ...good, "x-signature": "sha256=" }, body],
      ["another time", { ...good, "x-time": String(Number(good["x-time"]) - 1) }, body],
      ["no time", { ...json, "x-signature": good["x-signature"] ?? "" }, body],
      ["the API key alone", { ...json, authorization: `Bearer ${API_KEY}` }, body],
    ];
    for (const [what, headers, sent] of cases) {
      const answer = await post(server, "/hooks/orders/new", sent, headers);
      expect([what, answer.statusCode, answer.json().code]).toEqual([what, 401, "unauthorized"]);
    }
    expect((await server.engine.list(LOCAL_CONTEXT, { limit: 9 })).items).toEqual([]);
    expect((await post(server, "/hooks/lost", body, good)).statusCode).toBe(503);
  });

  test("Standard Webhooks are checked as their specification says", async () => {
    await using server = await opened([API_KEY]);
    const body = '{"test": 2432232314}';
    const stamp = String(Math.floor(Date.now() / 1_000));
    const key = Buffer.from(WHSEC.slice(6), "base64");
    const hmac = createHmac("sha256", key).update(`msg_1.${stamp}.${body}`).digest("base64");
    const headers = { ...json, "webhook-id": "msg_1", "webhook-timestamp": stamp };
    const send = (text: string) =>
      post(server, "/hooks/standard", body, { ...headers, "webhook-signature": text });
    expect((await send(`v1,${hmac}`)).statusCode).toBe(202);
    const again = await send(`v1,AAAA v1,${hmac}`);
    expect([again.statusCode, again.json().created]).toEqual([202, false]);
    expect((await send(`v2,${hmac}`)).statusCode).toBe(401);
    const moved = { ...headers, "webhook-id": "msg_2", "webhook-signature": `v1,${hmac}` };
    expect((await post(server, "/hooks/standard", body, moved)).statusCode).toBe(401);
  });

  test("without a signature: by key, or locally and by no other site's page", async () => {
    const foreign = { origin: "https://evil.example" };
    await using guarded = await opened([API_KEY]);
    const key = { authorization: `Bearer ${API_KEY}` };
    const statuses = async (server: EmbeddedServer, ...headers: readonly object[]) => {
      const answers = [];
      for (const one of headers)
        answers.push((await post(server, "/hooks/open", "{}", { ...json, ...one })).statusCode);
      return answers;
    };
    const wrong = { authorization: "Bearer wrong" };
    expect(await statuses(guarded, {}, wrong, key, { ...key, ...foreign })).toEqual([
      ...[401, 401, 202, 401],
    ]);
    await using local = await opened();
    expect(await statuses(local, {}, foreign)).toEqual([202, 401]);
    const { items } = await local.engine.list(LOCAL_CONTEXT, { limit: 9 });
    expect(items).toHaveLength(1);
  });

  test("404, 400, 409, 413, 422 and 200 where they are right", async () => {
    await using server = await opened();
    const { triggers } = server.engine;
    const status = async (url: string, body: string, headers: object = json) =>
      (await post(server, url, body, headers)).statusCode;
    expect(await status("/hooks/nowhere", "{}")).toBe(404);
    expect(await status("/hooks/waits", "{}")).toBe(404);
    expect(await status("/hooks/open", "{")).toBe(400);
    expect(await status("/hooks/open", "not json", { ...host, "content-type": "text/plain" })).toBe(
      202,
    );
    const large = await post(server, "/hooks/open", `"${"x".repeat(1024 * 1024)}"`, json);
    expect(large.statusCode).toBe(413);
    expect(large.json()).toMatchObject({
      ...{ code: "payload_too_large", detail: "The body of a webhook has at most 1 MiB." },
    });
    expect(await status("/hooks/strict", "{}")).toBe(422);
    await triggers.pause(LOCAL_CONTEXT, { workflow: "open", id: "webhook" }, "later");
    expect(await status("/hooks/open", "{}")).toBe(409);
    await triggers.resume(LOCAL_CONTEXT, { workflow: "open", id: "webhook" });
    expect(await status("/hooks/open", "{}")).toBe(202);
    const waited = await server.app.inject({
      method: "PUT",
      url: "/hooks/waits?q=7",
      headers: host,
    });
    expect([waited.statusCode, waited.json()]).toMatchObject([
      200,
      { status: "succeeded", output: { q: "7" }, created: true },
    ]);
  });
});

test("schedules and events over HTTP, as the client sees them", async () => {
  await using server = await opened();
  const { LockstitchClient } = await import("#client/lockstitch-client.ts");
  const { triggers } = new LockstitchClient({ baseUrl: await server.listen() });
  const own = server.engine.triggers;
  const at = LOCAL_CONTEXT;
  const key = { workflow: "open", id: "nightly" };
  const schedule = { cron: "30 2 * * *", timeZone: "Europe/Berlin", overlap: "queue" } as const;
  expect(await triggers.save(at, key, schedule)).toMatchObject({ created: true, ...key });
  expect(await triggers.save(at, key, schedule)).toMatchObject({ created: false });
  expect(await triggers.get(at, key)).toEqual(await own.get(at, key));
  expect(await triggers.list(at, { limit: 3 })).toEqual(await own.list(at, { limit: 3 }));
  const afterMs = Date.parse("2026-03-28T12:00:00Z");
  const preview = await triggers.preview(at, key, 2, afterMs);
  expect(preview).toEqual(await own.preview(at, key, 2, afterMs));
  expect(preview[0]?.local).toBe("2026-03-29T03:00:00+02:00");
  expect(await triggers.pause(at, key, "why")).toMatchObject({ paused: { reason: "why" } });
  expect(await triggers.resume(at, key)).toMatchObject({ paused: null });
  const fired = await triggers.fire(at, key, "once");
  expect(fired).toMatchObject({ created: true, ...key });
  expect(await triggers.fire(at, key, "once")).toEqual({ ...fired, created: false });
  expect(await triggers.marks(at, key, 9)).toEqual(await own.marks(at, key, 9));
  expect(await triggers.emit(at, { name: "nobody.waits", id: "e" })).toEqual({
    ...{ id: "e", runs: [], failed: [] },
  });
  await triggers.delete(at, key);
  for (const gone of [key, { ...key, id: "x" }])
    await expect(triggers.pause(at, gone)).rejects.toMatchObject({ code: "trigger_not_found" });
  const bad = await server.app.inject({
    ...{ method: "PUT", url: "/api/v1/schedules/open/bad", headers: json },
    payload: '{"every":"1ms"}',
  });
  expect(bad.statusCode).toBe(400);
});
