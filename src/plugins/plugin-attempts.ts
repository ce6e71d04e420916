/**
 * The attempts of a plugin, in the plugin's process: each runs with a context whose parts are
 * messages to the host, behind the same guards as a built-in node (attempt.ts).
 */

import { NodeError, type StepErrorCode } from "#errors/step-error.ts";
import { runAttempt } from "#nodes/attempt.ts";
import { AttemptAbort } from "#nodes/attempt-abort.ts";
import type { HttpRules, NodeDefinition, NodeLog } from "#nodes/define-node.ts";
import { nodeSchema } from "#nodes/node-schema.ts";
import type { Plugin, PluginContext, PluginHttpAnswer } from "./define-plugin.ts";
import { FrameFault } from "./frames.ts";
import type { FromPlugin, HttpOutcome, PlainError, ToPlugin } from "./messages.ts";

export interface PluginAttempts {
  readonly manifest: unknown;
  receive(message: Exclude<ToPlugin, { kind: "ping" | "stop" }>): void;
}

type Send = (message: FromPlugin) => void;
type Call = Extract<ToPlugin, { kind: "call" }>;

const NO_CALLS: HttpRules = {
  ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
  ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
};

/** Throws an Error that says what the entry lacks. */
export function attemptsOf(exported: unknown, send: Send): PluginAttempts {
  const plugin = pluginOf(exported);
  const types = new Map(plugin.nodes.map((node) => [node.type, node]));
  const aborts = new Map<number, AttemptAbort>();
  const waiting = new Map<number, (outcome: HttpOutcome) => void>();
  let lastHttpCall = 0;

  const request = (id: number, asked: object): Promise<PluginHttpAnswer> => {
    const call = ++lastHttpCall;
    return new Promise((resolve, reject) => {
      waiting.set(call, (outcome) => {
        if (outcome.ok) resolve(outcome.output as PluginHttpAnswer);
        else reject(errorOf(outcome.error));
      });
      send({ kind: "http", id, call, request: { ...asked } });
    });
  };

  const run = async ({ id, type, config, context }: Call): Promise<void> => {
    const abort = new AttemptAbort();
    aborts.set(id, abort);
    const definition = types.get(type);
    const result =
      definition === undefined
        ? unknownType(type)
        : await runAttempt(definition, config, contextOf(id, context, abort, send, request), abort);
    aborts.delete(id);
    if (result.ok) sendOutput(id, result.output, send);
    else send({ kind: "failed", id, error: result.error });
  };

  return {
    manifest: manifestOf(plugin),
    receive(message) {
      if (message.kind === "call") void run(message);
      else if (message.kind === "abort") aborts.get(message.id)?.abort();
      else {
        waiting.get(message.call)?.(message.answer);
        waiting.delete(message.call);
      }
    },
  };
}

function pluginOf(exported: unknown): Plugin {
  const plugin = exported as Plugin | null | undefined;
  const isPlugin = typeof plugin === "object" && plugin !== null && Array.isArray(plugin.nodes);
  if (isPlugin && plugin.nodes.every(isNode)) return plugin;
  throw new Error(
    "the entry exports no plugin: write `export const plugin = definePlugin({ ..., nodes: [defineNode({ ... })] })`",
  );
}

function isNode(node: NodeDefinition): boolean {
  return typeof node === "object" && node !== null && "config" in node && "output" in node;
}

function manifestOf(plugin: Plugin): unknown {
  const { api, name, version, description, permissions = {}, nodes } = plugin;
  return {
    ...{ api, name, version, description, permissions },
    nodes: nodes.map((node) => ({
      ...{ type: node.type, title: node.title, description: node.description },
      ...{ category: node.category, icon: node.icon, version: node.version },
      execution: node.execution,
      config: nodeSchema(node.config, "input"),
      output: nodeSchema(node.output, "output"),
      constantFields: [...(node.constantFields ?? [])],
      errors: node.errors,
      examples: node.examples,
    })),
  };
}

function contextOf(
  id: number,
  data: Call["context"],
  abort: AttemptAbort,
  send: Send,
  request: (id: number, asked: object) => Promise<PluginHttpAnswer>,
): PluginContext {
  const say =
    (level: "debug" | "info" | "warn" | "error"): NodeLog["info"] =>
    (message, fields) =>
      send({ kind: "log", id, level, message: String(message), ...(fields && { fields }) });
  return {
    ...data,
    get signal() {
      return abort.signal;
    },
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    progress: (fraction, note) =>
      send({ kind: "progress", id, fraction, ...(note === undefined ? {} : { note }) }),
    heartbeat: (details) => send({ kind: "heartbeat", id, details }),
    http: { request: (asked) => request(id, asked) },
    services: {
      fileRoot: null,
      http: NO_CALLS,
      sendSignal: () =>
        Promise.reject(new NodeError("failed", "A plugin cannot send signals; use signal.send.")),
    },
  };
}

function sendOutput(id: number, output: unknown, send: Send): void {
  try {
    send({ kind: "done", id, output });
  } catch (error) {
    if (!(error instanceof FrameFault)) throw error;
    const code = "limit_exceeded";
    const failure = { code, message: `The output is ${error.message}.`, retryable: false };
    send({ kind: "failed", id, error: failure });
  }
}

function unknownType(type: string) {
  const message = `The plugin has no type ${type}.`;
  return { ok: false, error: { code: "unknown_node_type", message, retryable: false } } as const;
}

function errorOf({ code, message, retryable, details }: PlainError): NodeError {
  return new NodeError(code as StepErrorCode, message, { retryable, details });
}
