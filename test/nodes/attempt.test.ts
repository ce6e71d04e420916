/** The chain around a node: schemas in and out, plain JSON, limits, aborts, every way to throw. */
import { expect, it } from "vitest";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { runAttempt, runPure } from "#nodes/attempt.ts";
import { defineNode, lambda, type NodeContext } from "#nodes/define-node.ts";
import { ExpressionError } from "#workflow/expression/expression.ts";
import { nodeContext } from "./node-context.ts";

const base = {
  type: "test.node",
  title: "Test",
  description: "",
  category: "user",
  icon: "x",
} as const;

function pureReturning(make: () => unknown, output: z.ZodType = z.unknown()) {
  return defineNode({ ...base, pure: true, config: z.strictObject({}), output, run: make });
}

function effect(run: (context: NodeContext) => Promise<unknown>) {
  return defineNode({
    ...base,
    pure: false,
    config: z.strictObject({ n: z.number().optional() }),
    output: z.unknown(),
    run: (_, context) => run(context),
  });
}

class Point {
  x = 1;
}
const cyclic: Record<string, unknown> = {};
cyclic["self"] = [cyclic];
const bomb = Array.from({ length: 40 }).reduce<unknown>((inner) => [inner, inner], "x");

it.each([
  ["undefined", undefined, null],
  ["undefined in an array", [undefined, 1], [null, 1]],
  ["undefined in an object", { a: undefined, b: 1 }, { b: 1 }],
  ["a date", { at: new Date(0) }, { at: "1970-01-01T00:00:00.000Z" }],
  ["-0", [-0], [0]],
  ["a hole", new Array(2), [null, null]],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["__proto__ as data", JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
])("normalises %s", (_, returned, output) => {
  const result = runPure(
    pureReturning(() => returned),
    {},
  );
  expect(result).toStrictEqual({ ok: true, output });
  expect(JSON.stringify(result)).toBe(JSON.stringify({ ok: true, output }));
});

it.each([
  ["NaN", { a: [1, Number.NaN] }, "output.a[1] is NaN"],
  ["Infinity", Number.POSITIVE_INFINITY, "output is Infinity"],
  ["a BigInt", { a: 1n }, "output.a is a BigInt"],
  ["a function", [() => 1], "output[0] is a function"],
  ["a symbol", Symbol("x"), "output is a symbol"],
  ["a class instance", { p: new Point() }, "output.p is a Point"],
  ["a Map", new Map(), "output is a Map"],
  ["bytes", new Uint8Array(1), "output is a Uint8Array"],
  ["an invalid date", new Date(Number.NaN), "output is an invalid date"],
  ["a cycle", cyclic, "contains itself"],
])("refuses %s and names the place", (_, returned, message) => {
  expect(
    runPure(
      pureReturning(() => returned),
      {},
    ),
  ).toMatchObject({
    ok: false,
    error: { code: "output_invalid", retryable: false, message: expect.stringContaining(message) },
  });
});

it("stops at 10 MiB, also where little memory stands for much text", () => {
  for (const returned of ["x".repeat(11 * 1024 * 1024), bomb])
    expect(
      runPure(
        pureReturning(() => returned),
        {},
      ),
    ).toMatchObject({
      error: { code: "limit_exceeded", details: { limit: "outputSize" } },
    });
});

it("hands a plain output on without copying it", () => {
  const returned = { a: [1, { b: "x" }] };
  const result = runPure(
    pureReturning(() => returned),
    {},
  );
  expect(result.ok && result.output).toBe(returned);
});

it("names the field of a config that does not fit", () => {
  const node = defineNode({
    ...base,
    pure: true,
    config: z.strictObject({ by: lambda("(x) => y"), n: z.object({ deep: z.number() }) }),
    output: z.unknown(),
    run: () => 1,
  });
  expect(runPure(node, { by: "x", n: { deep: "1" }, extra: 1 })).toEqual({
    ok: false,
    error: {
      code: "config_invalid",
      message: expect.stringMatching(/by: must be a function, \(x\) => y; n\.deep: .*extra/),
      retryable: false,
      details: { issues: expect.arrayContaining([{ path: "n.deep", message: expect.anything() }]) },
    },
  });
});

it("checks the output against its schema, and applies what the schema changes", () => {
  const wrong = pureReturning(() => ({ n: "1" }), z.object({ n: z.number() }));
  expect(runPure(wrong, {})).toMatchObject({
    error: { code: "output_invalid", message: expect.stringMatching(/^output n: /) },
  });
  const filled = pureReturning(() => ({}), z.object({ n: z.number().default(5) }));
  expect(runPure(filled, {})).toEqual({ ok: true, output: { n: 5 } });
});

it.each([
  [
    new NodeError("user.stock", "gone", { retryable: true, details: { left: 0 } }),
    { code: "user.stock", message: "gone", retryable: true, details: { left: 0 } },
  ],
  [
    new ExpressionError("missing", "no x"),
    { code: "expression_failed", message: "no x", retryable: false },
  ],
  [
    new ExpressionError("limit", "too much", "fuel"),
    { code: "limit_exceeded", message: "too much", retryable: false, details: { limit: "fuel" } },
  ],
  [new TypeError("oops"), { code: "internal", message: "oops", retryable: true }],
  ["text", { code: "internal", message: "text", retryable: true }],
  [undefined, { code: "internal", message: "a undefined", retryable: true }],
  [null, { code: "internal", message: "a null", retryable: true }],
])("journals %s without stack or cause", async (thrown, error) => {
  const throwing = () => {
    throw thrown;
  };
  const expected = {
    ok: false,
    error: { ...error, message: expect.stringContaining(error.message) as unknown },
  };
  expect(runPure(pureReturning(throwing), {})).toStrictEqual(expected);
  expect(
    await runAttempt(
      effect(async () => throwing()),
      {},
      nodeContext(),
    ),
  ).toStrictEqual(expected);
});

it("journals errors that cannot be read, and messages that are no text", async () => {
  const unreadable = Object.defineProperty(new Error(), "message", {
    get: () => {
      throw new Error("no");
    },
  });
  const refuse = () => {
    throw new Error("no");
  };
  const guarded = new Proxy(new Error("x"), { get: refuse, getPrototypeOf: refuse });
  for (const [thrown, message] of [
    [Object.assign(new Error("x"), { message: 42 }), "42"],
    [Object.assign(new Error("x"), { message: { a: 1 } }), "[object Object]"],
    [unreadable, "threw an error that cannot be read"],
    [guarded, "threw an error that cannot be read"],
  ] as const) {
    const throwing = () => {
      throw thrown;
    };
    const expected = { ok: false, error: { code: "internal", message, retryable: true } };
    expect(runPure(pureReturning(throwing), {})).toStrictEqual(expected);
    const attempt = effect(async () => throwing());
    expect(await runAttempt(attempt, {}, nodeContext())).toStrictEqual(expected);
  }
});

it("leaves out details that are too large, and cuts long messages", () => {
  const node = pureReturning(() => {
    throw new NodeError("failed", "m".repeat(10_000), { details: "x".repeat(20_000) });
  });
  const result = runPure(node, {});
  expect(result).toMatchObject({ error: { details: { omitted: expect.anything() } } });
  expect(JSON.stringify(result).length).toBeLessThan(5000);
});

it("settles with aborted even if the node does not listen, and leaves no listener", async () => {
  const controller = new AbortController();
  const node = effect(() => {
    controller.abort();
    return new Promise(() => {});
  });
  const result = await runAttempt(node, {}, nodeContext({ signal: controller.signal }));
  expect(result).toMatchObject({ ok: false, error: { code: "aborted", retryable: false } });
});

it("does not start a node whose attempt is already aborted", async () => {
  let started = false;
  const node = effect(async () => {
    started = true;
  });
  const result = await runAttempt(node, {}, nodeContext({ signal: AbortSignal.abort() }));
  expect(result).toMatchObject({ error: { code: "aborted" } });
  expect(started).toBe(false);
});

it("checks the config of an effect node before it runs", async () => {
  const result = await runAttempt(
    effect(async () => 1),
    { n: "1" },
    nodeContext(),
  );
  expect(result).toMatchObject({
    error: { code: "config_invalid", message: expect.stringMatching(/^with n: /) },
  });
});
