/**
 * A server over the real embedded engine on a data directory of its own. Steps that use
 * `test.gate` log what they are told to and run until the test opens their gate, so that a run
 * stays where a test looks at it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type { Engine } from "#engine/engine.ts";
import { defineNode, NodeError } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import type { Secrets } from "#ports/secrets.ts";
import { createServer, listen, type ServerOptions } from "#server/create-server.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { systemIds } from "../../src/system/system-ids.ts";
import { systemRandom } from "../../src/system/system-random.ts";

export interface EmbeddedServer extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly engine: Engine;
  readonly dataDir: string;
  /** Lets the attempts at this gate, now and later, succeed with `output`, or fail. */
  open(gate: string, output?: unknown): void;
  fail(gate: string, message: string): void;
  listen(): Promise<string>;
  /** Closes the server and the engine, and keeps the data. */
  stop(): Promise<void>;
}

const LOCAL = { host: "127.0.0.1", port: 0, apiKeys: [] };
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Opens `dataDir`, or a new one that is removed at the end. */
export async function embeddedServer(
  options: Partial<ServerOptions> & { readonly dataDir?: string; readonly secrets?: Secrets } = {},
): Promise<EmbeddedServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "lockstitch-server-")));
  const gates = new Gates();
  const nodes = createRegistry([gates.node]);
  const store = await openSqliteStore({ dataDir, mode: "local" });
  const engine = await openEmbeddedEngine({
    store,
    nodes,
    clock: systemClock,
    random: systemRandom,
    ids: systemIds(systemClock),
    logger: SILENT,
    ...(options.secrets === undefined ? {} : { secrets: options.secrets }),
    services: {
      fileRoot: null,
      http: {
        allowPrivate: false,
        allowCidrs: [],
        allowHosts: [],
        denyHosts: [],
        redirectsMax: 0,
        responseBytesMax: 0,
        timeoutMs: 0,
        callsPerRunMax: 0,
      },
    },
  });
  const security = options.security ?? LOCAL;
  const app = createServer({
    engine,
    nodes,
    logger: SILENT,
    clock: systemClock,
    version: "0.0.0-test",
    ...options,
    security,
  });
  await app.ready();
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await app.close();
      await engine.close(0);
      await store.close();
    })();
    return stopping;
  };
  return {
    app,
    engine,
    dataDir,
    open: (gate, output) => gates.settle(gate, { output }),
    fail: (gate, message) => gates.settle(gate, { message }),
    listen: () => listen(app, security),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

type Outcome = { readonly output: unknown } | { readonly message: string };

class Gates {
  readonly #settled = new Map<string, Outcome>();
  readonly #waiting = new Map<string, ((outcome: Outcome) => void)[]>();
  readonly node = defineNode({
    type: "test.gate",
    title: "Gate",
    description: "Waits until the test opens its gate.",
    category: "user",
    icon: "circle",
    pure: false,
    config: z.strictObject({
      gate: z.string(),
      says: z.array(z.string()).default([]),
      far: z.number().optional(),
    }),
    output: z.unknown(),
    run: async ({ gate, says, far }, { signal, log, progress }) => {
      if (far !== undefined) progress(far, "on the way");
      for (const line of says) log.info(line, { gate });
      const outcome = await this.#outcome(gate, signal);
      if ("message" in outcome)
        throw new NodeError("user.gate", outcome.message, { retryable: true });
      return outcome.output ?? null;
    },
  });

  settle(gate: string, outcome: Outcome): void {
    this.#settled.set(gate, outcome);
    for (const resolve of this.#waiting.get(gate) ?? []) resolve(outcome);
    this.#waiting.delete(gate);
  }

  #outcome(gate: string, signal: AbortSignal): Promise<Outcome> {
    const settled = this.#settled.get(gate);
    if (settled !== undefined) return Promise.resolve(settled);
    return new Promise((resolve) => {
      this.#waiting.set(gate, [...(this.#waiting.get(gate) ?? []), resolve]);
      signal.addEventListener("abort", () => resolve({ message: "aborted" }), { once: true });
    });
  }
}
