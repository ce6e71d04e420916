/** A context for running one attempt in a test, with everything allowed that a local test needs. */
import type { HttpRules, NodeContext, NodeServices } from "#nodes/define-node.ts";

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
  } = {},
): NodeContext {
  const { http, fileRoot, sendSignal, ...context } = overrides;
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
      sendSignal: sendSignal ?? (() => Promise.resolve()),
    },
    ...context,
  };
}
