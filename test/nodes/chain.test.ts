/** The chain around attempts: orders, guards that no order loses, errors with names, hooks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { nodeRunner } from "#engine/embedded/node-runner.ts";
import { NodeError } from "#errors/step-error.ts";
import { type AttemptResult, runAttempt, runState } from "#nodes/attempt.ts";
import { type ChainHost, completed, createChains } from "#nodes/chain.ts";
import { defineNode, type NodeDefinition } from "#nodes/define-node.ts";
import type { ChainOptions, Middleware } from "#nodes/middleware.ts";
import { createRegistry } from "#nodes/registry.ts";
import { stateCounter } from "#nodes/state/state-counter.ts";
import { nodeContext } from "./node-context.ts";

interface Told {
  readonly logs: unknown[];
  readonly metrics: unknown[];
  readonly host: ChainHost;
}

function host(): Told {
  const logs: unknown[] = [];
  const metrics: unknown[] = [];
  const log = (fields: unknown, message: string) => logs.push({ message, fields });
  const meter = {
    ...{ runStarted() {}, runEnded() {}, event() {}, commit() {}, request() {} },
    ...{ instants() {}, late() {}, firingFailed() {}, called() {} },
    attempt: (type: string, end: string) => metrics.push([type, end]),
  };
  let nowMs = 0;
  return {
    ...{ logs, metrics },
    host: {
      clock: { monotonicMs: () => nowMs++ },
      logger: { debug: log, info: log, warn: log, error: log },
      meter,
    },
  };
}

function node(run: (config: { n: number }) => unknown): NodeDefinition {
  return defineNode({
    ...{ type: "my.node", title: "Mine", description: "Mine.", category: "user", icon: "x" },
    pure: false,
    config: z.strictObject({ n: z.int() }),
    output: z.strictObject({ n: z.int() }),
    run: async (config) => run(config) as { n: number },
  });
}

const echo = node(({ n }) => ({ n }));

/** Writes down when it goes in and out. */
function tracking(name: string, trail: string[]): Middleware {
  return {
    name,
    async run(_context, _config, next) {
      trail.push(`${name}>`);
      const output = await next();
      trail.push(`<${name}`);
      return output;
    },
  };
}

async function attempt(
  options: ChainOptions,
  {
    definition = echo,
    config = { n: 1 } as unknown,
    own = null as readonly string[] | null,
    told = host(),
    signal = new AbortController().signal,
  } = {},
): Promise<AttemptResult> {
  const chain = createChains(options, told.host).of(definition.type, own);
  return await runAttempt(definition, config, nodeContext({ signal }), undefined, chain);
}

describe("orders", () => {
  it("are the step's, else the type's, else the one for all, else the list's", async () => {
    const trail: string[] = [];
    const middleware = ["a", "b", "c"].map((name) => tracking(name, trail));
    const walked = async (options: ChainOptions, own: readonly string[] | null = null) => {
      trail.length = 0;
      expect(await attempt({ middleware, ...options }, { own })).toMatchObject({ ok: true });
      return trail.join(" ");
    };
    expect(await walked({})).toBe("a> b> c> <c <b <a");
    const all = { order: ["c", "a"] };
    expect(await walked(all)).toBe("c> a> <a <c");
    const types = { ...all, types: { "my.node": ["b"], "my.other": ["a"] } };
    expect(await walked(types)).toBe("b> <b");
    expect(await walked(types, ["a", "c"])).toBe("a> c> <c <a");
    expect(await walked(types, [])).toBe("");
  });

  it("keep every built-in link, those that are not named outside", () => {
    const names = ["trace", "metrics", "log", "size", "abort", "schema", "a", "b"];
    fc.assert(
      fc.property(fc.shuffledSubarray(names), (order) => {
        const all = completed(order);
        expect(all.slice(all.length - order.length)).toEqual(order);
        expect(all.filter((name) => !["a", "b"].includes(name)).toSorted()).toEqual(
          names.slice(0, 6).toSorted(),
        );
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  it.each([
    [{ order: ["nobody"] }, /chain\.order: this host has no middleware `nobody`; it has trace/],
    [{ types: { "a.b": ["size", "size"] } }, /chain\.types\.a\.b: `size` is there twice/],
    [{ middleware: [tracking("size", [])] }, /middleware size: the name is taken/],
    [{ middleware: [tracking("Mine", [])] }, /middleware Mine: a name is lower case/],
    [{ middleware: [{ name: "x" } as Middleware] }, /middleware x: is \{ name, run/],
  ])("that cannot be are refused when the chain is made: %#", (options, message) => {
    expect(() => createChains(options, host().host)).toThrow(message);
  });

  it("of a step that names what nobody has fail the step", () => {
    const chains = createChains({}, host().host);
    expect(() => chains.of("my.node", ["nobody"])).toThrow(NodeError);
    expect(() => chains.of("my.node", ["nobody"])).toThrow("no middleware `nobody`");
  });
});

describe("guards", () => {
  const BUILT_IN = ["size", "abort", "schema", "user"];
  const outputs: readonly (readonly [unknown, string | null])[] = [
    [{ n: 2 }, null],
    [{ n: "x" }, "output_invalid"],
    [{ n: Number.NaN }, "output_invalid"],
    [{ n: 1, more: 1 }, "output_invalid"],
    [undefined, "output_invalid"],
    [{ n: 1, cycle: () => 1 }, "output_invalid"],
    ["x".repeat(10 * 1024 * 1024), "limit_exceeded"],
  ];

  it.each(outputs)("hold in every order, whoever made the output: %#", async (output, code) => {
    const user: Middleware = { name: "user", run: () => output };
    const plain: Middleware = { name: "user", run: (_context, _config, next) => next() };
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(BUILT_IN), fc.boolean(), async (order, byUser) => {
        const own = order.includes("user") ? order : [...order, "user"];
        const result = await attempt(
          { middleware: [byUser ? user : plain] },
          { own, definition: node(() => output) },
        );
        expect(result.ok ? null : result.error.code).toBe(code);
        if (result.ok) expect(result.output).toEqual(output);
      }),
      { numRuns: 20 },
    );
  });

  it("look again at an output that a middleware outside of them has changed in place", async () => {
    const changing = (value: unknown): Middleware => ({
      name: "user",
      run: async (_context, _config, next) => Object.assign((await next()) as object, { n: value }),
    });
    for (const own of [["user", "schema"], ["user", "size", "schema"], ["user"]]) {
      const refused = { ok: false, error: { code: "output_invalid" } };
      expect(await attempt({ middleware: [changing(5n)] }, { own })).toMatchObject(refused);
      expect(await attempt({ middleware: [changing("x")] }, { own })).toMatchObject(refused);
      expect(await attempt({ middleware: [changing(7)] }, { own })).toEqual({
        ok: true,
        output: { n: 7 },
      });
    }
  });

  it("start no node after the abort, however often a middleware tries again", async () => {
    const again: Middleware = {
      name: "user",
      run: (_context, _config, next) => next().catch(() => next()),
    };
    for (const own of [["user"], ["user", "abort"]]) {
      const controller = new AbortController();
      let started = 0;
      const definition = node(() => {
        started += 1;
        return new Promise((_resolve, reject) => {
          controller.signal.addEventListener("abort", () => reject(new Error("stopped")));
        });
      });
      const going = attempt(
        { middleware: [again] },
        { own, definition, signal: controller.signal },
      );
      controller.abort();
      expect(await going).toMatchObject({ ok: false, error: { code: "aborted" } });
      await new Promise(setImmediate);
      expect(started).toBe(1);
    }
  });

  it("check a configuration again that a middleware has changed, and only then", async () => {
    let parses = 0;
    const counting: NodeDefinition = {
      ...echo,
      config: z.strictObject({ n: z.int() }).refine(() => ++parses > 0),
    };
    const changing = (config: unknown): Middleware => ({
      name: "user",
      run: (_context, _config, next) => next(config),
    });
    const same = await attempt({}, { definition: counting });
    expect(same).toEqual({ ok: true, output: { n: 1 } });
    expect(parses).toBe(1);
    const other = await attempt({ middleware: [changing({ n: 7 })] }, { definition: counting });
    expect(other).toEqual({ ok: true, output: { n: 7 } });
    const wrong = await attempt({ middleware: [changing({ n: "7" })] });
    expect(wrong).toMatchObject({ ok: false, error: { code: "config_invalid" } });
  });

  it("end an attempt whose middleware or node never answers when it aborts", async () => {
    const never = () => new Promise<never>(() => {});
    for (const options of [{ middleware: [{ name: "user", run: never }] }, {}]) {
      const controller = new AbortController();
      const told = host();
      const going = attempt(options, { definition: node(never), signal: controller.signal, told });
      controller.abort();
      expect(await going).toMatchObject({ ok: false, error: { code: "aborted" } });
      expect(told.metrics).toEqual([["my.node", "aborted"]]);
    }
  });
});

describe("errors", () => {
  it("of a middleware carry its name and keep code and retryability; the node's pass untouched", async () => {
    const inner = new NodeError("user.inner", "inner", { retryable: true, details: { a: 1 } });
    const failing = node(() => {
      throw inner;
    });
    const throwing = (error: unknown): Middleware => ({
      name: "audit",
      run: () => {
        throw error;
      },
    });
    const outer = tracking("outer", []);
    const untouched = await attempt({ middleware: [outer] }, { definition: failing });
    expect(untouched).toEqual({
      ok: false,
      error: { code: "user.inner", message: "inner", retryable: true, details: { a: 1 } },
    });
    const own = await attempt({ middleware: [outer, throwing(inner)] });
    expect(own).toEqual({
      ok: false,
      error: {
        code: "user.inner",
        message: "middleware audit: inner",
        retryable: true,
        details: { middleware: "audit", details: { a: 1 } },
      },
    });
    const bug = await attempt({ middleware: [throwing(new TypeError("x is not a function"))] });
    expect(bug).toMatchObject({
      error: { code: "internal", message: "middleware audit: x is not a function" },
    });
    const wrapping: Middleware = {
      name: "wrap",
      run: async (_context, _config, next) => await next().catch(() => Promise.reject("gone")),
    };
    const wrapped = await attempt({ middleware: [wrapping] }, { definition: failing });
    expect(wrapped).toMatchObject({ error: { message: "middleware wrap: threw gone" } });
  });

  it("from inside stay untouched where a middleware tries twice and tells the first", async () => {
    let calls = 0;
    const failing = node(() => {
      calls += 1;
      throw new NodeError("failed", `no ${calls}`);
    });
    const first: Middleware = {
      name: "again",
      run: (_context, _config, next) =>
        next().catch(async (error: unknown) => await next().catch(() => Promise.reject(error))),
    };
    expect(await attempt({ middleware: [first] }, { definition: failing })).toMatchObject({
      error: { code: "failed", message: "no 1" },
    });
    expect(calls).toBe(2);
  });

  it("that a middleware leaves alone or replaces do no harm", async () => {
    const failing = node(() => {
      throw new NodeError("failed", "no");
    });
    const careless: Middleware = {
      name: "careless",
      run: (_context, _config, next) => {
        void next();
        return { n: 5 };
      },
    };
    expect(await attempt({ middleware: [careless] }, { definition: failing })).toEqual({
      ok: true,
      output: { n: 5 },
    });
    await new Promise(setImmediate);
  });
});

describe("hooks", () => {
  it("trace, count and log every end, and a broken one harms nothing", async () => {
    const told = host();
    const spans: unknown[] = [];
    const options: ChainOptions = {
      log: true,
      trace: ({ path, attempt: n }) => {
        spans.push(["start", path, n]);
        return ({ code, tookMs }) => spans.push(["end", code, tookMs > 0]);
      },
    };
    await attempt(options, { told });
    await attempt(options, { told, config: { n: "x" } });
    expect(spans).toEqual([
      ["start", "step", 1],
      ["end", null, true],
      ["start", "step", 1],
      ["end", "config_invalid", true],
    ]);
    expect(told.metrics).toEqual([
      ["my.node", "succeeded"],
      ["my.node", "failed"],
    ]);
    expect(told.logs).toMatchObject([
      { message: "attempt succeeded", fields: { uses: "my.node", runId: "run-1" } },
      { message: "attempt failed", fields: { code: "config_invalid" } },
    ]);
    const broken = (): never => {
      throw new Error("no collector");
    };
    for (const trace of [broken, () => broken, () => null])
      expect(await attempt({ trace })).toEqual({ ok: true, output: { n: 1 } });
  });
});

describe("state nodes", () => {
  const config = { name: "n", scope: "tenant" };
  it("are watched, and no middleware stands around them", async () => {
    const told = host();
    const trail: string[] = [];
    const options: ChainOptions = {
      middleware: [tracking("a", trail)],
      log: true,
      trace: ({ uses }) => {
        trail.push(`span ${uses}`);
        return ({ code }) => trail.push(`end ${code}`);
      },
    };
    const { ofState } = createChains(options, told.host);
    const context = { ...nodeContext(), uses: "state.counter" };
    const ask = (given: unknown) => runState(stateCounter, given, context, undefined, ofState);
    expect(await ask(config)).toEqual({
      ...{ ok: true, output: null },
      operation: expect.objectContaining({ kind: "values", scope: "tenant" }),
    });
    expect(await ask({ name: 7 })).toMatchObject({ ok: false, error: { code: "config_invalid" } });
    expect(trail).toEqual([
      ...["span state.counter", "end null"],
      ...["span state.counter", "end config_invalid"],
    ]);
    expect(told.metrics).toEqual([
      ["state.counter", "succeeded"],
      ["state.counter", "failed"],
    ]);
    expect(told.logs).toHaveLength(2);
    const stopped = new AbortController();
    stopped.abort();
    const late = nodeContext({ signal: stopped.signal });
    expect(await runState(stateCounter, config, late)).toMatchObject({
      error: { code: "aborted" },
    });
  });

  it("cannot be given an order, which would say nothing", () => {
    const options = { ...host().host, nodes: createRegistry(), chain: {} };
    const types = { "state.counter": ["log"] };
    expect(() => nodeRunner({ ...options, meter: null, chain: { types } } as never)).toThrow(
      /chain\.types\.state\.counter: .* no middleware/,
    );
  });
});
