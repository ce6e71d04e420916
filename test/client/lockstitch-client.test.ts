/** The client against a real server on a socket: calls, errors, repeats, streams that resume. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { connectEngine, engineOverHttp } from "#client/engine-over-http.ts";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import type { EventView } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { serverFixture } from "../server/server-fixture.ts";

const HELLO = {
  language: 1 as const,
  name: "hello",
  steps: [
    { id: "a", uses: "noop" },
    { id: "b", uses: "noop" },
  ],
};

const sleep = async () => undefined;

async function connected() {
  const fixture = await serverFixture();
  const client = new LockstitchClient({ baseUrl: await fixture.listen(), sleep });
  return { fixture, client, [Symbol.asyncDispose]: () => fixture.app.close() };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof LockstitchError ? error.code : String(error);
}

describe("calls", () => {
  it("is the engine over HTTP: every read equals the engine's own", async () => {
    await using setup = await connected();
    const { engine: own } = setup.fixture;
    const remote = engineOverHttp(setup.client);
    const at = LOCAL_CONTEXT;
    expect(await remote.saveWorkflow(at, HELLO)).toMatchObject({ version: 1, created: true });
    expect(await remote.saveWorkflow(at, HELLO)).toMatchObject({ version: 1, created: false });
    const { run, created } = await remote.start(at, {
      workflow: "hello",
      id: "r",
      input: { n: [1, null] },
      labels: { team: "a=b" },
    });
    expect(created).toBe(true);
    own.record("r", "step.started", "a");
    own.record("r", "step.failed", "a", {
      error: { code: "failed", message: "no", retryable: false },
    });
    own.askApproval("r", "b", "Ship?");
    expect(run.id).toBe("r");
    expect(await remote.get(at, "r")).toEqual(await own.get(at, "r"));
    expect(await remote.state(at, "r")).toEqual(await own.state(at, "r"));
    expect(await remote.progress(at, "r")).toEqual(await own.progress(at, "r"));
    expect(await remote.care.quotas(at)).toEqual(await own.care.quotas(at));
    expect(await remote.explain(at, "r")).toEqual(await own.explain(at, "r"));
    expect(await remote.approvals(at)).toEqual(await own.approvals(at));
    expect(await remote.events(at, "r", 1, 2)).toEqual(
      JSON.parse(JSON.stringify(await own.events(at, "r", 1, 2))),
    );
    const filter = { limit: 10, labels: { team: "a=b" }, status: ["waiting"] } as const;
    expect(await remote.list(at, filter)).toEqual(await own.list(at, filter));
    expect(await remote.findWorkflow(at, "hello")).toEqual(await own.findWorkflow(at, "hello"));
    expect(await remote.workflowVersions(at, "hello")).toHaveLength(1);
    expect(await remote.listWorkflows(at, null, 10)).toHaveLength(1);

    await remote.decideApproval(at, "r", "b", { approved: true, comment: "go" });
    expect((await remote.pause(at, "r", "lunch")).status).toBe("paused");
    expect((await remote.resume(at, "r")).status).toBe("running");
    expect((await remote.signal(at, "r", { name: "s" })).applied).toBe(true);
    expect((await remote.cancel(at, "r")).status).toBe("cancelled");
    expect((await remote.rerun(at, "r", { input: 7 })).input).toBe(7);
    expect((await connectEngine(setup.client).then((engine) => engine.stats())).openRuns).toBe(1);
  });

  it("rebuilds errors with code, message and details; null for what is not there", async () => {
    await using setup = await connected();
    const { client, fixture } = setup;
    expect(await client.get("nobody")).toBeNull();
    expect(await client.findWorkflow("nobody")).toBeNull();
    expect(await client.workflowVersions("nobody")).toEqual([]);
    expect(await codeOf(client.state("nobody"))).toBe("run_not_found");
    fixture.engine.failure = new LockstitchError("run_terminal", "It has ended.", {
      details: { a: 1 },
    });
    await expect(client.control("r", "cancel")).rejects.toMatchObject({
      code: "run_terminal",
      message: "It has ended.",
      details: { a: 1 },
    });
  });

  it("sends its key", async () => {
    const apiKey = "a-key-of-enough-characters";
    await using fixture = await serverFixture({
      security: { host: "127.0.0.1", port: 0, apiKeys: [apiKey] },
    });
    const baseUrl = await fixture.listen();
    expect(await codeOf(new LockstitchClient({ baseUrl }).approvals())).toBe("unauthorized");
    expect(await new LockstitchClient({ baseUrl: `${baseUrl}/`, apiKey }).approvals()).toEqual([]);
  });

  it("waits for the end, or until its time has passed", async () => {
    await using setup = await connected();
    const { client, fixture } = setup;
    await client.start({ workflow: HELLO, id: "r" });
    expect((await client.wait("r", 0)).status).toBe("running");
    const waiting = client.wait("r", 20_000);
    fixture.engine.record("r", "run.succeeded", undefined, { output: "yes" });
    expect(await waiting).toMatchObject({ status: "succeeded", output: "yes" });
  });
});

describe("repeats", () => {
  it("starts one run although the first answers were lost", async () => {
    const keys: (string | undefined)[] = [];
    await using flaky = await listening((request, respond) => {
      keys.push(request.headers["idempotency-key"] as string | undefined);
      if (keys.length === 1) return respond("hang up");
      if (keys.length === 2) return respond("cut off");
      if (keys.length === 3) return respond(503, { code: "shutting_down" });
      respond(201, {
        id: "r",
        workflow: "hello",
        version: 1,
        status: "running",
        input: null,
        output: null,
        error: null,
        labels: {},
        parentRunId: null,
        forkedFrom: null,
        createdAt: "2026-01-01T00:00:00.000Z",
        startedAt: null,
        endedAt: null,
        seq: 1,
      });
    });
    const client = new LockstitchClient({ baseUrl: flaky.baseUrl, sleep });
    expect((await client.start({ workflow: "hello" })).run.id).toBe("r");
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("does not repeat a decision, nor what will not pass", async () => {
    let calls = 0;
    await using broken = await listening((_request, respond) => {
      calls += 1;
      respond(calls === 1 ? 503 : 422, { code: calls === 1 ? "shutting_down" : "input_invalid" });
    });
    const client = new LockstitchClient({ baseUrl: broken.baseUrl, sleep });
    expect(await codeOf(client.decideApproval("r", "a", { approved: true }))).toBe("shutting_down");
    expect(await codeOf(client.start({ workflow: "x" }))).toBe("input_invalid");
    expect(calls).toBe(2);
  });

  it("says that a server is another one, once", async () => {
    let calls = 0;
    await using other = await listening((_request, respond) => {
      calls += 1;
      respond("no JSON");
    });
    const client = new LockstitchClient({ baseUrl: other.baseUrl, sleep });
    await expect(client.get("r")).rejects.toThrow("no JSON: is it a Lockstitch server?");
    expect(calls).toBe(1);
  });

  it("gives up on a server that is not there, saying so", async () => {
    const gone = await listening(() => undefined);
    await gone[Symbol.asyncDispose]();
    const client = new LockstitchClient({ baseUrl: gone.baseUrl, sleep });
    await expect(client.approvals()).rejects.toThrow(/No answer from http.*is the server running/);
  });
});

describe("streams", () => {
  it("follow gives every event once, to the end", async () => {
    await using setup = await connected();
    const { client, fixture } = setup;
    await client.start({ workflow: HELLO, id: "r" });
    const seen: number[] = [];
    for await (const event of client.follow("r", 0, AbortSignal.timeout(60_000))) {
      seen.push(event.seq);
      if (event.seq < 50) fixture.engine.record("r", "step.started", "a");
      else if (event.seq === 50) fixture.engine.record("r", "run.succeeded");
    }
    expect(seen).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
  });

  it("follow resumes without loss or doubles when the server goes and comes back", async () => {
    await using first = await serverFixture();
    const baseUrl = await first.listen();
    const port = Number(new URL(baseUrl).port);
    const client = new LockstitchClient({ baseUrl });
    await client.start({ workflow: HELLO, id: "r" });
    const seen: EventView[] = [];
    await using after = new AsyncDisposableStack();
    for await (const event of client.follow("r", 0, AbortSignal.timeout(60_000))) {
      seen.push(event);
      if (event.seq !== 1) continue;
      await first.app.close();
      first.engine.record("r", "step.started", "a");
      const second = await serverFixture({
        recorded: first.engine,
        security: { host: "127.0.0.1", port, apiKeys: [] },
      });
      after.use(second);
      await second.listen();
      first.engine.record("r", "run.succeeded");
    }
    expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("follow of an unknown run rejects", async () => {
    await using setup = await connected();
    const events = setup.client.follow("nobody", 0, AbortSignal.timeout(60_000));
    expect(await codeOf(events[Symbol.asyncIterator]().next())).toBe("run_not_found");
  });

  it("onChange hears of runs that change until unsubscribed", async () => {
    await using setup = await connected();
    const remote = engineOverHttp(setup.client);
    const heard = Promise.withResolvers<string>();
    const unsubscribe = remote.onChange(LOCAL_CONTEXT, (run) => heard.resolve(run.id));
    // The subscription is open once the server holds a connection for it.
    while ((await connections(setup.fixture.app.server)) === 0)
      await new Promise((resolve) => setImmediate(resolve));
    await setup.client.start({ workflow: HELLO, id: "r" });
    setup.fixture.engine.record("r", "step.started", "a");
    expect(await heard.promise).toBe("r");
    unsubscribe();
    await remote.close(0);
  });
});

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

type Respond = (status: number | "hang up" | "cut off" | "no JSON", json?: object) => void;

async function listening(
  answer: (request: import("node:http").IncomingMessage, respond: Respond) => void,
) {
  const server = createServer((request, response) =>
    answer(request, (status, json) => {
      if (status === "hang up") return void request.socket.destroy();
      if (status === "no JSON") return void response.end("<html>");
      if (status === "cut off")
        return void response
          .writeHead(201, { "content-length": "500" })
          .write('{"id":', () => request.socket.destroy());
      response.writeHead(status, { "content-type": "application/json" });
      response.end(
        JSON.stringify(
          status < 400 ? json : { type: "x", title: "x", status, detail: "x", ...json },
        ),
      );
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
