/**
 * Runs graphs on the real embedded engine, SQLite and built-in node types, for the corpora: what the
 * other engine's configuration allowed becomes this one's. Names are not looked up anywhere.
 */
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type { Engine } from "#engine/engine.ts";
import type { ConnectionSettings } from "#nodes/connections/connection-schema.ts";
import { ConnectionBook } from "#nodes/connections/connections.ts";
import type { HttpRules } from "#nodes/define-node.ts";
import { defineHttpRequest } from "#nodes/http/request.ts";
import { createRegistry, type NodeRegistry } from "#nodes/registry.ts";
import { NO_SECRETS_PORT } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { parsePath } from "#workflow/path.ts";
import { formatProblem } from "#workflow/problem.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { systemIds } from "../../src/system/system-ids.ts";
import { systemRandom } from "../../src/system/system-random.ts";
import { context } from "../engine/engine-fixture.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import type { WorkflowCase } from "./graph-cases.ts";
import { ownNodes } from "./graph-own-nodes.ts";

/** What became of a graph. */
export type Outcome =
  | {
      readonly results: Readonly<Record<string, unknown>>;
      readonly output: unknown;
      readonly error: null;
    }
  | {
      /** What the nodes gave that ran before it. */
      readonly results?: Readonly<Record<string, unknown>>;
      readonly error: { readonly nodes: readonly string[]; readonly message: string };
    };

const http = defineHttpRequest(async (hostname) => {
  throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: "ENOTFOUND" });
});

/** The node types that the recorded engine had in a case. */
export function nodesFor({ test }: { readonly test: string }): NodeRegistry {
  const isBare = test === "TestNewWithRegistry.func3";
  const isPlain = test === "TestCustomExecutorErrorHandling.func2";
  const all = createRegistry(isPlain ? [] : ownNodes);
  const known = (type: string) => !isBare || type === "reverse_string";
  return {
    ...all,
    get: (type) => (type === http.type ? http : known(type) ? all.get(type) : undefined),
    definition: (type) => (type === http.type ? http : all.definition(type)),
    names: () => all.names().filter(known),
  };
}

function rulesOf(config: WorkflowCase["config"]): HttpRules {
  const calls = Number(config["MaxHTTPCallsPerExec"] ?? 100);
  return {
    allowPrivate: config["AllowLocalhost"] === true,
    allowCidrs: [],
    allowHosts: (config["AllowedDomains"] as readonly string[] | undefined) ?? [],
    denyHosts: [],
    redirectsMax: 10,
    responseBytesMax: 10_000_000,
    timeoutMs: 10_000,
    // There 0 means that nothing limits the calls.
    callsPerRunMax: config["AllowHTTP"] === true ? calls || 1_000 : 0,
  } as HttpRules;
}

const DEADLINE_MS = 120_000;

export class GraphRunner implements AsyncDisposable {
  readonly #connections: ConnectionBook;
  readonly #open = new Map<
    string,
    Promise<{ engine: Engine; store: Store; folder: AsyncDisposable }>
  >();

  constructor(connections: ConnectionSettings = {}) {
    this.#connections = new ConnectionBook(connections, NO_SECRETS_PORT);
  }

  /** Runs the graph in the configuration of `one`. */
  async run(graph: unknown, one: Pick<WorkflowCase, "test" | "config">): Promise<Outcome> {
    const nodes = nodesFor(one);
    const text = typeof graph === "string" ? graph : JSON.stringify(graph);
    const parsed = parseWorkflow(text, { nodes, format: "json" });
    if (parsed.definition === null) {
      const message = parsed.problems.map(formatProblem).join("\n");
      return { error: { nodes: namedNodes(message), message } };
    }
    const { engine } = await this.#engineFor(one, nodes);
    const { run } = await engine.start(context, { workflow: parsed.definition });
    return outcomeOf(engine, run.id);
  }

  /** Runs the graph, and lets another engine on the same store take the run over. */
  async runAndReopen(graph: unknown, one: Pick<WorkflowCase, "test" | "config">): Promise<Outcome> {
    const nodes = nodesFor(one);
    const { definition } = parseWorkflow(JSON.stringify(graph), { nodes, format: "json" });
    if (definition === null) throw new Error(`${one.test} is no valid graph`);
    await using folder = await temporaryDirectory();
    const store = await openSqliteStore({ dataDir: folder.path });
    const first = await openEngine(store, rulesOf(one.config), nodes, this.#connections);
    const { run } = await first.start(context, { workflow: definition });
    await outcomeOf(first, run.id);
    await first.close(0);
    const second = await openEngine(store, rulesOf(one.config), nodes, this.#connections);
    const outcome = await outcomeOf(second, run.id);
    await second.close(0);
    await store.close();
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opened of this.#open.values()) {
      const { engine, store, folder } = await opened;
      await engine.close(0);
      await store.close();
      await folder[Symbol.asyncDispose]();
    }
    await this.#connections.close();
  }

  #engineFor(one: Pick<WorkflowCase, "test" | "config">, nodes: NodeRegistry) {
    const rules = rulesOf(one.config);
    const key = JSON.stringify([rules, nodes.names()]);
    const opened = this.#open.get(key) ?? open(rules, nodes, this.#connections);
    this.#open.set(key, opened);
    return opened;
  }
}

async function outcomeOf(engine: Engine, runId: string): Promise<Outcome> {
  const ended = await engine.wait(context, runId, DEADLINE_MS);
  if (ended.endedAtMs === null) throw new Error(`the run is still ${ended.status}`);
  const { steps } = await engine.state(context, runId);
  const given = steps
    .filter(({ inner, status }) => !inner && status === "succeeded")
    .map(({ id, output }) => [id, output] as const);
  const results = Object.fromEntries(given);
  if (ended.error === null) return { results, output: ended.output ?? null, error: null };
  const id = parsePath(ended.error.path ?? "")?.[0]?.id;
  const nodes = id === undefined ? [] : [id];
  return { results, error: { nodes, message: ended.error.message } };
}

async function open(rules: HttpRules, nodes: NodeRegistry, connections: ConnectionBook) {
  const folder = await temporaryDirectory();
  const store = await openSqliteStore({ dataDir: folder.path });
  return { engine: await openEngine(store, rules, nodes, connections), store, folder };
}

function openEngine(
  store: Store,
  rules: HttpRules,
  nodes: NodeRegistry,
  connections: ConnectionBook,
): Promise<Engine> {
  const quiet = () => {};
  return openEmbeddedEngine({
    ...{ store, nodes, clock: systemClock, random: systemRandom, ids: systemIds(systemClock) },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    services: { fileRoot: null, http: rules, connections },
  });
}

function namedNodes(message: string): readonly string[] {
  return [...message.matchAll(/[Nn]ode `([^`]+)`/g)].map(([, id]) => id ?? "");
}
