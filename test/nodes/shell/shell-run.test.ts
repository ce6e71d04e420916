/** shell.run with real programs: what they get, what they may not, and that nothing outlives them. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import type { ShellRules } from "#nodes/define-node.ts";
import { shellRun } from "#nodes/shell/shell-run.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { nodeContext } from "../node-context.ts";

const NODE = process.execPath;
const RULES: ShellRules = {
  commands: [NODE],
  environment: [],
  outputBytesMax: 100_000,
  timeoutMs: 20_000,
};

function start(
  root: string,
  config: Record<string, unknown>,
  { rules = {}, signal }: { rules?: Partial<ShellRules>; signal?: AbortSignal } = {},
) {
  return runAttempt(
    shellRun,
    { command: NODE, ...config },
    nodeContext({
      fileRoot: root,
      shell: { ...RULES, ...rules },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
}

function script(root: string, text: string): string {
  const path = `${root}/script.mjs`;
  writeFileSync(path, text);
  return path;
}

it("is off unless the operator allows it, and then only what he lists", async () => {
  await using root = await temporaryDirectory();
  const denied = { error: { code: "command_denied", retryable: false } };
  expect(
    await runAttempt(shellRun, { command: "true" }, nodeContext({ fileRoot: root.path })),
  ).toMatchObject({
    error: { code: "command_denied", message: expect.stringContaining("is off") },
  });
  expect(await start(root.path, {}, { rules: { commands: [] } })).toMatchObject(denied);
  for (const command of ["true", "node", `${NODE}x`, "/bin/sh", `${NODE} -e 1`, `../${NODE}`])
    expect(await start(root.path, { command })).toMatchObject(denied);
  expect(
    await start(root.path, { command: "./script.mjs" }, { rules: { commands: ["*"] } }),
  ).toMatchObject(denied);
  expect(await start(root.path, { command: "true" }, { rules: { commands: ["*"] } })).toMatchObject(
    { output: { exitCode: 0 } },
  );
});

it("hands over arguments as they are, without a shell", async () => {
  await using root = await temporaryDirectory();
  const path = script(root.path, "console.log(JSON.stringify(process.argv.slice(2)))");
  const list = ["$(touch evil)", "; touch evil", "`id`", "a b", "*", '"', "", "é", 5];
  const result = await start(root.path, { arguments: [path, ...list] });
  expect(result).toMatchObject({ output: { stdout: `${JSON.stringify(list.map(String))}\n` } });
  expect(existsSync(`${root.path}/evil`)).toBe(false);
  expect(await start(root.path, { arguments: ["a\0b"] })).toMatchObject({
    error: { code: "config_invalid" },
  });
});

it("gives standard input and takes both outputs", async () => {
  await using root = await temporaryDirectory();
  const path = script(
    root.path,
    "process.stdin.on('data', (d) => process.stdout.write(String(d).toUpperCase())); console.error('noted')",
  );
  expect(await start(root.path, { arguments: [path], stdin: "abc" })).toMatchObject({
    output: { exitCode: 0, stdout: "ABC", stderr: "noted\n", durationMs: expect.any(Number) },
  });
});

it("does not mind a program that never reads its input", async () => {
  await using root = await temporaryDirectory();
  const result = await start(root.path, { arguments: ["-e", "1"], stdin: "x".repeat(5_000_000) });
  expect(result).toMatchObject({ ok: true });
});

it("passes on only the environment that the operator lists", async () => {
  await using root = await temporaryDirectory();
  // Node itself hands its coverage folder on to every child, where there is one.
  const rest = "const { NODE_V8_COVERAGE: _, ...rest } = process.env";
  const print = ["-e", `${rest}; console.log(JSON.stringify(rest))`];
  process.env["LOCKSTITCH_SECRET_OF_TEST"] = "canary-value";
  try {
    expect(await start(root.path, { arguments: print })).toMatchObject({
      output: { stdout: "{}\n" },
    });
    const rules = { environment: ["LANG_OF_TEST"] };
    expect(
      await start(root.path, { arguments: print, environment: { LANG_OF_TEST: "de" } }, { rules }),
    ).toMatchObject({ output: { stdout: '{"LANG_OF_TEST":"de"}\n' } });
    for (const name of ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "LOCKSTITCH_SECRET_OF_TEST"])
      expect(
        await start(root.path, { arguments: print, environment: { [name]: "x" } }, { rules }),
      ).toMatchObject({ error: { code: "command_denied", details: { variable: name } } });
  } finally {
    delete process.env["LOCKSTITCH_SECRET_OF_TEST"];
  }
});

it("starts below the operator's folder only", async () => {
  await using root = await temporaryDirectory();
  mkdirSync(`${root.path}/inner`);
  symlinkSync("/", `${root.path}/out`);
  const where = { arguments: ["-e", "console.log(process.cwd())"] };
  const result = await start(root.path, { ...where, cwd: "inner" });
  expect(result.ok && (result.output as { stdout: string }).stdout).toMatch(/\/inner\n$/);
  for (const cwd of ["..", "/", "out", "inner/../.."])
    expect(await start(root.path, { ...where, cwd })).toMatchObject({
      error: { code: "file_denied" },
    });
  expect(await start(root.path, { ...where, cwd: "none" })).toMatchObject({
    error: { code: "file_not_found" },
  });
});

it("fails with the exit code, unless it is listed", async () => {
  await using root = await temporaryDirectory();
  const config = { arguments: ["-e", "console.error('why'); process.exit(3)"] };
  expect(await start(root.path, config)).toMatchObject({
    error: { code: "command_failed", retryable: false, details: { exitCode: 3, stderr: "why\n" } },
  });
  expect(await start(root.path, { ...config, okExitCodes: [0, 3] })).toMatchObject({
    output: { exitCode: 3 },
  });
  expect(
    await start(root.path, { arguments: ["-e", "process.kill(process.pid, 'SIGKILL')"] }),
  ).toMatchObject({ error: { code: "command_failed", details: { signal: "SIGKILL" } } });
  expect(
    await start(root.path, { command: "no-such-program" }, { rules: { commands: ["*"] } }),
  ).toMatchObject({ error: { code: "command_failed", details: { reason: "ENOENT" } } });
});

it("stops a program that writes without end", async () => {
  await using root = await temporaryDirectory();
  const endless =
    "const w = () => { while (process.stdout.write('x'.repeat(65536))); }; process.stdout.on('drain', w); w()";
  expect(await start(root.path, { arguments: ["-e", endless] })).toMatchObject({
    error: { code: "limit_exceeded", details: { limit: "outputBytes", max: 100_000 } },
  });
});

/** Starts a child that ignores SIGTERM, writes both pids, and waits for ever. */
const FAMILY = `
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
process.on("SIGTERM", () => {});
const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: "inherit" });
writeFileSync("pids", process.pid + " " + child.pid);
console.log("started");
setInterval(() => {}, 1000);
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has waited for yet is not alive.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function pidsIn(root: string): Promise<readonly number[]> {
  const found = () =>
    existsSync(`${root}/pids`) ? readFileSync(`${root}/pids`, "utf8").split(" ").map(Number) : [];
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    const pids = found();
    if (pids.length === 2) return pids;
    await new Promise(setImmediate);
  }
  throw new Error("the program did not start");
}

async function untilDead(pids: readonly number[]): Promise<void> {
  for (const deadline = performance.now() + 60_000; pids.some(isAlive); ) {
    expect(performance.now()).toBeLessThan(deadline);
    await new Promise(setImmediate);
  }
}

it("kills the whole group at an abort, stubborn children too", async () => {
  await using root = await temporaryDirectory();
  const controller = new AbortController();
  const path = script(root.path, FAMILY);
  const during = start(root.path, { arguments: [path] }, { signal: controller.signal });
  const pids = await pidsIn(root.path);
  expect(pids.map(isAlive)).toEqual([true, true]);
  controller.abort();
  expect(await during).toMatchObject({ error: { code: "aborted" } });
  await untilDead(pids);
});

it("kills the whole group at its timeout", async () => {
  await using root = await temporaryDirectory();
  const path = script(root.path, FAMILY);
  const during = start(root.path, { arguments: [path], timeoutMs: 1_500 });
  const pids = await pidsIn(root.path);
  expect(await during).toMatchObject({ error: { code: "timeout", retryable: true } });
  await untilDead(pids);
});

it("does not leave behind what a program has started before it ended", async () => {
  await using root = await temporaryDirectory();
  const path = script(
    root.path,
    FAMILY.replace("setInterval(() => {}, 1000);\n", "child.unref(); process.exit(0);\n"),
  );
  expect(await start(root.path, { arguments: [path] })).toMatchObject({ output: { exitCode: 0 } });
  await untilDead(await pidsIn(root.path));
});

it("says that arguments are longer than the system takes", async () => {
  await using root = await temporaryDirectory();
  expect(await start(root.path, { arguments: ["x".repeat(300_000)] })).toMatchObject({
    error: { code: "command_failed", details: { command: NODE, reason: "E2BIG" } },
  });
});

it("does not start what was aborted before", async () => {
  await using root = await temporaryDirectory();
  const path = script(root.path, FAMILY);
  expect(
    await start(root.path, { arguments: [path] }, { signal: AbortSignal.abort() }),
  ).toMatchObject({ error: { code: "aborted" } });
  expect(existsSync(`${root.path}/pids`)).toBe(false);
});
