/** packed-answer.ts: a run with large values is sent as the bytes that the store has, and is the same JSON. */
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { runToJson } from "#client/wire/run.ts";
import { packedAnswer } from "#server/packed-answer.ts";
import { CheckedText } from "#workflow/checked-text.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { embeddedServer } from "./embedded-server.ts";

const LOCAL = { tenant: "default", principal: "test", trace: null };

test("an answer with large values is byte for byte what it would be without packing", async () => {
  await using server = await embeddedServer();
  const items = Array.from({ length: 30_000 }, (_, at) => ({ at, text: `ü "${at}"` }));
  const workflow = {
    language: 1,
    name: "large",
    steps: [{ id: "same", uses: "noop", with: { value: "${{ input.items }}" } }],
  };
  const started = await server.app.inject({
    method: "POST",
    url: "/api/v1/runs",
    headers: { prefer: "wait=20" },
    payload: { workflow, input: { items } },
  });
  expect(started.statusCode).toBe(201);
  const { id, status } = started.json();
  expect(status).toBe("succeeded");
  const packed = await server.engine.get(LOCAL, id, { packed: true });
  expect(packed?.output).toBeInstanceOf(PackedJson);
  expect(packed?.input).toBeInstanceOf(PackedJson);
  const plain = await server.engine.get(LOCAL, id);
  if (plain === null) throw new Error("the run is gone");
  expect(plain.output).toEqual(items);
  const expected = JSON.stringify(runToJson(plain));
  const got = await server.app.inject({ method: "GET", url: `/api/v1/runs/${id}` });
  expect(got.body).toBe(expected);
  expect(got.headers["content-length"]).toBe(String(Buffer.byteLength(expected)));
  expect(got.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(started.body).toBe(expected);
  const state = await server.app.inject({ method: "GET", url: `/api/v1/runs/${id}/state` });
  expect(JSON.stringify(state.json().run)).toBe(expected);
  expect(state.json().steps[0].output.note).toContain("larger than");
});

test("pieces around packed values are one JSON text, wherever they stand", async () => {
  const bytes = new TextEncoder().encode("[1,2]");
  const packed = new PackedJson(bytes, "");
  for (const body of [
    { input: packed, a: 1, gone: undefined },
    { a: "x", input: { b: [] }, output: packed },
    { run: { id: "r", input: packed, output: packed }, steps: [], vars: {} },
  ]) {
    const answer = packedAnswer({ status: 200, body });
    if (!("status" in answer)) throw new Error("it is an answer");
    const text = await new Response(Readable.toWeb(answer.body as Readable) as never).text();
    const expected = JSON.stringify(body, (_, value) => (value === packed ? [1, 2] : value));
    expect(text).toBe(expected);
    expect(answer.headers?.["content-length"]).toBe(String(text.length));
  }
});

test("a long start is read in a thread: one run for one key, whatever the blanks in its body", async () => {
  await using server = await embeddedServer();
  const items = Array.from({ length: 20_000 }, (_, at) => ({ b: at, a: -0, text: `ü "${at}"` }));
  const definition = {
    language: 1,
    name: "large",
    labels: { first: "${{ input.items[0].b }}" },
    steps: [
      { id: "count", uses: "data.set", with: { value: "${{ input.items.length }}" } },
      { id: "last", uses: "data.set", with: { value: "${{ input.items[19999].text }}" } },
    ],
    output: { count: "${{ steps.count.output }}", last: "${{ steps.last.output }}" },
  };
  const body = { workflow: definition, id: "one", labels: { mine: "yes" }, input: { items } };
  // The answer would be the same without the thread: what the engine is given tells.
  const given: (readonly [unknown, unknown])[] = [];
  const start = server.engine.start.bind(server.engine);
  server.engine.start = (context, request, how) => {
    given.push([request.input, request.workflow]);
    return start(context, request, how);
  };
  const post = (payload: string) =>
    server.app.inject({
      ...{ method: "POST", url: "/api/v1/runs", payload },
      headers: { prefer: "wait=20", "content-type": "application/json" },
    });
  const first = await post(JSON.stringify(body));
  expect(first.json()).toMatchObject({
    ...{ id: "one", status: "succeeded", labels: { mine: "yes", first: "0" } },
    output: { count: 20_000, last: 'ü "19999"' },
  });
  expect(first.json().input).toEqual(JSON.parse(JSON.stringify({ items })));
  expect(given).toEqual([[expect.any(PackedJson), expect.any(CheckedText)]]);
  const reordered = { input: body.input, labels: body.labels, id: "one", workflow: definition };
  expect((await post(JSON.stringify(reordered, null, 2))).statusCode).toBe(200);
  // As a caller in this process starts it.
  const here = await server.engine.start(LOCAL, { ...body, workflow: definition as never });
  expect(here.created).toBe(false);
  items[7] = { b: 8, a: 0, text: "" };
  expect((await post(JSON.stringify(body))).json().code).toBe("run_exists");
});

test("a long body that is none is refused as a short one is", async () => {
  await using server = await embeddedServer();
  const long = "x".repeat(400_000);
  const post = async (payload: string) => {
    const headers = { "content-type": "application/json" };
    const url = "/api/v1/runs";
    const { statusCode, json } = await server.app.inject({ method: "POST", url, headers, payload });
    return [statusCode, json().code];
  };
  const input = { text: long };
  expect(await post(JSON.stringify({ workflow: "none", input }))).toEqual([
    404,
    "workflow_not_found",
  ]);
  expect(await post(`{"workflow":"none","input":"${long}`)).toEqual(await post('{"workflow"'));
  expect(await post(`{"workflow":"none","__proto__":{},"input":"${long}"}`)).toEqual(
    await post('{"workflow":"none","__proto__":{}}'),
  );
  expect(await post(JSON.stringify({ workflow: "none", input, more: 1 }))).toEqual([
    400,
    "request_invalid",
  ]);
  const wrong = { language: 1, name: "wrong", steps: [{ id: "a", uses: "no.such", with: input }] };
  expect(await post(JSON.stringify({ workflow: wrong }))).toEqual([422, "definition_invalid"]);
});

test("nobody can pass a definition off as checked", async () => {
  await using server = await embeddedServer();
  const forged = { name: "forged", hash: "0".repeat(64), json: '{"language":1,"name":"forged"}' };
  const answer = await server.app.inject({
    ...{ method: "POST", url: "/api/v1/runs", payload: { workflow: forged } },
  });
  expect(answer.json().code).toBe("definition_invalid");
});
