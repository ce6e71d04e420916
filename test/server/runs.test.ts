/** Runs over HTTP: start, idempotency, waiting, lists, reads, controls, errors. By injection. */
import { describe, expect, it } from "vitest";
import type { Engine, EventView } from "#engine/engine.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { type EmbeddedServer, embeddedServer } from "./embedded-server.ts";

const HELLO = {
  language: 1,
  name: "hello",
  steps: [
    { id: "a", uses: "test.gate", with: { gate: "a" } },
    { id: "b", uses: "test.gate", with: { gate: "b" } },
  ],
};
const APPROVAL = {
  language: 1,
  name: "approval",
  steps: [{ id: "ask", uses: "wait.approval", with: { title: "Publish?" } }],
};

async function withHello(): Promise<EmbeddedServer> {
  const fixture = await embeddedServer();
  await fixture.app.inject({ method: "PUT", url: "/api/v1/workflows/hello", payload: HELLO });
  return fixture;
}

/** Waits for an event of the run. */
async function until(engine: Engine, runId: string, is: (event: EventView) => boolean) {
  for await (const event of engine.follow(LOCAL_CONTEXT, runId, 0, AbortSignal.timeout(60_000)))
    if (is(event)) return;
  throw new Error("the run ended without it");
}

async function startHello({ app }: EmbeddedServer, body = {}, headers = {}) {
  return await app.inject({
    method: "POST",
    url: "/api/v1/runs",
    payload: { workflow: "hello", ...body },
    headers,
  });
}

describe("start", () => {
  it("answers 201 with the run and where it is", async () => {
    await using fixture = await withHello();
    const answer = await startHello(fixture, { input: { n: 1 }, labels: { team: "a" } });
    expect(answer.statusCode).toBe(201);
    const run = answer.json();
    expect(answer.headers.location).toBe(`/api/v1/runs/${run.id}`);
    expect(run).toMatchObject({
      workflow: "hello",
      version: 1,
      status: expect.stringMatching(/^(queued|running)$/),
      input: { n: 1 },
      output: null,
      error: null,
      labels: { team: "a" },
      endedAt: null,
    });
    expect(new Date(run.createdAt).toISOString()).toBe(run.createdAt);
  });

  it("answers 200 for the same id and body, 409 for another body", async () => {
    await using fixture = await withHello();
    const first = await startHello(fixture, { id: "mine", input: 1 });
    const again = await startHello(fixture, { id: "mine", input: 1 });
    const other = await startHello(fixture, { id: "mine", input: 2 });
    expect([first.statusCode, again.statusCode, other.statusCode]).toEqual([201, 200, 409]);
    expect(again.json().id).toBe("mine");
    expect(other.json().code).toBe("run_exists");
  });

  it("starts one run for one Idempotency-Key", async () => {
    await using fixture = await withHello();
    const first = await startHello(fixture, {}, { "idempotency-key": "k-1" });
    const again = await startHello(fixture, {}, { "idempotency-key": "k-1" });
    expect(again.statusCode).toBe(200);
    expect(again.json().id).toBe(first.json().id);
  });

  it("takes a whole definition", async () => {
    await using fixture = await embeddedServer();
    const answer = await startHello(fixture, { workflow: HELLO });
    expect(answer.statusCode).toBe(201);
    expect(answer.json().workflow).toBe("hello");
  });

  it.each([
    [{ workflow: 3 }, "workflow"],
    [{ workflow: "hello", inputs: {} }, "body"],
    [{ workflow: "hello", version: 0 }, "version"],
    [{ workflow: "hello", labels: { a: 1 } }, "labels.a"],
  ])("names the field of %j", async (payload, field) => {
    await using fixture = await withHello();
    const answer = await fixture.app.inject({ method: "POST", url: "/api/v1/runs", payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json()).toMatchObject({ status: 400, code: "request_invalid" });
    expect(answer.json().errors[0].field).toBe(field);
  });

  it("Prefer: wait answers when the run has ended", async () => {
    await using fixture = await withHello();
    fixture.open("a");
    fixture.open("b", 42);
    const answer = await startHello(fixture, {}, { prefer: "respond-async, wait=10" });
    expect(answer.json()).toMatchObject({ status: "succeeded", output: 42 });
    expect(answer.headers["preference-applied"]).toBe("wait=10");
  });
});

describe("list and get", () => {
  it("filters by status, workflow and label, and pages by cursor", async () => {
    await using fixture = await withHello();
    for (let n = 0; n < 5; n++)
      await startHello(fixture, { id: `r${n}`, labels: { odd: String(n % 2) } });
    await fixture.engine.terminate(LOCAL_CONTEXT, "r3");
    const list = async (query: string) =>
      (await fixture.app.inject(`/api/v1/runs?${query}`)).json();
    const first = await list("limit=2");
    expect(first.items.map((run: { id: string }) => run.id)).toEqual(["r4", "r3"]);
    const second = await list(`limit=2&cursor=${first.cursor}`);
    expect(second.items.map((run: { id: string }) => run.id)).toEqual(["r2", "r1"]);
    expect((await list("status=cancelled,failed")).items).toHaveLength(1);
    expect((await list("label=odd=1&status=running,queued,waiting")).items).toHaveLength(1);
    expect((await list("workflow=other")).items).toEqual([]);
  });

  it("filters by a label whose value has commas and equals signs, given once or several times", async () => {
    await using fixture = await withHello();
    await startHello(fixture, { id: "both", labels: { tags: "a,b=c", team: "red" } });
    await startHello(fixture, { id: "one", labels: { tags: "a", team: "red" } });
    const list = async (...pairs: readonly string[]) => {
      const query = pairs.map((pair) => `label=${encodeURIComponent(pair)}`).join("&");
      const { items } = (await fixture.app.inject(`/api/v1/runs?${query}`)).json();
      return items.map((run: { id: string }) => run.id);
    };
    expect(await list("tags=a,b=c")).toEqual(["both"]);
    expect(await list("tags=a,b=c", "team=red")).toEqual(["both"]);
    expect(await list("tags=a,b=c", "team=blue")).toEqual([]);
  });

  it.each([
    "status=done",
    "limit=0",
    "limit=9999",
    "label=x",
    "createdAfter=yesterday",
    "stat=failed",
  ])("refuses ?%s with the field's name", async (query) => {
    await using fixture = await withHello();
    const answer = await fixture.app.inject(`/api/v1/runs?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0].field).toContain("query");
  });

  it("answers a problem for an unknown run, on every read and control", async () => {
    await using fixture = await withHello();
    for (const read of ["", "/events", "/state", "/progress", "/explain", "/graph", "/stream"]) {
      const answer = await fixture.app.inject(`/api/v1/runs/nobody${read}`);
      expect([read, answer.statusCode, answer.json().code]).toEqual([read, 404, "run_not_found"]);
    }
    for (const verb of ["pause", "resume", "cancel", "terminate", "rerun"]) {
      const answer = await fixture.app.inject({
        method: "POST",
        url: `/api/v1/runs/nobody/${verb}`,
      });
      expect([verb, answer.statusCode, answer.json().code]).toEqual([verb, 404, "run_not_found"]);
    }
  });

  it("pages events, folds state and draws the graph", async () => {
    await using fixture = await withHello();
    await startHello(fixture, { id: "r" });
    const { app, engine } = fixture;
    fixture.open("a", "done");
    await until(engine, "r", ({ type, path }) => type === "step.started" && path === "b");
    const page = (await app.inject("/api/v1/runs/r/events?after=0&limit=2")).json();
    expect(page.items.map(({ seq }: EventView) => seq)).toEqual([1, 2]);
    expect(page.after).toBe(2);
    const all = (await app.inject("/api/v1/runs/r/events")).json();
    expect(all.after).toBeNull();
    const ofA = all.items.filter(({ path }: EventView) => path === "a");
    expect(ofA.map(({ type }: EventView) => type)).toContain("step.succeeded");
    const state = (await app.inject("/api/v1/runs/r/state")).json();
    expect(state.steps[0]).toMatchObject({ path: "a", status: "succeeded", output: "done" });
    const progress = (await app.inject("/api/v1/runs/r/progress")).json();
    expect(progress).toMatchObject({ total: 2, settled: 1, running: 1 });
    expect((await app.inject("/api/v1/runs/r/explain")).json().sentence).toContain("b");
    const graph = (await app.inject("/api/v1/runs/r/graph")).json();
    expect(
      graph.nodes.map(({ path, status }: { path: string; status: string }) => [path, status]),
    ).toEqual([
      ["a", "succeeded"],
      ["b", "running"],
    ]);
    expect(graph.edges).toEqual([{ from: "a", to: "b", label: null, implied: false }]);
  });
});

describe("controls", () => {
  it("pauses without a body, cancels with a reason, then answers 409", async () => {
    await using fixture = await withHello();
    await startHello(fixture, { id: "r" });
    const post = (verb: string, payload?: object) =>
      fixture.app.inject({
        method: "POST",
        url: `/api/v1/runs/r/${verb}`,
        ...(payload === undefined ? {} : { payload }),
      });
    expect((await post("pause")).json().status).toBe("paused");
    expect((await post("resume")).json().status).toBe("running");
    expect((await post("cancel", { reason: "enough" })).statusCode).toBe(200);
    await fixture.engine.wait(LOCAL_CONTEXT, "r", 60_000);
    expect((await fixture.app.inject("/api/v1/runs/r")).json().status).toBe("cancelled");
    const late = await post("cancel");
    expect([late.statusCode, late.json().code]).toEqual([409, "run_terminal"]);
    const events = await fixture.engine.events(LOCAL_CONTEXT, "r", 0, 100);
    const asked = events.find(({ type }) => type === "run.cancel_requested");
    expect(asked?.event["reason"]).toBe("enough");
  });

  it("applies a signal once per id, which may be the Idempotency-Key", async () => {
    await using fixture = await withHello();
    await startHello(fixture, { id: "r" });
    const signal = (headers: Record<string, string>) =>
      fixture.app.inject({
        method: "POST",
        url: "/api/v1/runs/r/signal",
        payload: { name: "go", payload: { x: 1 } },
        headers,
      });
    const first = await signal({ "idempotency-key": "s1" });
    expect(first.json()).toEqual({ applied: true, id: "s1" });
    expect((await signal({ "idempotency-key": "s1" })).json()).toEqual({
      applied: false,
      id: "s1",
    });
    const malformed = await signal({ "idempotency-key": "two words" });
    expect([malformed.statusCode, malformed.json().code]).toEqual([400, "request_invalid"]);
  });

  it("reruns with the old input or a new one, once per key", async () => {
    await using fixture = await withHello();
    await startHello(fixture, { id: "r", input: { n: 1 } });
    const rerun = (payload?: object, headers = {}) =>
      fixture.app.inject({
        method: "POST",
        url: "/api/v1/runs/r/rerun",
        headers,
        ...(payload === undefined ? {} : { payload }),
      });
    const same = await rerun();
    expect(same.statusCode).toBe(201);
    expect(same.json()).toMatchObject({ input: { n: 1 }, forkedFrom: "r" });
    expect((await rerun({ input: { n: 2 } })).json().input).toEqual({ n: 2 });
    const once = await rerun(undefined, { "idempotency-key": "k" });
    const twice = await rerun(undefined, { "idempotency-key": "k" });
    expect(twice.json().id).toBe(once.json().id);
  });

  it("lists approvals and decides them", async () => {
    await using fixture = await withHello();
    await startHello(fixture, { id: "r", workflow: APPROVAL });
    await until(fixture.engine, "r", ({ type }) => type === "step.waiting");
    const list = (await fixture.app.inject("/api/v1/approvals")).json();
    expect(list.items[0]).toMatchObject({ runId: "r", path: "ask", title: "Publish?" });
    const decide = () =>
      fixture.app.inject({
        method: "POST",
        url: "/api/v1/runs/r/approve",
        payload: { path: "ask", comment: "fine" },
      });
    expect((await decide()).statusCode).toBe(200);
    expect((await decide()).json().code).toMatch(/^(not_waiting|run_terminal)$/);
    expect((await fixture.app.inject("/api/v1/approvals")).json().items).toEqual([]);
  });
});
