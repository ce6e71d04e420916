/** Middleware in an engine: the step's order, secrets kept in, retries through the whole chain. */
import { expect, test } from "vitest";
import type { Middleware } from "#nodes/middleware.ts";
import { openBench, work, workflow } from "./engine-fixture.ts";

const canary = "canary-7f3a9";
const secrets = {
  resolve: async (_tenant: string, name: string) =>
    name === "KEY" ? { value: canary, version: "v1" } : null,
  version: () => "v1",
  list: async () => ["KEY"],
  places: () => ["the test"],
};

function leaking(calls: unknown[]): Middleware {
  return {
    name: "leaking",
    async run(context, config, next) {
      calls.push(JSON.stringify(config));
      context.log.info(`sees ${JSON.stringify(config)}`);
      const output = await next();
      return { output, config };
    },
  };
}

test("a middleware sees a secret as the node does, and no more of it is kept", async () => {
  const calls: unknown[] = [];
  await using bench = await openBench({
    secrets,
    chain: { middleware: [leaking(calls)] },
    work: { async call() {} },
  });
  const config = { key: "${{ secrets.KEY }}" };
  const run = await bench.run(
    workflow("secret", {
      steps: [work("a", "call", { with: config })],
      output: "${{ steps.a.output }}",
    }),
  );
  expect(run.status).toBe("succeeded");
  expect(String(calls[0])).toContain(canary);
  expect(JSON.stringify(run.output)).toContain("KEY");
  expect(JSON.stringify([run, bench.logs])).not.toContain(canary);
});

test("every attempt passes the chain again; a step may have its own order, and names what there is", async () => {
  let calls = 0;
  const flaky: Middleware = {
    name: "flaky",
    run(_context, _config, next) {
      if (++calls < 3) throw new Error("not yet");
      return next();
    },
  };
  await using bench = await openBench({
    chain: { middleware: [flaky] },
    work: { call: async () => "done" },
  });
  const retry = { attempts: 3, initial: "1s" };
  const run = await bench.run(
    workflow("orders", {
      defaults: { middleware: [] },
      steps: [
        work("plain", "call"),
        work("flaky", "call", { retry, middleware: ["flaky", "schema"] }),
        work("nobody", "call", { middleware: ["nobody"], needs: [], onError: "continue" }),
      ],
      output: {
        flaky: "${{ steps.flaky.attempts }}",
        nobody: "${{ steps.nobody.error.message }}",
      },
    }),
  );
  expect(calls).toBe(3);
  expect(run.output).toMatchObject({ flaky: 3 });
  expect((run.output as { nobody: string }).nobody).toContain("no middleware `nobody`");
});
