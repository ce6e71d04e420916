/** Shared values as an operator steers them: commands through a server, the HTTP API and the engine below. */
import { expect, test } from "vitest";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { embeddedServer } from "../server/embedded-server.ts";
import { remote } from "./remote-machine.ts";

const counter = (id: string, scope: string) => ({
  ...{ id, uses: "state.counter", with: { name: "n/1", scope } },
});
const TICKET = {
  ...{ language: 1, name: "ticket" },
  steps: [counter("own", "workflow"), counter("all", "tenant")],
  output: "${{ [steps.own.output.value, steps.all.output.value] }}",
} as unknown as WorkflowDefinition;

test("list, get, set and delete: steps build on what an operator has set", async () => {
  await using server = await embeddedServer();
  const lockstitch = await remote(server);
  const output = async () => {
    const { run } = await server.engine.start(LOCAL_CONTEXT, { workflow: TICKET });
    return (await server.engine.wait(LOCAL_CONTEXT, run.id, 20_000)).output;
  };

  expect((await lockstitch("state", "list")).stderr).toContain("There are no shared values.");
  expect(await output()).toEqual([1, 1]);
  const set = ["state", "set", "n/1", "41", "--workflow", "ticket", "--reason", "moved"];
  expect(await lockstitch(...set)).toMatchObject({ code: 0, stdout: "n/1 is set.\n" });
  expect(await output()).toEqual([42, 2]);

  const listed = JSON.parse((await lockstitch("state", "list", "--json")).stdout) as object;
  expect(listed).toMatchObject({
    cursor: null,
    items: [
      { scope: "tenant", workflow: null, name: "n/1", value: 2 },
      { scope: "workflow", workflow: "ticket", name: "n/1", value: 42 },
    ],
  });
  const got = await lockstitch("state", "get", "n/1", "--workflow", "ticket", "--json");
  expect(JSON.parse(got.stdout)).toMatchObject({
    value: 42,
    changedBy: expect.stringMatching(/^run:.*\/own$/),
    changes: [{ by: "local", reason: "moved", before: 1, after: 41 }],
  });
  const deleted = await lockstitch("state", "delete", "n/1");
  expect(deleted.stdout).toBe("n/1 is deleted; it was 2\n");
  expect(await output()).toEqual([43, 1]);
  const table = await lockstitch("state", "list", "--workflow", "ticket");
  expect(table.stdout).toMatch(/ticket +n\/1 +43/);
  expect(server.engine.stats().values).toMatchObject({ operations: 6, conflicts: 0 });
});

test("what cannot be is refused with its code", async () => {
  await using server = await embeddedServer();
  const client = new LockstitchClient({ baseUrl: await server.listen() });
  for (const values of [server.engine.values, client.values]) {
    const set = (name: string, value: unknown) => values.set(LOCAL_CONTEXT, { name }, { value });
    const nobody = { workflow: "w", name: "nobody" };
    await expect(values.get(LOCAL_CONTEXT, nobody)).rejects.toMatchObject({
      code: "value_not_found",
      message: expect.stringContaining('Workflow w has no value "nobody"'),
    });
    await expect(values.delete(LOCAL_CONTEXT, nobody)).rejects.toMatchObject({
      code: "value_not_found",
    });
    await expect(set("1x", 1)).rejects.toMatchObject({ code: "request_invalid" });
    await expect(set("x", "x".repeat(70_000))).rejects.toMatchObject({ code: "payload_too_large" });
    await expect(values.list(LOCAL_CONTEXT, { cursor: "none", limit: 1 })).rejects.toMatchObject({
      code: "request_invalid",
    });
    for (let index = 0; index < 4; index++) await set(`a/${index}`, "x".repeat(60_000));
    expect(await values.get(LOCAL_CONTEXT, { name: "a/0" })).toMatchObject({ changedBy: "local" });
    const page = await values.list(LOCAL_CONTEXT, { prefix: "a/", limit: 3 });
    const rest = await values.list(LOCAL_CONTEXT, {
      ...{ prefix: "a/", limit: 3, cursor: page.cursor ?? undefined },
    });
    expect([...page.items, ...rest.items].map(({ name }) => name)).toEqual([
      ...["a/0", "a/1", "a/2", "a/3"],
    ]);
    expect(rest.cursor).toBe(null);
  }
});
