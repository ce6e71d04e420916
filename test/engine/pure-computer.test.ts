/** pure-computer.ts: a real thread, and what happens to steps that only this thread can compute. */
import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { pureComputer } from "#engine/embedded/pure-computer.ts";
import { FarConfig } from "#kernel/far-config.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { systemClock } from "../../src/system/system-clock.ts";

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
  const computer = pureComputer(createRegistry([mine]), logger, systemClock);
  const items = Array.from({ length: 50_000 }, (_, index) => ({ index }));
  const [large, own, bad, unknown] = await Promise.all([
    computer.compute("noop", { value: items }),
    computer.compute("my.double", { n: 21 }),
    computer.compute("noop", { nonsense: 1 }),
    computer.compute("nobody.knows", {}),
  ]);
  // W2: as bytes, under the hash that the journal will name.
  if (large === undefined || !large.ok) throw new Error("the large one failed");
  const packed = large.output as PackedJson;
  expect(packed).toBeInstanceOf(PackedJson);
  expect(new TextDecoder().decode(packed.content)).toBe(JSON.stringify(items));
  expect(packed.hash).toBe(hash("sha256", JSON.stringify(items)));
  expect(jsonSizeUpTo(packed, 10)).toBe(packed.content.byteLength);
  // Below the bound it is the value itself.
  const small = items.slice(0, 5_000);
  expect(await computer.compute("noop", { value: small })).toEqual({ ok: true, output: small });
  expect(own).toEqual({ ok: true, output: 42 });
  expect(bad).toMatchObject({ ok: false, error: { code: "config_invalid" } });
  expect(unknown).toMatchObject({ ok: false, error: { code: "unknown_node_type" } });
  // Each type that only this thread may know is reported once, however often it is computed.
  expect(await computer.compute("my.double", { n: 2 })).toEqual({ ok: true, output: 4 });
  expect(warnings.filter((message) => message.includes("user's pure node"))).toHaveLength(2);
  await computer.close();
});

test("a configuration that cannot even be read is a failed step, and ends neither thread", async () => {
  const errors: string[] = [];
  const log = (_: unknown, message: string) => void errors.push(message);
  const computer = pureComputer(
    createRegistry(),
    { debug: log, info: log, warn: log, error: log },
    systemClock,
  );
  const broken = new FarConfig({
    template: { value: "${{ [input, 1] }}" },
    ...{ seed: "s", functions: [] },
    names: { input: new PackedJson(new TextEncoder().encode("[1,"), "no hash of it") },
  });
  expect(await computer.compute("noop", broken)).toMatchObject({
    ok: false,
    error: { code: "internal", retryable: false },
  });
  expect(await computer.compute("noop", { value: 1 })).toEqual({ ok: true, output: 1 });
  await computer.close();
});

/** Some hundred milliseconds, then out of fuel. */
const long = () => {
  const list = Array.from({ length: 20_000 }, (_, index) => index);
  const source = "(x) => list.filter((y) => y == x).length > 0";
  return new FarConfig({
    template: { items: "${{ list }}" },
    ...{ seed: "s", names: { list } },
    functions: [{ field: "filter", source, names: { list }, seed: "t" }],
  });
};

test("W5 a computation is over at its deadline, and what waits behind it goes on", async () => {
  const log = () => {};
  const computer = pureComputer(
    createRegistry([mine]),
    { debug: log, info: log, warn: log, error: log },
    systemClock,
  );
  const quick = () => computer.compute("noop", { value: 1 });
  const done = { ok: true, output: 1 };
  const late = { ok: false, isLate: true, error: { code: "deadline_exceeded" } };
  expect(await quick()).toEqual(done);
  expect(await computer.compute("data.filter", long())).toMatchObject({ ok: false });
  const soon = systemClock.nowMs() + 5;
  const order: string[] = [];
  const noted = async (name: string, outcome: ReturnType<typeof quick>) => {
    const answer = await outcome;
    order.push(name);
    return answer;
  };
  const [cut, behind, alsoCut, last, unlimited] = await Promise.all([
    noted("cut", computer.compute("data.filter", long(), soon)),
    noted("behind", quick()),
    // Over while it waits: the thread is stopped again when it comes to it.
    noted("also cut", computer.compute("data.filter", long(), soon)),
    noted("last", quick()),
    noted("unlimited", computer.compute("data.filter", long(), soon + 600_000)),
  ]);
  expect([cut, alsoCut]).toMatchObject([late, late]);
  expect([behind, last]).toEqual([done, done]);
  expect(unlimited).toMatchObject({ error: { code: "limit_exceeded" } });
  expect(order.filter((name) => !name.includes("cut"))).toEqual(["behind", "last", "unlimited"]);
  expect(order.indexOf("cut")).toBeLessThan(order.indexOf("behind"));
  expect(order.indexOf("also cut")).toBeLessThan(order.indexOf("last"));
  // What only this thread can compute is found late.
  expect(await computer.compute("my.double", { n: 2 }, soon)).toMatchObject(late);
  await computer.close();
});
