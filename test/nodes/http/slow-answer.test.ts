/** How long an answer may take. In a file of its own: the clock must be a fake one when the HTTP client is loaded. */
import { expect, it, vi } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { resolveBySystem } from "#nodes/http/client.ts";
import { defineHttpRequest } from "#nodes/http/request.ts";
import { nodeContext } from "../node-context.ts";
import { localServer } from "./local-server.ts";

const http = { allowCidrs: ["127.0.0.1/32"] };

it("an answer may take as long as the call's own time limit", async () => {
  const called = Promise.withResolvers<() => void>();
  await using server = await localServer((_request, response) => {
    called.resolve(() => response.end("late"));
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  try {
    const config = { url: server.url, timeoutMs: 3_600_000 };
    const running = runAttempt(defineHttpRequest(resolveBySystem), config, nodeContext({ http }));
    const answer = await called.promise;
    await vi.advanceTimersByTimeAsync(1_000_000);
    answer();
    expect(await running).toMatchObject({ ok: true, output: { body: "late" } });
  } finally {
    vi.useRealTimers();
  }
});
