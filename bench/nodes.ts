/**
 * `node bench/nodes.ts [TYPE...]`: a row for each node type: how often a second it does its first
 * example that succeeds, configuration and output checked as in a run. Pure types by the processor
 * time of this thread; effectful ones by the clock, one after another, against servers (HTTP, SMTP,
 * Redis), a folder and a receiver of signals on this machine. `--json` for machines, `--round-ms` for shorter
 * rounds. Without a Redis on this machine its type says so. It measures and gates nothing.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { findProgram } from "../scripts/programs.ts";
import { runAttempt, runPure } from "../src/nodes/attempt.ts";
import { sandboxPool } from "../src/nodes/code/code-javascript.ts";
import { parseConnections } from "../src/nodes/connections/connection-schema.ts";
import { ConnectionBook } from "../src/nodes/connections/connections.ts";
import type { NodeContext, NodeDefinition, NodeExample } from "../src/nodes/define-node.ts";
import { createRegistry } from "../src/nodes/registry.ts";
import { NO_SECRETS_PORT } from "../src/ports/secrets.ts";
import { compileExpression } from "../src/workflow/expression/compile.ts";
import { mailServer } from "../test/nodes/email/smtp-server.ts";
import { startRedis } from "../test/support/real-server.ts";

const ORIGIN = "https://api.example.com";

const { values: options, positionals: only } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    "round-ms": { type: "string", default: "300" },
  },
  allowPositionals: true,
});

const ROUND_MS = Number(options["round-ms"]);

interface Row {
  readonly type: string;
  readonly example: string;
  readonly perSecond: number | null;
  readonly remark: string;
}

const folder = mkdtempSync(join(tmpdir(), "lockstitch-bench-nodes-"));
let answers: NonNullable<NodeExample["given"]>["http"] = {};
const server = createServer((request, response) => {
  const answer = answers?.[`${request.method} ${request.url}`];
  response.writeHead(answer?.status ?? 200, { "content-type": "application/json" });
  response.end(JSON.stringify(answer?.body ?? null));
});
await new Promise<void>((resolve) => {
  server.listen(0, "127.0.0.1", resolve);
});
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const database = new DatabaseSync(join(folder, "orders.db"));
database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER)");
database.exec("INSERT INTO orders VALUES (6, 4), (7, 9)");
database.close();
const mail = await mailServer();
const redisProgram = findProgram("redis");
const redis = redisProgram === null ? null : await startRedis(redisProgram, { hasPassword: false });
const { connections } = parseConnections({
  orders: { kind: "sqlite", file: join(folder, "orders.db") },
  mail: {
    kind: "smtp",
    host: "127.0.0.1",
    port: mail.port,
    tls: "off",
    from: "bench@example.com",
  },
  ...(redis === null ? {} : { cache: { kind: "redis", host: "127.0.0.1", port: redis.port } }),
});
const book = new ConnectionBook(connections, NO_SECRETS_PORT);

const nothing = () => undefined;
const context: NodeContext = {
  ...{ runId: "bench", path: "step", workflow: "bench", tenant: "default" },
  ...{ idempotencyKey: "bench", attempt: 1, deadlineAtMs: null, lastHeartbeat: null },
  signal: new AbortController().signal,
  log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  progress: nothing,
  heartbeat: nothing,
  services: {
    fileRoot: folder,
    http: {
      ...{ allowPrivate: true, allowCidrs: [], allowHosts: [], denyHosts: [] },
      ...{ redirectsMax: 10, responseBytesMax: 1_000_000, timeoutMs: 5_000 },
      callsPerRunMax: Number.POSITIVE_INFINITY,
    },
    connections: book,
    shell: { commands: ["echo"], environment: [], outputBytesMax: 100_000, timeoutMs: 5_000 },
    sendSignal: () => Promise.resolve(),
  },
};

function configOf(definition: NodeDefinition, example: NodeExample): unknown {
  const text = JSON.stringify(example.with).replaceAll(ORIGIN, origin);
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as Record<string, unknown>).map(([name, value]) => [
      name,
      definition.functionFields.has(name) ? compileExpression(String(value)).callable({}) : value,
    ]),
  );
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function measurePure(definition: NodeDefinition, config: unknown): number {
  let count = 0;
  for (let n = 0; n < 200; n++) runPure(definition, config);
  const start = threadMs();
  let elapsed = 0;
  for (; elapsed < ROUND_MS; elapsed = threadMs() - start)
    for (let n = 0; n < 20; n++, count++) runPure(definition, config);
  return (count / elapsed) * 1_000;
}

async function measureEffect(definition: NodeDefinition, config: unknown): Promise<number> {
  let count = 0;
  const start = performance.now();
  while (performance.now() - start < ROUND_MS) {
    const result = await runAttempt(definition, config, context);
    if (!result.ok) throw new Error(result.error.message);
    count++;
  }
  return (count / (performance.now() - start)) * 1_000;
}

async function measure(definition: NodeDefinition): Promise<Row> {
  const { type, examples, execution } = definition;
  const example = examples.find(({ output }) => output !== undefined);
  if (example === undefined) return { type, example: "", perSecond: null, remark: "no example" };
  answers = example.given?.http ?? {};
  for (const [name, text] of Object.entries(example.given?.files ?? {})) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const config = configOf(definition, example);
  try {
    const perSecond =
      execution === "pure"
        ? measurePure(definition, config)
        : await measureEffect(definition, config);
    return { type, example: example.title, perSecond: Math.round(perSecond), remark: execution };
  } catch (error) {
    const remark = `not measured: ${error instanceof Error ? error.message : String(error)}`;
    return { type, example: example.title, perSecond: null, remark };
  }
}

const rows: Row[] = [];
for (const definition of createRegistry().definitions())
  if (only.length === 0 || only.includes(definition.type)) rows.push(await measure(definition));
await book.close();
await mail[Symbol.asyncDispose]();
await redis?.[Symbol.asyncDispose]();
await sandboxPool.close();
server.closeAllConnections();
server.close();
rmSync(folder, { recursive: true, force: true });
if (options.json) process.stdout.write(`${JSON.stringify({ rows }, null, 2)}\n`);
else
  for (const { type, example, perSecond, remark } of rows) {
    const figure = perSecond === null ? "-" : perSecond.toLocaleString("en-US");
    process.stdout.write(`${type.padEnd(22)} ${figure.padStart(11)} /s  ${remark}: ${example}\n`);
  }
