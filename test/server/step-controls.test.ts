/** Operator actions on steps over HTTP, by injection and through the typed client. */
import { expect, it } from "vitest";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { type EmbeddedServer, embeddedServer } from "./embedded-server.ts";

const NESTED = {
  language: 1,
  name: "nested",
  steps: [
    {
      id: "m",
      uses: "for_each",
      with: { items: { "eu/west.1": 1, 'say "hi"': 2 } },
      steps: [{ id: "fetch-it", uses: "test.gate", with: { gate: "never" } }],
    },
  ],
};

async function startNested({ app, engine }: EmbeddedServer): Promise<string> {
  const started = await app.inject({
    method: "POST",
    url: "/api/v1/runs",
    payload: { workflow: NESTED },
  });
  const { id } = started.json();
  let running = 0;
  for await (const { event } of engine.follow(LOCAL_CONTEXT, id, 0, AbortSignal.timeout(60_000)))
    if (event["type"] === "step.started" && event["control"] === undefined && ++running === 2)
      break;
  return id;
}

const first = 'm["eu/west.1"].["fetch-it"]';
const second = 'm["say \\"hi\\""].["fetch-it"]';

it("takes percent-encoded paths with quotes and slashes, once for each Idempotency-Key", async () => {
  await using fixture = await embeddedServer();
  const id = await startNested(fixture);
  const complete = () =>
    fixture.app.inject({
      method: "POST",
      url: `/api/v1/runs/${id}/steps/${encodeURIComponent(first)}/complete`,
      payload: { output: { ok: 1 }, reason: "seen by hand" },
      headers: { "idempotency-key": "k1" },
    });
  expect((await complete()).statusCode).toBe(200);
  expect((await complete()).statusCode).toBe(200);
  const settled = await fixture.app.inject({
    method: "POST",
    url: `/api/v1/runs/${id}/steps/${encodeURIComponent(first)}/skip`,
  });
  expect(settled.json()).toMatchObject({ status: expect.any(Number), code: expect.any(String) });
  expect([404, 409]).toContain(settled.statusCode);
  const retried = await fixture.app.inject({
    method: "POST",
    url: `/api/v1/runs/${id}/steps/${encodeURIComponent(second)}/retry`,
    payload: {},
  });
  expect(retried.statusCode).toBe(200);
  const address = await fixture.listen();
  const client = new LockstitchClient({ baseUrl: address });
  await client.resolveStep(id, second, { action: "fail", message: "enough", reason: "why" });
  const run = await client.wait(id, 60_000);
  expect(run).toMatchObject({ status: "failed", error: { code: "operator_failed" } });
  await expect(client.resolveStep(id, second, { action: "skip" })).rejects.toMatchObject({
    code: "run_terminal",
  });
  const events = await fixture.engine.events(LOCAL_CONTEXT, id, 0, 1_000);
  expect(events.filter(({ type }) => type === "step.resolved").map(({ path }) => path)).toEqual([
    ...[first, second, second],
  ]);
});

it("refuses fields that the action does not have", async () => {
  await using fixture = await embeddedServer();
  const id = await startNested(fixture);
  const answer = await fixture.app.inject({
    method: "POST",
    url: `/api/v1/runs/${id}/steps/${encodeURIComponent(first)}/skip`,
    payload: { output: 1 },
  });
  expect(answer.statusCode).toBe(400);
});
