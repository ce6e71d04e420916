/** A server over a recorded engine, for injection and, with listen(), for real sockets. */
import type { FastifyInstance } from "fastify";
import { createRegistry } from "#nodes/registry.ts";
import type { ServerOptions } from "#server/create-server.ts";
import { createServer, listen } from "#server/create-server.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { type RecordedEngine, recordedEngine } from "./recorded-engine.ts";

export interface LogLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface ServerFixture extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly engine: RecordedEngine;
  readonly log: LogLine[];
  /** Listens on a free port and answers the address. */
  listen(): Promise<string>;
}

const LOCAL = { host: "127.0.0.1", port: 0, apiKeys: [] };

export async function serverFixture(
  options: Partial<ServerOptions> & { readonly recorded?: RecordedEngine } = {},
): Promise<ServerFixture> {
  const engine = options.recorded ?? recordedEngine(systemClock.nowMs);
  const log: LogLine[] = [];
  const write = (level: string) => (fields: LogLine["fields"], message: string) =>
    void log.push({ level, fields, message });
  const nodes = createRegistry();
  const security = options.security ?? LOCAL;
  const app = createServer({
    engine,
    nodes,
    logger: {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    },
    clock: systemClock,
    security,
    version: "0.0.0-test",
    ...options,
  });
  await app.ready();
  return {
    app,
    engine,
    log,
    listen: () => listen(app, security),
    [Symbol.asyncDispose]: () => app.close(),
  };
}
