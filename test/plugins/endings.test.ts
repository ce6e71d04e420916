/** A plugin's process that ends, hangs, swells or babbles: its attempts fail, nothing else notices. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { AttemptResult } from "#nodes/attempt.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { canSeal, onePlugin, type Plugins, plugins, pluginText, write } from "./plugin-fixture.ts";

const FAILED = (reason: string) => ({
  ok: false,
  error: {
    code: "plugin_failed",
    retryable: true,
    message: expect.any(String),
    details: { plugin: "probe", reason },
  },
});

/** Raw bytes on the socket to the host. */
const RAW = (bytes: string) =>
  `const { writeSync } = await import("node:fs"); writeSync(3, ${bytes}); await new Promise(() => {});`;

const ENDINGS: readonly (readonly [string, string, ...string[]])[] = [
  ["it exits", "process.exit(0)", "exited"],
  ["it aborts", "process.abort()", "exited"],
  ["it kills itself", "process.kill(process.pid, 'SIGKILL'); process.exit(9)", "exited"],
  [
    "an error that nobody catches",
    "setImmediate(() => { throw new Error('boom'); }); await new Promise(() => {});",
    "exited",
  ],
  [
    "a promise that nobody catches",
    "Promise.reject(new Error('boom')); await new Promise(() => {});",
    "exited",
  ],
  ["an endless loop", "for (;;);", "unresponsive"],
  [
    "a heap that is full",
    "const kept = []; for (;;) kept.push(new Array(1000).fill({ a: Math.random() }));",
    "exited",
    "memory",
    "unresponsive",
  ],
  [
    "memory outside of the heap",
    "const kept = []; for (;;) { kept.push(Buffer.alloc(8 << 20, 1)); await new Promise((next) => setImmediate(next)); }",
    "memory",
  ],
  [
    "a heap limit that it lifts",
    "(await import('node:v8')).setFlagsFromString('--max-old-space-size=16000'); const kept = []; for (;;) { kept.push(new Array(100000).fill(0).map(() => ({}))); await new Promise((next) => setImmediate(next)); }",
    "memory",
    "exited",
    "unresponsive",
  ],
  ["a message that is too long", RAW("Buffer.from([255, 255, 255, 255, 1])"), "protocol"],
  [
    "bytes that are no JSON",
    RAW("Buffer.concat([Buffer.from([0, 0, 0, 5]), Buffer.from('hello')])"),
    "protocol",
  ],
  [
    "JSON that is no message",
    RAW("Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('[]')])"),
    "protocol",
  ],
  [
    "a socket that it closes",
    "const { closeSync } = await import('node:fs'); closeSync(3); await new Promise(() => {});",
    "exited",
  ],
];

const PROBE = `const ends = { ${ENDINGS.map(([how, code]) => `${JSON.stringify(how)}: async () => { ${code} }`).join(",\n")} };
if (config.end) await ends[config.end]();
return { said: config.say ?? null };`;

function reasonOf(result: AttemptResult): string {
  return result.ok ? "none" : (result.error.details as { reason: string }).reason;
}

describe.skipIf(!canSeal)("a plugin whose process ends", () => {
  let found: Plugins;
  beforeAll(async () => {
    found = await plugins({
      files: {
        "probe/plugin.ts": pluginText("probe", PROBE),
        "other/plugin.ts": pluginText("other", "return { pid: process.pid, say: config.say };"),
      },
      entries: [{ from: "./probe", memoryMib: 256, unresponsiveMs: 3_000 }, "./other"],
    });
    return () => found[Symbol.asyncDispose]();
  });

  test.each(ENDINGS)("%s", async (how, _code, ...reasons) => {
    expect(await found.run("probe.run", { say: 1 })).toEqual({ ok: true, output: { said: 1 } });
    const before = found.book.health()[0]?.restarts ?? 0;
    const [ended, other] = await Promise.all([
      found.run("probe.run", { end: how }),
      found.run("other.run", { say: "here" }),
    ]);
    const reason = reasonOf(ended);
    expect(reasons).toContain(reason);
    expect(ended).toEqual(FAILED(reason));
    expect(other).toMatchObject({ ok: true, output: { say: "here" } });

    expect(await found.run("probe.run", { say: 2 })).toEqual({ ok: true, output: { said: 2 } });
    const [probe, unhurt] = found.book.health();
    expect(probe).toMatchObject({ state: "running", restarts: before + 1, running: 0 });
    expect(unhurt).toMatchObject({ state: "running", restarts: 0, lastEnd: null });
    expect(found.logged.at(-1)).toContain("plugin probe ended: ");
  });

  test("processor time above its limit, without a pause of five seconds", async () => {
    await using found = await onePlugin(
      "for (;;) { const end = Date.now() + 20; while (Date.now() < end); await new Promise((next) => setImmediate(next)); }",
      { processors: 0.1 },
    );
    expect(await found.run("probe.run")).toEqual(FAILED("processor"));
    expect(found.book.health()[0]?.lastEnd?.text).toMatch(
      /^kept \d\.\d processors busy for \d+ s, of 0\.1$/,
    );
  });

  test("files above its limit: one is not written, many end it", async () => {
    const permissions = { folders: { write: ["out"] } };
    await using found = await onePlugin(
      `const { writeFile } = await import("node:fs/promises");
       if (config.one) return await writeFile(config.out + "/large", Buffer.alloc(3 << 20)).catch((error) => error.code);
       for (let at = 0; ; at++) await writeFile(config.out + "/" + at, Buffer.alloc(100_000, 1));`,
      { allow: permissions, diskMib: 2 },
      { permissions, files: { "out/old": "" } },
    );
    const out = join(found.folder, "out");
    expect(await found.run("probe.run", { out, one: true })).toEqual({ ok: true, output: "EFBIG" });
    expect(await found.run("probe.run", { out })).toEqual(FAILED("disk"));
    expect(found.book.health()[0]?.lastEnd?.text).toBe(
      `more than 2 MiB, or what cannot be read, lie in ${out}`,
    );
  });

  test("all attempts in it fail together, and each is settled once", async () => {
    await using found = await onePlugin(
      "if (config.end) { process.exit(1); } await new Promise(() => {});",
    );
    const results = await Promise.all([
      ...Array.from({ length: 20 }, () => found.run("probe.run", { end: false })),
      found.run("probe.run", { end: true }),
    ]);
    for (const result of results) expect(result).toEqual(FAILED("exited"));
  });

  test("the delay before a restart doubles", async () => {
    await using found = await onePlugin("process.exit(1)", {}, { restartMsMax: 250 });
    for (let at = 0; at < 4; at++) await found.run("probe.run");
    const delays = found.logged.flatMap((line) => /"restartInMs":(\d+)/.exec(line)?.[1] ?? []);
    expect(delays).toEqual(["100", "200", "250", "250"]);
  });

  test("an abort settles the attempt at once, and reaches the plugin", async () => {
    await using found = await onePlugin(
      `if (config.seen) return globalThis.seen ?? null;
       await new Promise((done) => context.signal.addEventListener("abort", () => { globalThis.seen = "aborted"; done(); }));`,
    );
    await found.book.health();
    const stop = new AbortController();
    const waiting = found.run("probe.run", {}, { signal: stop.signal });
    await found.run("probe.run", { seen: true });
    stop.abort();
    expect(await waiting).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(await found.run("probe.run", { seen: true })).toEqual({ ok: true, output: "aborted" });
  });

  test("a call has a time of its own", async () => {
    await using found = await onePlugin("await new Promise(() => {});", { callTimeoutMs: 300 });
    expect(await found.run("probe.run")).toMatchObject({
      error: { code: "timeout", retryable: true, message: expect.stringContaining("300 ms") },
    });
    expect(found.book.health()).toMatchObject([{ state: "running", running: 0 }]);
  });

  test("a flood of log lines is read slowly, and the answer comes after it", async () => {
    await using found = await onePlugin(
      "for (let at = 0; at < 12_000; at++) context.log.info('line ' + at); return 'done';",
    );
    let lines = 0;
    const count = () => void lines++;
    const log = { debug: count, info: count, warn: count, error: count };
    const startedAtMs = performance.now();
    expect(await found.run("probe.run", {}, { log })).toEqual({ ok: true, output: "done" });
    expect(lines).toBe(12_000);
    expect(performance.now() - startedAtMs).toBeGreaterThan(1_000);
    expect(found.book.health()).toMatchObject([{ state: "running", restarts: 0 }]);
  });

  test("a flood on standard output costs the host a line or fifty", async () => {
    await using found = await onePlugin(
      "for (let at = 0; at < 2_000; at++) process.stdout.write('x'.repeat(4_000) + '\\n'); return 'done';",
    );
    expect(await found.run("probe.run")).toEqual({ ok: true, output: "done" });
    expect(found.logged.length).toBeLessThanOrEqual(120);
    expect(Math.max(...found.logged.map((line) => line.length))).toBeLessThan(2_100);
    expect(found.book.health()).toMatchObject([{ state: "running", restarts: 0 }]);
  });

  test("a heap of nested lists is refused, as output and as detail", async () => {
    await using found = await onePlugin(
      `let deep = null; for (let at = 0; at < 3_000; at++) deep = [deep];
       if (config.throws) throw new NodeError("user.deep", "deep", { details: deep });
       if (config.log) context.log.info("deep", { deep });
       return config.log ? 1 : deep;`,
    );
    expect(await found.run("probe.run")).toMatchObject({ error: { code: "output_invalid" } });
    expect(await found.run("probe.run", { throws: true })).toMatchObject({
      error: { code: "user.deep", details: { omitted: expect.any(String) } },
    });
    expect(await found.run("probe.run", { log: true })).toMatchObject({ ok: true });
    expect(found.book.health()).toMatchObject([{ state: "running", restarts: 0 }]);
  });

  test("it ends with its host, also one that is killed and one in an endless loop", async () => {
    await using directory = await temporaryDirectory();
    write(directory.path, { "probe/plugin.ts": pluginText("probe", LOOPS) });
    const host = spawn(
      process.execPath,
      ["--input-type=module", "-e", HOST(join(directory.path, "probe"))],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [said] = await once(host.stdout, "data");
    const pids = String(said).trim().split(" ").map(Number);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    expect(pids.every(isAlive)).toBe(true);
    host.kill("SIGKILL");
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  });
});

/** Says that it has begun; what it says goes out before the loop. */
const LOOPS = "context.heartbeat(1); await new Promise((sent) => setTimeout(sent, 10)); for (;;);";

/** A host that prints the processes of its plugin, which is in an endless loop. */
const HOST = (folder: string) => `
import { PluginBook } from "#plugins/plugin-book.ts";
import { parsePluginEntries } from "#plugins/plugin-entry.ts";
import { execFileSync } from "node:child_process";
const { entries } = parsePluginEntries([{ from: ${JSON.stringify(folder)}, unresponsiveMs: 60000 }], "/");
const http = { allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] };
const book = await PluginBook.open(entries, { environment: {}, http, builtIn: [] });
book.start({ info() {}, warn() {} });
const [{ runEffect }] = book.definitions();
const signal = new AbortController().signal;
const tell = () => {
  const below = (pid) => { try { return execFileSync("pgrep", ["-P", String(pid)]).toString().trim().split("\\n").map(Number); } catch { return []; } };
  const all = []; const visit = (pid) => { for (const one of below(pid)) if (one) { all.push(one); visit(one); } };
  visit(process.pid);
  console.log(all.filter((pid) => { try { process.kill(pid, 0); return true; } catch { return false; } }).join(" "));
};
runEffect({}, { signal, log: {}, heartbeat: tell, progress() {} }).catch(() => {});
`;

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(
      execFileSync("cat", [`/proc/${pid}/status`], {
        stdio: ["ignore", "pipe", "ignore"],
      }).toString(),
    );
  } catch {
    return false;
  }
}
