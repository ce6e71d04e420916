/** The side of the plugin's process, without one: messages in, messages out. */
import { expect, test } from "vitest";
import { z } from "zod";
import { defineNode } from "#nodes/define-node.ts";
import { definePlugin, type PluginContext } from "#plugins/define-plugin.ts";
import type { FromPlugin, ToPlugin } from "#plugins/messages.ts";
import { attemptsOf } from "#plugins/plugin-attempts.ts";

const CONTEXT = {
  ...{ runId: "r", path: "p", workflow: "w", tenant: "t", idempotencyKey: "k", attempt: 1 },
  ...{ deadlineAtMs: null, lastHeartbeat: null },
};

const run = defineNode({
  ...{ type: "probe.run", title: "Run", description: "", category: "user", icon: "x" },
  pure: false,
  config: z.strictObject({ what: z.enum(["twice", "wait", "call", "log", "signal"]) }),
  output: z.unknown(),
  async run({ what }, context: PluginContext) {
    if (what === "twice") return [context.runId, context.runId];
    if (what === "log") {
      context.log.debug("a", { b: 1 });
      context.progress(1);
      context.heartbeat();
    }
    if (what === "call") return await context.http.request({ url: "https://a.example" });
    if (what === "signal")
      await context.services.sendSignal({ ...CONTEXT, name: "n", key: null, payload: 1, id: "i" });
    if (what === "wait")
      await new Promise((_, reject) => {
        context.signal.addEventListener("abort", () => reject(new Error("late")));
      });
    return null;
  },
});
const plugin = definePlugin({ name: "probe", version: "1.0.0", description: "", nodes: [run] });

/** Sends one call, then what `more` gives for each answer, until the call is settled. */
async function settled(
  config: unknown,
  more: (message: FromPlugin) => ToPlugin | null = () => null,
  type = "probe.run",
): Promise<readonly FromPlugin[]> {
  const sent: FromPlugin[] = [];
  await new Promise<void>((resolve) => {
    const attempts = attemptsOf(plugin, (message) => {
      sent.push(message);
      if (message.kind === "done" || message.kind === "failed") return resolve();
      const next = more(message);
      if (next !== null && next.kind !== "ping" && next.kind !== "stop")
        queueMicrotask(() => attempts.receive(next));
    });
    attempts.receive({ kind: "call", id: 1, type, config, context: CONTEXT });
    if ((config as { what?: string }).what === "wait") attempts.receive({ kind: "abort", id: 1 });
  });
  return sent;
}

test("an attempt gives its output, or its error with a code", async () => {
  expect(await settled({ what: "twice" })).toEqual([{ kind: "done", id: 1, output: ["r", "r"] }]);
  const codeOf = async (config: object, type?: string) => {
    const last = (await settled(config, undefined, type)).at(-1);
    return last?.kind === "failed" ? last.error.code : null;
  };
  expect(await codeOf({ what: "nothing" })).toBe("config_invalid");
  expect(await codeOf({ what: "wait" })).toBe("aborted");
  expect(await codeOf({ what: "signal" })).toBe("failed");
  expect(await codeOf({}, "probe.other")).toBe("unknown_node_type");
});

test("what it says goes to the host before its output", async () => {
  expect(await settled({ what: "log" })).toEqual([
    { kind: "log", id: 1, level: "debug", message: "a", fields: { b: 1 } },
    { kind: "progress", id: 1, fraction: 1 },
    { kind: "heartbeat", id: 1, details: undefined },
    { kind: "done", id: 1, output: null },
  ]);
});

test("a call is asked of the host, and its answer or error is the attempt's", async () => {
  const answered = (answer: Extract<ToPlugin, { kind: "answer" }>["answer"]) =>
    settled({ what: "call" }, (message) =>
      message.kind === "http" ? { kind: "answer", call: message.call, answer } : null,
    );
  expect(await answered({ ok: true, output: { status: 200 } })).toEqual([
    { kind: "http", id: 1, call: 1, request: { url: "https://a.example" } },
    { kind: "done", id: 1, output: { status: 200 } },
  ]);
  const error = { code: "http.503", message: "no", retryable: true, details: { status: 503 } };
  expect((await answered({ ok: false, error })).at(-1)).toEqual({ kind: "failed", id: 1, error });
});

test("what exports no plugin says what to write", () => {
  for (const exported of [undefined, null, {}, { nodes: [1] }, { nodes: {} }])
    expect(() => attemptsOf(exported, () => {})).toThrow(/export const plugin = definePlugin/);
});
