/** Live streams over a socket: frames, resuming, the end, a reader that goes, a server that closes. */
import { describe, expect, it } from "vitest";
import { readServerSentEvents } from "#client/server-sent-events.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { type EmbeddedServer, embeddedServer } from "./embedded-server.ts";

const GATED = {
  language: 1 as const,
  name: "gated",
  steps: [{ id: "a", uses: "test.gate", with: { gate: "a" } }],
};

async function open(address: string, path: string, headers = {}) {
  const response = await fetch(`${address}/api/v1${path}`, {
    headers,
    signal: AbortSignal.timeout(60_000),
  });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  if (response.body === null) throw new Error("no body");
  return readServerSentEvents(response.body);
}

async function started(): Promise<{ readonly server: EmbeddedServer; readonly address: string }> {
  const server = await embeddedServer();
  const address = await server.listen();
  await server.engine.start(LOCAL_CONTEXT, { workflow: GATED, id: "r" });
  return { server, address };
}

describe("a run's stream", () => {
  it("gives every event once, live, and says when the run has ended", async () => {
    const { server, address } = await started();
    await using _server = server;
    const seen: number[] = [];
    let end = "";
    for await (const { event, data } of await open(address, "/runs/r/stream")) {
      end = event;
      if (event !== "message") continue;
      const { seq, type } = JSON.parse(data);
      seen.push(seq);
      if (type === "step.started") server.open("a");
    }
    expect(end).toBe("end");
    const all = await server.engine.events(LOCAL_CONTEXT, "r", 0, 1_000);
    expect(seen).toEqual(all.map(({ seq }) => seq));
  });

  it("goes on after Last-Event-ID, or after ?after", async () => {
    const { server, address } = await started();
    await using _server = server;
    server.open("a");
    await server.engine.wait(LOCAL_CONTEXT, "r", 60_000);
    const all = await server.engine.events(LOCAL_CONTEXT, "r", 0, 1_000);
    const rest = all.map(({ seq }) => seq).filter((seq) => seq > 3);
    expect(rest.length).toBeGreaterThan(0);
    const seqs = async (path: string, headers = {}) => {
      const found: number[] = [];
      for await (const { event, data } of await open(address, path, headers))
        if (event === "message") found.push(JSON.parse(data).seq);
      return found;
    };
    const accept = { accept: "text/event-stream" };
    expect(await seqs("/runs/r/events?after=3", accept)).toEqual(rest);
    expect(await seqs("/runs/r/stream?after=3")).toEqual(rest);
    expect(await seqs("/runs/r/stream", { "last-event-id": "3" })).toEqual(rest);
  });

  it("is cut, without `end`, when the server closes: the reader knows to come again", async () => {
    const { server, address } = await started();
    await using _server = server;
    const events: string[] = [];
    try {
      for await (const { event, data } of await open(address, "/runs/r/stream")) {
        events.push(event);
        if (JSON.parse(data).type === "step.started") void server.app.close();
      }
    } catch (error) {
      // Whether the last bytes still arrive is the socket's affair.
      expect((error as Error).message).toBe("terminated");
    }
    expect(events).not.toContain("end");
    expect(events.length).toBeGreaterThan(1);
  });

  it("stops following when the reader goes", async () => {
    const { server, address } = await started();
    await using _server = server;
    const followed = Promise.withResolvers<AbortSignal>();
    const { follow } = server.engine;
    server.engine.follow = (context, runId, afterSeq, signal) => {
      followed.resolve(signal);
      return follow.call(server.engine, context, runId, afterSeq, signal);
    };
    const reader = await open(address, "/runs/r/stream");
    for await (const _event of reader) break;
    const signal = await followed.promise;
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    expect(signal.aborted).toBe(true);
  });
});

describe("the demo's switches", () => {
  it("kill only after the answer is out", async () => {
    const killed = Promise.withResolvers<void>();
    const demo = { kill: () => killed.resolve(), failNext: () => undefined };
    await using server = await embeddedServer({ demo });
    const address = await server.listen();
    const answer = await fetch(`${address}/api/v1/demo/kill`, { method: "POST" });
    expect(answer.status).toBe(202);
    await killed.promise;
  });
});
