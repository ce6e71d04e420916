/**
 * The world that examples of node types run in: a real engine on a real data directory, a real
 * HTTP server in the place of `api.example.com`, a real folder of files, a run `order-7` that
 * waits, connections `orders` (SQLite), `mail` and `cache`, the program `echo`. Examples stay readable, because names of this world are put in and taken out here.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ExampleWorld, NodeDefinition } from "#nodes/define-node.ts";
import { type Lockstitch, openLockstitch, RunFailed } from "../../src/lockstitch.ts";
import { programOrSkip, type RealServer, startRedis } from "../support/real-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { mailServer } from "./email/smtp-server.ts";
import { type LocalServer, localServer } from "./http/local-server.ts";

/** What every host of the examples is called. */
export const EXAMPLE_ORIGIN = "https://api.example.com";

/** Everything of a JSON value in which `from` is put in the place of `to`. */
export function replaced<Value>(value: Value, from: string, to: string): Value {
  return JSON.parse(
    JSON.stringify(value ?? null).replaceAll(JSON.stringify(from).slice(1, -1), to),
  ) as Value;
}

/** A server that answers as the example says; `null` never answers. */
export async function exampleServer(answers: ExampleWorld["http"] | null): Promise<LocalServer> {
  return await localServer((request, response) => {
    if (answers === null) return;
    const answer = answers?.[`${request.method} ${request.url}`] ?? { status: 404, body: null };
    response.writeHead(answer.status ?? 200, {
      ...(typeof answer.body === "string" ? {} : { "content-type": "application/json" }),
      ...answer.headers,
    });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  });
}

export async function writeFiles(root: string, files: ExampleWorld["files"]): Promise<void> {
  for (const [name, text] of Object.entries(files ?? {})) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

export interface ExampleEngine extends AsyncDisposable {
  /** Types whose service is not on this machine. */
  readonly missing: ReadonlySet<string>;
  /** Runs a workflow of one step; an error is the step's. */
  run(definition: NodeDefinition, at: number): Promise<{ output: unknown; error: string | null }>;
}

/** An engine for all examples, one after another. */
export async function exampleEngine(nodes: readonly NodeDefinition[]): Promise<ExampleEngine> {
  const directory = await temporaryDirectory();
  const fileRoot = join(directory.path, "files");
  const mails = await mailServer();
  const redis = await exampleRedis();
  writeOrders(join(directory.path, "orders.db"));
  const l = await openLockstitch({
    data: directory.path,
    nodes,
    fileRoot,
    http: { allowCidrs: ["127.0.0.0/8"] },
    settings: {
      shell: { commands: ["echo"] },
      connections: {
        orders: { kind: "sqlite", file: join(directory.path, "orders.db") },
        mail: {
          ...{ kind: "smtp", host: "127.0.0.1", port: mails.port, tls: "off" },
          from: "shop@example.com",
        },
        ...(redis === null
          ? {}
          : { cache: { kind: "redis", host: "127.0.0.1", port: redis.port } }),
      },
    },
    log: "error",
  });
  await startWaiting(l);
  return {
    missing: new Set(redis === null ? ["redis.command"] : []),
    async run(definition, at) {
      const example = definition.examples[at];
      if (example === undefined) throw new Error("there is no such example");
      await rm(fileRoot, { recursive: true, force: true });
      await mkdir(fileRoot, { recursive: true });
      await writeFiles(fileRoot, example.given?.files);
      await using server = await exampleServer(example.given?.http ?? {});
      const name = `example-${definition.type.replaceAll(".", "-").replaceAll("_", "-")}-${at}`;
      const step = {
        id: "example",
        uses: definition.type,
        with: replaced(example.with, EXAMPLE_ORIGIN, server.url),
      };
      await l.save({ language: 1, name, steps: [step], output: "${{ steps.example.output }}" });
      try {
        const { output } = await l.run(name);
        return { output: replaced(output, server.url, EXAMPLE_ORIGIN), error: null };
      } catch (error) {
        if (!(error instanceof RunFailed)) throw error;
        return { output: null, error: error.run.error?.code ?? null };
      }
    },
    async [Symbol.asyncDispose]() {
      await l.close({ graceMs: 0 });
      await mails[Symbol.asyncDispose]();
      await redis?.[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** A Redis without a password, or null where there is none; its examples are then passed over. */
async function exampleRedis(): Promise<RealServer | null> {
  const program = programOrSkip("redis");
  return program === null ? null : await startRedis(program, { hasPassword: false });
}

function writeOrders(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER)");
  database.exec("INSERT INTO orders VALUES (6, 4), (7, 9)");
  database.close();
}

async function startWaiting(l: Lockstitch): Promise<void> {
  const wait = { id: "wait", uses: "wait.signal", with: { name: "never" } };
  await l.save({ language: 1, name: "waits", steps: [wait] });
  await l.start("waits", {}, { id: "order-7" });
}
