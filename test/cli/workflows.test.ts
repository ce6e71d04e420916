/** `lockstitch workflows list|show|save` and lists longer than one page, through a server. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { EXIT } from "#cli/exit-codes.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { type EmbeddedServer, embeddedServer } from "../server/embedded-server.ts";
import { capture } from "./captured-machine.ts";
import { remote } from "./remote-machine.ts";

const ORDERS = `language: 1
name: orders
steps:
  - id: a # kept in the file
    uses: noop
`;

async function saved(server: EmbeddedServer, names: readonly string[]): Promise<void> {
  for (const name of names)
    await server.engine.saveWorkflow(LOCAL_CONTEXT, {
      ...{ language: 1, name, steps: [{ id: "a", uses: "noop" }] },
    } as never);
}

test("save, list and show: what is saved is what the file says", async () => {
  await using server = await embeddedServer();
  const lockstitch = await remote(server);
  expect((await lockstitch("workflows", "list")).stderr).toContain("There are no saved workflows.");
  const file = join(server.dataDir, "orders.workflow.yaml");
  await writeFile(file, ORDERS);
  const save = ["workflows", "save", "orders.workflow.yaml"];
  expect(await lockstitch(...save)).toMatchObject({
    code: 0,
    stdout: "orders version 1 is saved.\n",
  });
  expect((await lockstitch(...save)).stdout).toBe("orders version 1 says the same already.\n");
  await writeFile(file, ORDERS.replace("id: a", "id: b"));
  const again = JSON.parse((await lockstitch(...save, "--json")).stdout) as object;
  expect(again).toMatchObject({ name: "orders", version: 2, created: true });

  await saved(server, ["bills"]);
  const { stdout } = await lockstitch("workflows", "list");
  expect(stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
    ["workflow", "version"],
    ["bills", "1"],
    ["orders", "2"],
    [""],
  ]);
  const page = await lockstitch("workflows", "list", "--limit", "1", "--json");
  expect(JSON.parse(page.stdout)).toMatchObject({ items: [{ name: "bills" }], cursor: "bills" });

  const shown = await lockstitch("workflows", "show", "orders", "--at", "1");
  expect(shown.stdout).toMatch(/^# orders version 1, saved \d{4}-/);
  expect(parse(shown.stdout)).toEqual(parse(ORDERS));
  const json = JSON.parse((await lockstitch("workflows", "show", "orders", "--json")).stdout);
  expect(json).toMatchObject({ version: 2, definition: { steps: [{ id: "b" }] } });
});

test("what is not saved, and what has mistakes, is said with the way on", async () => {
  await using server = await embeddedServer();
  const lockstitch = await remote(server);
  const none = await lockstitch("workflows", "show", "orders", "--at", "7", "--json");
  expect(none.code).toBe(EXIT.notFound.code);
  expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: "workflow_not_found" } });
  expect(none.stderr).toContain('There is no workflow "orders" version 7');
  await writeFile(join(server.dataDir, "bad.yaml"), ORDERS.replace("noop", "nope"));
  const bad = await lockstitch("workflows", "save", "bad.yaml");
  expect(bad.code).toBe(EXIT.invalid.code);
  expect(bad.stderr).toMatch(/bad\.yaml:5:\d+.*nope/);
  expect(await server.engine.listWorkflows(LOCAL_CONTEXT, null, 10)).toEqual([]);
});

test("a list goes on page by page up to its limit, and says when there are more", async () => {
  await using server = await embeddedServer();
  const lockstitch = await remote(server);
  await saved(server, ["many"]);
  const starts = Array.from({ length: 1_005 }, () =>
    server.engine.start(LOCAL_CONTEXT, { workflow: "many" }),
  );
  const ids = (await Promise.all(starts)).map(({ run }) => run.id);
  const list = async (limit: number) => {
    const { stdout, stderr } = await lockstitch("runs", "list", "--limit", `${limit}`, "--json");
    return { ...(JSON.parse(stdout) as { items: { id: string }[]; cursor: unknown }), stderr };
  };
  const all = await list(5_000);
  expect(all.items.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(all.cursor).toBeNull();
  const some = await list(1_003);
  expect(some.items).toEqual(all.items.slice(0, 1_003));
  expect(some.cursor).not.toBeNull();
  const { stderr } = await lockstitch("runs", "list", "--limit", "2");
  expect(stderr).toContain("There are more: raise --limit.");
});

test.each([
  [["nonsense"], "lockstitch --help"],
  [["workflows", "nonsense"], "lockstitch workflows --help"],
  [["runs", "list", "--nonsense"], "lockstitch runs list --help"],
  [["workflows", "show"], "lockstitch workflows show --help"],
])("%j points to the help of what there is", async (argv, help) => {
  const { code, stderr } = await capture(argv, { cwd: "." });
  expect(code).toBe(2);
  expect(stderr).toContain(`See \`${help}\`.`);
});
