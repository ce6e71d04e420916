/**
 * Real processes: a step that exhausts the memory kills its host three times and is failed with
 * `host_lost`; twenty long steps beside it and fifty short runs all succeed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startLockstitch } from "../cli/lockstitch-process.ts";
import { pause } from "../torture/pause.ts";

const INNOCENTS = 20;
const SHORT_RUNS = 50;
const DEADLINE_MS = 180_000;
const CONFIG = fileURLToPath(new URL("memory-nodes.ts", import.meta.url));

interface RunAnswer {
  readonly id: string;
  readonly status: string;
  readonly error: { readonly code: string } | null;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Repeats a call until it is answered: the server is away now and then. */
async function call(url: string, init: RequestInit = {}): Promise<unknown> {
  for (const untilMs = performance.now() + DEADLINE_MS; ; await pause(100)) {
    try {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(5_000), ...init });
      if (answer.ok) return await answer.json();
      if (answer.status < 500) throw new RangeError(`${url}: ${await answer.text()}`);
    } catch (error) {
      if (error instanceof RangeError || performance.now() > untilMs) throw error;
    }
  }
}

test("a step that exhausts the memory takes down nothing but itself", {
  timeout: DEADLINE_MS,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "lockstitch-memory-"));
  const port = await freePort();
  const api = `http://127.0.0.1:${port}/api/v1`;
  try {
    await using program = startLockstitch(
      [
        "start",
        "--demo",
        "--port",
        String(port),
        "--data",
        join(folder, "data"),
        "--config",
        CONFIG,
      ],
      { cwd: folder, env: { NODE_OPTIONS: "--max-old-space-size=128" } },
    );
    const save = (name: string, uses: string) =>
      call(`${api}/workflows/${name}`, {
        method: "PUT",
        body: JSON.stringify({ language: 1, name, steps: [{ id: "only", uses }] }),
      });
    const start = (workflow: string, id: string) =>
      call(`${api}/runs`, { method: "POST", body: JSON.stringify({ workflow, id }) });
    const get = async (id: string) => (await call(`${api}/runs/${id}`)) as RunAnswer;
    await program.seen(/serves/);
    await save("innocent", "test.hold");
    await save("poison", "test.eat");
    await save("short", "noop");
    const innocents = Array.from({ length: INNOCENTS }, (_, at) => `innocent-${at}`);
    await Promise.all(innocents.map((id) => start("innocent", id)));
    await start("poison", "poison");
    const shorts = Array.from({ length: SHORT_RUNS }, (_, at) => `short-${at}`);
    for (const id of shorts) {
      await start("short", id);
      await pause(50);
    }
    const waiting = new Set(["poison", ...innocents, ...shorts]);
    const ended = new Map<string, RunAnswer>();
    const texts = new Set<string>();
    while (waiting.size > 0) {
      for (const id of waiting) {
        const run = await get(id);
        if (!["succeeded", "failed", "cancelled"].includes(run.status)) break;
        waiting.delete(id);
        ended.set(id, run);
      }
      const [next] = waiting;
      if (next === undefined) break;
      const { waits } = (await call(`${api}/runs/${next}/explain`)) as {
        readonly waits: readonly { readonly text: string }[];
      };
      for (const { text } of waits) texts.add(text);
      await pause(200);
    }
    expect(ended.get("poison")).toMatchObject({ status: "failed", error: { code: "host_lost" } });
    const failed = [...innocents, ...shorts].filter((id) => ended.get(id)?.status !== "succeeded");
    expect(failed).toEqual([]);
    expect([...texts].some((text) => text.includes("waits to run alone"))).toBe(true);
    program.child.kill("SIGTERM");
    const { stderr, stdout } = await program.ended();
    const restarts = `${stdout}${stderr}`.match(/was killed by/g);
    expect(restarts).toHaveLength(3);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});
