/** pure-computer.ts: a real thread, and what happens to steps that only this thread can compute. */
import { expect, test } from "vitest";
import { z } from "zod";
import { pureComputer } from "#engine/embedded/pure-computer.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";

const mine = defineNode({
  ...({ type: "my.double", title: "", description: "", category: "user", icon: "x" } as const),
  pure: true,
  config: z.strictObject({ n: z.number() }),
  output: z.number(),
  run: ({ n }) => n * 2,
});

test("built-in types are computed in a thread, a user's own here, and failures are outcomes", async () => {
  const warnings: string[] = [];
  const log = (_: unknown, message: string) => void warnings.push(message);
  const logger = { debug: log, info: log, warn: log, error: log };
  const computer = pureComputer(createRegistry([mine]), logger);
  const items = Array.from({ length: 50_000 }, (_, index) => ({ index }));
  const [large, own, bad, unknown] = await Promise.all([
    computer.compute("noop", { value: items }),
    computer.compute("my.double", { n: 21 }),
    computer.compute("noop", { nonsense: 1 }),
    computer.compute("nobody.knows", {}),
  ]);
  expect(large).toEqual({ ok: true, output: items });
  expect(own).toEqual({ ok: true, output: 42 });
  expect(bad).toMatchObject({ ok: false, error: { code: "config_invalid" } });
  expect(unknown).toMatchObject({ ok: false, error: { code: "unknown_node_type" } });
  // Each type that only this thread may know is reported once, however often it is computed.
  expect(await computer.compute("my.double", { n: 2 })).toEqual({ ok: true, output: 4 });
  expect(warnings.filter((message) => message.includes("user's pure node"))).toHaveLength(2);
  await computer.close();
});
