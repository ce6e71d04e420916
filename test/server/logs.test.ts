/** What steps logged, over a socket: pages, live streams that resume, and the client over both. */
import { describe, expect, it } from "vitest";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import { readServerSentEvents } from "#client/server-sent-events.ts";
import { LogPageJson } from "#client/wire/log.ts";
import type { LogLineView } from "#engine/engine.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { type EmbeddedServer, embeddedServer } from "./embedded-server.ts";

const GATED = {
  language: 1 as const,
  name: "gated",
  steps: [
    { id: "a", uses: "test.gate", with: { gate: "a", says: ["one", "two"] } },
    { id: "b", uses: "test.gate", with: { gate: "b", says: ["three"] } },
  ],
};

interface Started extends AsyncDisposable {
  readonly server: EmbeddedServer;
  readonly address: string;
  readonly client: LockstitchClient;
}

async function started(): Promise<Started> {
  const server = await embeddedServer();
  const address = await server.listen();
  await server.engine.start(LOCAL_CONTEXT, { workflow: GATED, id: "r" });
  const client = new LockstitchClient({ baseUrl: address });
  return { server, address, client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function get(address: string, query: string, headers = {}): Promise<Response> {
  const signal = AbortSignal.timeout(60_000);
  return fetch(`${address}/api/v1/runs/r/logs${query}`, { headers, signal });
}

async function frames(address: string, query = "", headers = {}) {
  const response = await get(address, query, { accept: "text/event-stream", ...headers });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  if (response.body === null) throw new Error("no body");
  return readServerSentEvents(response.body);
}

describe("a run's log", () => {
  it("is read in pages, filtered by step, attempt and level", async () => {
    await using s = await started();
    s.server.open("a");
    s.server.open("b");
    await s.server.engine.wait(LOCAL_CONTEXT, "r", 60_000);
    const page = async (query: string) =>
      LogPageJson.parse(await (await get(s.address, query)).json());
    const all = await page("");
    expect(all).toMatchObject({ after: null });
    expect(all.items).toHaveLength(3);
    expect(all.items[0]).toEqual({
      ...{ position: expect.any(Number), path: "a", attempt: 1, line: 1, level: "info" },
      ...{ at: expect.any(String), text: "one", fields: { gate: "a" } },
    });
    const first = await page("?limit=2");
    expect(first.items).toEqual(all.items.slice(0, 2));
    expect((await page(`?limit=2&after=${first.after}`)).items).toEqual(all.items.slice(2));
    expect((await page("?step=b")).items).toEqual(all.items.slice(2));
    expect((await page("?level=warn")).items).toEqual([]);
    expect((await page("?step=a&attempt=2")).items).toEqual([]);
    expect((await get(s.address, "?level=loud")).status).toBe(400);
    const missing = await fetch(`${s.address}/api/v1/runs/none/logs`);
    expect([missing.status, await missing.text()]).toEqual([
      404,
      expect.stringContaining("run_not_found"),
    ]);
  });

  it("is streamed while it grows, and ends with the run", async () => {
    await using s = await started();
    const seen: string[] = [];
    let end = "";
    for await (const { event, data } of await frames(s.address)) {
      end = event;
      if (event !== "message") continue;
      seen.push(JSON.parse(data).text);
      // Each line is here while its step still runs.
      if (seen.length === 2) s.server.open("a");
      if (seen.length === 3) s.server.open("b");
    }
    expect(end).toBe("end");
    expect(seen).toEqual(["one", "two", "three"]);
  });

  it("goes on after Last-Event-ID without loss or doubles", async () => {
    await using s = await started();
    s.server.open("a");
    s.server.open("b");
    await s.server.engine.wait(LOCAL_CONTEXT, "r", 60_000);
    const all = await s.server.engine.logs(LOCAL_CONTEXT, "r", { after: 0, limit: 10 });
    const texts = async (query: string, headers = {}) => {
      const found: string[] = [];
      for await (const { event, data } of await frames(s.address, query, headers))
        if (event === "message") found.push(JSON.parse(data).text);
      return found;
    };
    const id = String(all[0]?.position);
    expect(await texts("", { "last-event-id": id })).toEqual(["two", "three"]);
    expect(await texts(`?after=${id}&step=a`)).toEqual(["two"]);
    expect(await texts("?after=1", { "last-event-id": String(all[1]?.position) })).toEqual([
      "three",
    ]);
  });

  it("is the same through the client, whose stream survives a server that goes", async () => {
    await using s = await started();
    const lines: LogLineView[] = [];
    const { signal } = new AbortController();
    for await (const line of s.client.logs.follow("r", {}, signal)) {
      lines.push(line);
      s.server.open(lines.length === 2 ? "a" : "b");
    }
    const own = await s.server.engine.logs(LOCAL_CONTEXT, "r", { after: 0, limit: 10 });
    expect(lines).toEqual(own);
    expect(await s.client.logs.page("r", { path: "b", after: 0, limit: 5 })).toEqual(own.slice(2));
  });
});
