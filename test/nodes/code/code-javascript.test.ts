/** code.javascript: what it computes, and that nothing gets out of the sandbox or exhausts the host. */
import { afterAll, expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { codeJavascript, sandboxPool } from "#nodes/code/code-javascript.ts";
import { SandboxPool } from "#nodes/code/sandbox-pool.ts";
import { nodeContext } from "../node-context.ts";

afterAll(() => sandboxPool.close());

function run(code: string, options: Record<string, unknown> = {}) {
  return runAttempt(codeJavascript, { code, ...options }, nodeContext());
}

it.each([
  ["return input.a + 1;", { a: 1 }, 2],
  ["return undefined", null, null],
  ["", null, null],
  ["return (async () => { await null; return 5; })()", null, 5],
  ["export default 5", null, 5],
  ["export default async (i) => i.x + input.x", { x: 3 }, 6],
  ["const helper = 2;\nexport default function (i) { return i * helper; }", 4, 8],
  ["return new Map([[1, 2]]).size + [...'añ'].length", null, 3],
  ["JSON.stringify = () => { throw 1 }; JSON.parse = null; return { a: 1 }", null, { a: 1 }],
  ["return { ['__proto__']: 1 }", null, JSON.parse('{"__proto__":1}')],
])("%s", async (code, input, output) => {
  const result = await run(code || ";", { input });
  expect(result).toEqual({ ok: true, output });
});

it.each([
  ["const x = 1;\nthrow new TypeError('no')", "TypeError: no (line 2)", 2],
  ["\n\nreturn missing.x", /ReferenceError.*\(line 3\)/, 3],
  ["const x = 1;\nreturn )", /SyntaxError.*\(line 2\)/, 2],
  ["export default () => {\n  throw new Error('m')\n}", "Error: m (line 2)", 2],
  ["throw 'text'", 'threw "text"', undefined],
  ["throw null", "threw null", undefined],
  ["throw 'x'.repeat(1e6)", /^threw "x{499}$/, undefined],
  ["throw { reason: 1 }", 'threw {"reason":1}', undefined],
  ["return Promise.reject(new Error('late'))", /Error: late/, expect.anything()],
  ["return new Promise(() => {})", /never settles/, undefined],
  ["const a = {}; a.a = a; return a", /circular/, undefined],
])("%j fails with its line", async (code, message, line) => {
  expect(await run(code)).toMatchObject({
    ok: false,
    error: {
      code: "code_failed",
      message: typeof message === "string" ? message : expect.stringMatching(message),
      retryable: false,
      details: line === undefined ? {} : { line },
    },
  });
});

/** Each gives "closed" if the way out is not there. */
const ESCAPES = [
  "return typeof process === 'undefined' && typeof require === 'undefined' ? 'closed' : 'open'",
  "return typeof fetch === 'undefined' && typeof WebSocket === 'undefined' ? 'closed' : 'open'",
  "return typeof setTimeout === 'undefined' && typeof WebAssembly === 'undefined' ? 'closed' : 'open'",
  "return typeof std === 'undefined' && typeof os === 'undefined' ? 'closed' : 'open'",
  "try { return typeof this.constructor.constructor('return process')() } catch { return 'closed' }",
  "try { return typeof Function('return globalThis.process')() === 'undefined' ? 'closed' : 'open' } catch { return 'closed' }",
  "return (async () => { try { await import('node:fs'); return 'open' } catch { return 'closed' } })()",
  "return (async () => { try { await import('std'); return 'open' } catch { return 'closed' } })()",
  "try { return input.constructor.constructor('return typeof Buffer')() === 'undefined' ? 'closed' : 'open' } catch { return 'closed' }",
  "try { return new Error().stack.includes('/src/') ? 'open' : 'closed' } catch { return 'closed' }",
];

it.each(ESCAPES)("has no way out: %s", async (code) => {
  expect(await run(code, { input: {} })).toEqual({ ok: true, output: "closed" });
});

it("keeps nothing from one run to the next", async () => {
  await run("globalThis.leak = 1; Object.prototype.leak = 1; Array.prototype.map = null; return 1");
  expect(await run("return [typeof leak, [1].map((x) => x), {}.leak ?? null]")).toEqual({
    ok: true,
    output: ["undefined", [1], null],
  });
});

it.each([
  ["cpuMs", "for (;;);"],
  ["cpuMs", "return (async () => { for (;;) await null; })()"],
  ["cpuMs", "const again = () => Promise.resolve().then(again); return again()"],
  ["cpuMs", "return /(a+)+$/.test('a'.repeat(40) + 'b')"],
  ["cpuMs", "try { for (;;); } catch { } finally { for (;;); }"],
  ["cpuMs", "return { toJSON() { for (;;); } }"],
  ["memoryBytes", "const a = []; for (;;) a.push(new Uint8Array(1e6))"],
  ["memoryBytes", "return new Uint8Array(1e9).length"],
  ["stack", "function f() { return f() + 1 } return f()"],
  ["outputLength", "return 'x'.repeat(11e6)"],
])("stops at %s: %s", async (limit, code) => {
  const result = await run(code, {
    cpuMs: limit === "cpuMs" ? 60 : 1000,
    ...(limit === "memoryBytes" ? { memoryBytes: 8 * 1024 * 1024 } : {}),
  });
  expect(result).toMatchObject({
    error: { code: "limit_exceeded", retryable: false, details: { limit } },
  });
  expect(await run("return 'alive'")).toEqual({ ok: true, output: "alive" });
});

it("counts the bytes of array buffers, which the engine's own limit leaves out", async () => {
  const code =
    "const a = []; try { for (;;) a.push(new Uint8Array(1e6)) } catch { return a.length }";
  const result = await run(code, { memoryBytes: 8 * 1024 * 1024 });
  expect(result.ok && result.output).toBeGreaterThan(4);
  expect(result.ok && result.output).toBeLessThan(25);
});

it("leaves the event loop free while code spins", async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 5);
  await run("for (;;);", { cpuMs: 150 });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

it("is killed when its attempt aborts, running or waiting for its turn", async () => {
  const pool = new SandboxPool(1);
  const job = {
    code: "for (;;);",
    inputJson: "null",
    cpuMsMax: 10_000,
    memoryBytesMax: 1e7,
    outputLengthMax: 100,
  };
  const running = new AbortController();
  const waiting = new AbortController();
  const first = pool.run(job, running.signal).catch(() => "killed");
  const second = pool.run(job, waiting.signal).catch(() => "never ran");
  const third = pool.run({ ...job, code: "return 1" }, new AbortController().signal);
  waiting.abort();
  expect(await second).toBe("never ran");
  running.abort();
  expect(await first).toBe("killed");
  expect(await third).toEqual({ kind: "done", outputJson: "1" });
  await pool.close();
});
