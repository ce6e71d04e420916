/** packed-answer.ts: a run with large values is sent as the bytes that the store has, and is the same JSON. */
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { runToJson } from "#client/wire/run.ts";
import { packedAnswer } from "#server/packed-answer.ts";
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
