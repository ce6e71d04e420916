/** Named connections in a real process: run, listed, looked at by doctor; their secrets nowhere. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { localServer } from "../nodes/http/local-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startLockstitch } from "./lockstitch-process.ts";

const CANARY = "connection-canary-77123";

const FLOW = `language: 1
name: orders
input: { type: object, properties: { id: { type: string } } }
steps:
  - id: order
    uses: http.request
    with: { connection: shop, url: "orders/\${{ input.id }}" }
  - id: save
    uses: sql.query
    with:
      connection: store
      sql: INSERT INTO orders (id, total) VALUES (?, ?)
      parameters: ["\${{ input.id }}", "\${{ steps.order.output.body.total }}"]
  - id: read
    uses: sql.query
    with: { connection: store, sql: SELECT id FROM orders, readOnly: true }
  - id: list
    uses: shell.run
    with: { command: node, arguments: ["--version"] }
  - id: gone
    uses: redis.command
    with: { connection: nowhere, command: PING }
    onError: continue
output:
  rows: "\${{ steps.read.output.rows }}"
  node: "\${{ steps.list.output.stdout }}"
  gone: "\${{ steps.gone.error.code }}"
  echo: "\${{ steps.order.output.body.authorization }}"
`;

function everythingBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

test("a workflow over connections, without a trace of their secrets", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  await using server = await localServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ total: 7, authorization: request.headers.authorization }));
  });
  const database = new DatabaseSync(join(cwd, "store.db"));
  database.exec("CREATE TABLE orders (id TEXT PRIMARY KEY, total INTEGER)");
  database.close();
  const configuration = {
    shell: { commands: ["node"] },
    connections: {
      shop: {
        ...{ kind: "http", baseUrl: `${server.url}/api`, allowPrivate: true },
        auth: { type: "bearer", token: { secret: "SHOP_TOKEN" } },
      },
      store: { kind: "sqlite", file: "store.db" },
      nobody: { kind: "smtp", host: "127.0.0.1", port: 1, password: { secret: "MISSING" } },
    },
  };
  writeFileSync(join(cwd, "lockstitch.config.json"), JSON.stringify(configuration));
  writeFileSync(join(cwd, "orders.yaml"), FLOW);
  const env = { LOCKSTITCH_SECRET_SHOP_TOKEN: CANARY, LOCKSTITCH_LOG: "debug" };
  const said: string[] = [];
  const run = async (...argv: string[]) => {
    await using program = startLockstitch(argv, { cwd, env });
    const { code, stdout, stderr } = await program.ended();
    said.push(stdout, stderr);
    return { code, stdout };
  };

  const input = JSON.stringify({ id: "o'); DROP TABLE orders; --" });
  const { code, stdout } = await run("run", "orders.yaml", "--input", input, "--json");
  expect({ code, said: code === 0 ? "" : said.join("\n") }).toEqual({ code: 0, said: "" });
  expect(JSON.parse(stdout)).toMatchObject({
    output: {
      rows: [{ id: "o'); DROP TABLE orders; --" }],
      node: expect.stringMatching(/^v\d+/),
      gone: "connection_unknown",
      echo: "Bearer [secret SHOP_TOKEN]",
    },
  });
  expect(server.requests[0]).toMatchObject({ headers: { authorization: `Bearer ${CANARY}` } });
  const { runId } = JSON.parse(stdout) as { readonly runId: string };
  const { items } = JSON.parse((await run("runs", "events", runId, "--json")).stdout) as {
    readonly items: readonly { readonly event: { readonly path?: string } }[];
  };
  const scheduled = items
    .map(({ event }) => event as Readonly<Record<string, unknown>>)
    .filter(({ type }) => type === "step.scheduled")
    .map(({ path, connectionSecrets }) => [path, connectionSecrets]);
  expect(Object.fromEntries(scheduled)).toEqual({
    order: [{ secret: "SHOP_TOKEN", version: expect.stringMatching(/^[0-9a-f]{12}$/) }],
    ...{ save: undefined, read: undefined, list: undefined, gone: undefined },
  });

  expect(JSON.parse((await run("connections", "--json")).stdout)).toEqual({
    items: [
      {
        ...{ name: "nobody", kind: "smtp", address: "smtp://127.0.0.1:1", auth: "password" },
        ...{ secrets: ["MISSING"], missingSecrets: ["MISSING"], isReadOnly: false },
      },
      expect.objectContaining({ name: "shop", secrets: ["SHOP_TOKEN"], missingSecrets: [] }),
      expect.objectContaining({ name: "store", kind: "sqlite", auth: "none" }),
    ],
  });
  expect((await run("connections")).stdout).toMatch(/nobody.*MISSING \(missing\)/);
  const { findings } = JSON.parse((await run("doctor", "--json")).stdout) as {
    findings: readonly { readonly check: string; readonly status: string }[];
  };
  expect(findings.filter(({ check }) => check.startsWith("connection "))).toMatchObject([
    { check: "connection shop", status: "ok" },
    { check: "connection store", status: "ok" },
    { check: "connection nobody", status: "warn" },
  ]);
  expect(said.join("\n")).not.toContain(CANARY);
  expect(everythingBelow(join(cwd, ".lockstitch"))).not.toContain(CANARY);
});

test("an expression in sql is found before anything runs", async () => {
  await using directory = await temporaryDirectory();
  const flow = FLOW.replace("SELECT id FROM orders", '"SELECT ${{ input.id }}"');
  writeFileSync(join(directory.path, "bad.yaml"), flow);
  await using program = startLockstitch(["validate", "bad.yaml"], { cwd: directory.path });
  const { code, stdout, stderr } = await program.ended();
  expect(code).toBe(3);
  expect(stdout + stderr).toMatch(/with\.sql.*cannot hold an expression/);
});
