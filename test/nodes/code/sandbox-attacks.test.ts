/**
 * Code that wants out of the sandbox of code.javascript, or to exhaust its host. Each case ends as it
 * is told here: with a value that is harmless, or with an error from the closed list, and the thread
 * that ran it, or its successor, goes on with the next.
 */
import { afterAll, describe, expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { codeJavascript, sandboxPool } from "#nodes/code/code-javascript.ts";
import { SandboxPool } from "#nodes/code/sandbox-pool.ts";
import { nodeContext } from "../node-context.ts";

const MEBIBYTE = 1024 * 1024;

afterAll(() => sandboxPool.close());

function run(code: string, options: Readonly<Record<string, unknown>> = {}) {
  const config = { code, input: { list: [1, 2] }, ...options };
  return runAttempt(codeJavascript, config, nodeContext());
}

describe("ways out", () => {
  it.each<[string, unknown]>([
    // Constructors lead to the sandbox's own global, which has nothing.
    ["return input.constructor.constructor('return this')() === globalThis", true],
    ["return (async () => {}).constructor('return typeof process')()", "undefined"],
    ["return (function* () {}).constructor('yield typeof process')().next().value", "undefined"],
    ["return (async function* () {}).constructor('')().constructor.name", ""],
    ["return Reflect.construct(Function, ['return typeof require'])()", "undefined"],
    ["return eval('typeof process + typeof module')", "undefinedundefined"],
    ["return (0, eval)('this.process ?? null')", null],
    ["return (function () { return this === globalThis })()", true],
    ["return arguments.callee.caller", null],
    ["with (input) { return list.length }", 2],
    ["}); globalThis.x = 1; (function () { return typeof process", "undefined"],
    [
      "return Object.getOwnPropertyNames(globalThis).filter((name) => /process|require|fetch|Worker|Buffer|^std$|^os$|print|console|load|Timeout|Interval|WebAssembly|Atomics|structuredClone|scriptArgs|^gc$/.test(name)).filter((name) => !/ArrayBuffer/.test(name))",
      [],
    ],
    // What is replaced is the sandbox's own.
    ["Object.prototype.polluted = 1; Array.prototype.push = null; return [1]", [1]],
    [
      "Object.defineProperty(Object.prototype, 'then', { get() { throw 1 } }); return { a: 1 }",
      { a: 1 },
    ],
    ["Object.prototype.toJSON = () => 'mine'; return { a: 1 }", "mine"],
    ["JSON = null; Promise = null; Object = null; return [1]", [1]],
    ["delete globalThis.JSON; delete globalThis.Object; return { a: 1 }", { a: 1 }],
    ["globalThis.__proto__ = null; return 1", 1],
    ["Object.freeze(globalThis); Object.freeze(Object.prototype); return 1", 1],
    ["Promise.prototype.then = () => { for (;;); }; return Promise.resolve(4)", 4],
    ["Error.prepareStackTrace = () => globalThis; return typeof new Error('x').stack", "string"],
    // JSON text alone crosses: these would be something else than data.
    ["return Symbol('x')", null],
    ["return () => 1", null],
    [
      "return [Symbol('x'), undefined, () => 1, NaN, Infinity, -0]",
      [null, null, null, null, null, 0],
    ],
    ["return { toJSON() { return { toJSON() { return 7 } } } }", {}],
    ["return { toJSON() { return this } }", {}],
    ["return { then(resolve) { resolve(this) } }", {}],
    ["return new Proxy([1, 2], {})", [1, 2]],
    ["return { get a() { return { get b() { return 1 } } } }", { a: { b: 1 } }],
    ["return '\\u0000\\u2028\\ud800'", "\u0000\u2028\ud800"],
    ["return new Error('out')", {}],
    [
      "const seen = input; Object.defineProperty(seen, 'list', { get: () => 'trap' }); return seen",
      { list: "trap" },
    ],
    [
      "const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1e4; i++) r.register({}, i); return 'done'",
      "done",
    ],
  ])("%s", async (code, output) => {
    expect(await run(code)).toEqual({ ok: true, output });
  });

  it("leaves the host's own objects alone", async () => {
    await run("Object.prototype.polluted = 1; Array.prototype.polluted = 1; return 1");
    const result = await run(
      'return JSON.parse(\'{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}\')',
    );
    expect(Object.keys((result as { readonly output: object }).output)).toEqual([
      "__proto__",
      "constructor",
    ]);
    expect(Object.getPrototypeOf((result as { readonly output: object }).output)).toBe(
      Object.prototype,
    );
    expect(({} as { readonly polluted?: unknown }).polluted).toBe(undefined);
  });
});

describe("failures", () => {
  it.each<[string, string, string | RegExp]>([
    ["return 10n", "code_failed", /BigInt/],
    ["return { toJSON() { return 10n } }", "code_failed", /BigInt/],
    ["const p = { get a() { return p } }; return p", "code_failed", /circular/],
    [
      "return { get a() { throw new RangeError('getter') } }",
      "code_failed",
      "RangeError: getter (line 1)",
    ],
    [
      "return new Proxy({}, { ownKeys() { throw new Error('trap') } })",
      "code_failed",
      "Error: trap (line 1)",
    ],
    [
      "let a = []; for (let i = 0; i < 3000; i++) a = [a]; return a",
      "output_invalid",
      /nested deeper/,
    ],
    ["return new Array(3e6)", "limit_exceeded", /result is larger/],
    ["return 'x'.repeat(11e6)", "limit_exceeded", /result is larger/],
    ["return import('node:fs')", "code_failed", /./],
    ["return import.meta", "code_failed", /SyntaxError/],
    ["return Promise.race([])", "code_failed", /never settles/],
    ["return Promise.any([Promise.reject(1)])", "code_failed", /AggregateError/],
    ["return JSON.parse('['.repeat(1e5))", "code_failed", /stack overflow/],
    [
      "return new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('')",
      "code_failed",
      /too many captures/,
    ],
    ["return 2n ** 100000000n", "code_failed", /BigInt is too large/],
    ["let s = 'x'; for (;;) s += s", "code_failed", /string too long/],
    ["return Math.max.apply(null, { length: 1e8 })", "code_failed", /too many arguments/],
    // What was thrown is told, whatever it is, and never for something else.
    ["throw undefined", "code_failed", "threw undefined"],
    ["throw 10n", "code_failed", "threw 10n"],
    ["throw Symbol('s')", "code_failed", /^threw/],
    ["throw new Proxy({}, { get() { throw 1 } })", "code_failed", /^threw/],
    ["throw { get message() { throw 1 } }", "code_failed", /^threw/],
    ["throw Promise.resolve(1)", "code_failed", /^threw/],
    [
      "throw Object.assign(new Error('real'), { cause: { name: 'InternalError', message: 'out of memory' } })",
      "code_failed",
      "Error: real (line 1)",
    ],
    [
      "const e = new Error('x'); e.stack = 'code.js:99999999999999999999999'; throw e",
      "code_failed",
      "Error: x",
    ],
    [
      "const e = new Error('x'); e.stack = { toString() { for (;;); } }; throw e",
      "code_failed",
      "Error: x",
    ],
    ["const e = new Error('x'); e.name = { a: 1 }; throw e", "code_failed", "Error: x (line 1)"],
    [
      "const e = new Error('x'); Object.defineProperty(e, 'stack', { get: function f() { return f() } }); throw e",
      "code_failed",
      "Error: x",
    ],
    [
      "const e = new Error('m'.repeat(1e6)); throw e",
      "code_failed",
      /^Error: m{1990,1993} \(line 1\)$/,
    ],
  ])("%s", async (code, errorCode, message) => {
    const result = await run(code);
    expect(result).toMatchObject({ ok: false, error: { code: errorCode, retryable: false } });
    if (!result.ok) expect(result.error.message).toMatch(message);
  });
});

describe("exhaustion", () => {
  it.each<[string, string]>([
    // Endless, in every form that the engine itself looks at.
    ["cpuMs", "return new Proxy({}, { ownKeys() { for (;;); } })"],
    ["cpuMs", "return new Promise(() => { const g = () => Promise.resolve().then(g); g(); })"],
    ["cpuMs", "return (async () => ({ then() { for (;;); } }))()"],
    [
      "cpuMs",
      "return (async () => { for await (const x of (async function* () { for (;;) yield 1 })()); })()",
    ],
    [
      "cpuMs",
      "const g = (function* () { try { yield 1 } finally { for (;;); } })(); g.next(); g.return()",
    ],
    ["cpuMs", "return [2, 1].sort(() => { for (;;); })"],
    ["cpuMs", "throw { toJSON() { for (;;); } }"],
    [
      "cpuMs",
      "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e",
    ],
    ["cpuMs", "}); (() => { for (;;); })(); (function () {"],
    ["cpuMs", "const w = new WeakMap(); for (;;) { const k = {}; w.set(k, k); }"],
    ["cpuMs", "return /^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(50))"],
    ["cpuMs", "return /(?=(x+x+)+y)/.test('x'.repeat(40))"],
    ["cpuMs", "return ('a'.repeat(40) + '!').replace(/^(a|aa)+$/, '')"],
    ["cpuMs", "return 'a'.repeat(40).match(/(.*)*(.*)*(.*)*$b/)"],
    // Endless within one call of the library, where it does not look: killed from outside.
    ["cpuMs", "const s = 'a'.repeat(3e6); return s.includes('a'.repeat(1.5e6) + 'b')"],
    ["cpuMs", "return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)"],
    ["cpuMs", "const f = () => { try { f() } finally { f() } }; f()"],
    // Memory.
    ["memoryBytes", "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })"],
    ["memoryBytes", "const o = {}; for (let i = 0; ; i++) o['k' + i] = i"],
    ["memoryBytes", "const a = []; for (;;) a.push('x'.repeat(1e5) + a.length)"],
    ["memoryBytes", "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))"],
    ["memoryBytes", "const b = new ArrayBuffer(8, { maxByteLength: 2 ** 30 }); b.resize(2 ** 30)"],
    ["memoryBytes", "function* g() { for (;;) yield 1 } return [...g()]"],
    ["memoryBytes", "return 'x'.repeat(2 ** 29)"],
    ["memoryBytes", "return 'a'.padEnd(1e9)"],
    ["memoryBytes", "return 'x'.repeat(5e6).split('')"],
    ["memoryBytes", "return Array(2e7).fill(1)"],
    ["memoryBytes", "return new SharedArrayBuffer(1e9).byteLength"],
    // Depth.
    ["stack", "class A { constructor() { new A() } } new A()"],
    ["stack", "async function f() { await f() } return f()"],
    ["stack", "function* g() { yield* g() } return [...g()]"],
    ["stack", "const o = {}; o.toString = () => '' + o; return '' + o"],
    ["stack", "return 'a'.replace(/a/, function f() { return 'a'.replace(/a/, f) })"],
    ["stack", "const a = []; a[0] = a; return String(a) + a.flat(Infinity)"],
    ["stack", "return eval('('.repeat(1e5) + '1' + ')'.repeat(1e5))"],
    ["stack", "let a = {}; const mk = () => ({ get a() { return mk() } }); return mk()"],
  ])("stops at %s: %s", async (limit, code) => {
    const result = await run(code, {
      cpuMs: limit === "cpuMs" ? 40 : 5_000,
      memoryBytes: limit === "memoryBytes" ? 20 * MEBIBYTE : 64 * MEBIBYTE,
    });
    expect(result).toMatchObject({
      error: { code: "limit_exceeded", retryable: false, details: { limit } },
    });
  });

  it.each([1, 12, 19, 64])("tells a full memory from null, with %d MiB", async (mib) => {
    const memoryBytes = mib * MEBIBYTE;
    const limits = { cpuMs: 5_000, memoryBytes };
    const full = { error: { code: "limit_exceeded", details: { limit: "memoryBytes" } } };
    expect(await run("throw null", limits)).toMatchObject({ error: { message: "threw null" } });
    // Where the last allocation fails differs; that of the handle for the result is one of them.
    for (const code of [
      "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })",
      "const a = []; for (;;) a.push([a])",
      "const o = {}; for (let i = 0; ; i++) o.x = [o.x]",
    ])
      expect(await run(code, limits)).toMatchObject(full);
    // What it may have, it has.
    const bytes = Math.floor(memoryBytes * 0.6);
    expect(await run(`return new ArrayBuffer(${bytes}).byteLength`, limits)).toMatchObject({
      output: bytes,
    });
    expect(await run(`return new ArrayBuffer(${4 * bytes}).byteLength`, limits)).toMatchObject(
      full,
    );
  });

  it("stops a small object with a million ways through it", async () => {
    const code = "const o = { a: 1 }; for (let i = 0; i < 40; i++) o.a = [o.a, o.a]; return o";
    const result = await run(code, { cpuMs: 100, memoryBytes: 20 * MEBIBYTE });
    expect(result).toMatchObject({
      error: {
        code: "limit_exceeded",
        details: { limit: expect.stringMatching(/cpuMs|memoryBytes/) },
      },
    });
  });

  it("keeps the process small over many bombs, and nothing of what was done between them", async () => {
    const memoryBytes = 32 * MEBIBYTE;
    const bombs = [
      "const a = []; for (;;) a.push(new Uint8Array(1e6))",
      "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x'.repeat(50) + i)",
      "return 'x'.repeat(9e6)",
      "throw { a: 'x'.repeat(1e7) }",
      "const e = new Error('x'); e.message = 'm'.repeat(3e6); throw e",
    ];
    for (const bomb of bombs) await run(bomb, { memoryBytes });
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 2; round += 1)
      for (const bomb of bombs) await run(bomb, { memoryBytes });
    // A job may take 32 MiB in each of two threads while it runs; nothing adds up.
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * MEBIBYTE);
  });
});

describe("threads", () => {
  const job = {
    ...{ inputJson: "null", cpuMsMax: 2_000, memoryBytesMax: 32 * MEBIBYTE },
    outputLengthMax: 1_000,
  };

  it("shows nothing of one job to the next in the same thread", async () => {
    const pool = new SandboxPool(1);
    const go = (code: string) => pool.run({ ...job, code }, new AbortController().signal);
    const traces = [
      "globalThis.left = 1; Symbol.for('left').tag; Object.prototype.left = 1; return 1",
      "globalThis.left = new WeakRef(input ?? {}); Promise.resolve().then(function again() { globalThis.left = 2; return Promise.resolve().then(again) }); throw 1",
      "Math.random = () => 4; Date.now = () => 4; Array.prototype[Symbol.iterator] = null; return 1",
      "export default function () { globalThis.left = input; return 1 }",
      "new FinalizationRegistry(() => { globalThis.left = 3 }).register({}, 1); return 1",
    ];
    for (const trace of traces) {
      await go(trace);
      const seen = await go(
        "return [typeof left, {}.left ?? null, Math.random() === 4, Date.now() === 4, [...[1]].length, Object.keys(globalThis)]",
      );
      const outputJson = '["undefined",null,false,false,1,["input"]]';
      expect(seen, trace).toEqual({ kind: "done", outputJson });
    }
    await pool.close();
  });

  it("settles every job while others are killed in the middle", async () => {
    const pool = new SandboxPool(2);
    const jobs = Array.from({ length: 24 }, async (_, at) => {
      const controller = new AbortController();
      const isSpinning = at % 3 === 0;
      const code = isSpinning ? "for (;;);" : `return ${at}`;
      const running = pool.run({ ...job, code, cpuMsMax: 60_000 }, controller.signal);
      if (isSpinning) setTimeout(() => controller.abort(new Error(`killed ${at}`)), 5 * at);
      return running.catch((error: Error) => error.message);
    });
    const settled = await Promise.all(jobs);
    for (const [at, result] of settled.entries())
      expect(result).toEqual(
        at % 3 === 0 ? `killed ${at}` : { kind: "done", outputJson: String(at) },
      );
    await pool.close();
  });
});
