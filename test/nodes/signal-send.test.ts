/** signal.send: what it hands over, under which id, and how the host's errors come through. */
import { expect, it } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import { runAttempt } from "#nodes/attempt.ts";
import { signalSend } from "#nodes/signal-send.ts";
import { nodeContext } from "./node-context.ts";

it("sends under an id that is the same for every attempt", async () => {
  const sent: unknown[] = [];
  for (const attempt of [1, 2]) {
    const context = nodeContext({
      attempt,
      idempotencyKey: "k",
      sendSignal: async (signal) => void sent.push(signal),
    });
    const result = await runAttempt(
      signalSend,
      { runId: "r", name: "go", key: 7, payload: [1] },
      context,
    );
    expect(result).toEqual({ ok: true, output: { runId: "r", name: "go", id: "step:k" } });
  }
  const signal = {
    tenant: "default",
    runId: "r",
    name: "go",
    key: "7",
    payload: [1],
    id: "step:k",
  };
  expect(sent).toEqual([signal, signal]);
});

it.each([
  ["run_not_found", false],
  ["run_terminal", false],
  ["signals_full", true],
] as const)("fails with the host's %s, retryable %s", async (code, retryable) => {
  const context = nodeContext({
    sendSignal: () => Promise.reject(new LockstitchError(code, "why")),
  });
  expect(await runAttempt(signalSend, { runId: "r", name: "go" }, context)).toMatchObject({
    ok: false,
    error: { code: "failed", message: expect.stringMatching(/why/), retryable, details: { code } },
  });
});
