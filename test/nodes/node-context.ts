/** A context for running one attempt in a test, with everything allowed that a local test needs. */
import { parseConnections } from "#nodes/connections/connection-schema.ts";
import { ConnectionBook } from "#nodes/connections/connections.ts";
import type { HttpRules, NodeContext, NodeServices, ShellRules } from "#nodes/define-node.ts";
import { NO_SECRETS_PORT, type Secrets } from "#ports/secrets.ts";

/** The operator's defaults. */
export const strictHttp: HttpRules = {
  allowPrivate: false,
  allowCidrs: [],
  allowHosts: [],
  denyHosts: [],
  redirectsMax: 10,
  responseBytesMax: 10 * 1024 * 1024,
  timeoutMs: 30_000,
  callsPerRunMax: 100,
};

const quietLog = { debug() {}, info() {}, warn() {}, error() {} };

/** `overrides` replace single parts; `http` and `fileRoot` go into the services. */
export function nodeContext(
  overrides: Partial<NodeContext> & {
    readonly http?: Partial<HttpRules>;
    readonly fileRoot?: string | null;
    readonly sendSignal?: NodeServices["sendSignal"];
    readonly connections?: ConnectionBook;
    readonly shell?: ShellRules;
  } = {},
): NodeContext {
  const { http, fileRoot, sendSignal, connections, shell, ...context } = overrides;
  return {
    runId: "run-1",
    path: "step",
    workflow: "test",
    tenant: "default",
    idempotencyKey: "key-1",
    attempt: 1,
    signal: new AbortController().signal,
    deadlineAtMs: null,
    log: quietLog,
    progress() {},
    heartbeat() {},
    lastHeartbeat: null,
    services: {
      fileRoot: fileRoot ?? null,
      http: { ...strictHttp, ...http },
      ...(connections === undefined ? {} : { connections }),
      ...(shell === undefined ? {} : { shell }),
      sendSignal: sendSignal ?? (() => Promise.resolve()),
    },
    ...context,
  };
}

/** Connections as a configuration file has them; closed at the end of the scope. */
export function connectionBook(
  written: Readonly<Record<string, unknown>>,
  secrets: Secrets = NO_SECRETS_PORT,
): ConnectionBook {
  const { connections, problems } = parseConnections(written);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return new ConnectionBook(connections, secrets);
}

/** Secrets whose values can be changed while they are in use. */
export function changingSecrets(values: Record<string, string>): Secrets {
  const versionOf = (name: string) => `v-${values[name]?.length}-${values[name]?.slice(-2)}`;
  return {
    resolve: async (_tenant, name) => {
      const value = values[name];
      return value === undefined ? null : { value, version: versionOf(name) };
    },
    version: (_tenant, name) => versionOf(name),
    list: async () => Object.keys(values).sort(),
    places: (_tenant, name) => [`the test's own ${name}`],
  };
}
