/** The program as a user meets it: real processes, real files, one data directory. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openOwnership } from "#storage/sqlite/ownership.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { BIN, lockstitch, startLockstitch } from "./lockstitch-process.ts";

const FILES = {
  "ok.yaml": `language: 1
name: ok
input: { type: object, properties: { n: { type: integer, default: 2 } } }
steps:
  - { id: double, uses: data.set, with: { value: "\${{ input.n * 2 }}" } }
  - id: each
    uses: for_each
    with: { items: [1, 2] }
    steps: [{ id: inner, uses: data.set, with: { value: "\${{ item }}" } }]
output: "\${{ steps.double.output }}"
`,
  "fails.yaml": `language: 1
name: fails
steps: [{ id: no, uses: fail, with: { code: user.no, message: not today } }]
`,
  "waits.yaml": `language: 1
name: waits
steps:
  - { id: approve, uses: wait.approval, with: { title: "Go on?" } }
output: approved
`,
  "continues.yaml": `language: 1
name: continues
steps:
  - { id: again, uses: workflow.continue }
`,
  "naps.yaml": `language: 1
name: naps
steps:
  - { id: nap, uses: wait.for, with: { duration: 1h } }
`,
};

async function folder() {
  const directory = await temporaryDirectory();
  for (const [name, text] of Object.entries(FILES))
    await writeFile(join(directory.path, name), text);
  return directory;
}

test.concurrent("run --json prints exactly one document on standard output", async () => {
  await using directory = await folder();
  const cwd = directory.path;
  const { code, stdout, stderr } = await lockstitch(["run", "ok.yaml", "--json", "--input", "-"], {
    cwd,
    stdin: '{"n": 21}',
  });
  expect(stderr).toContain("✓ double");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    runId: expect.stringMatching(/^run_/),
    status: "succeeded",
    output: 42,
    error: null,
    steps: {
      double: { status: "succeeded", output: 42, error: null, attempts: expect.any(Number) },
      each: {
        status: "succeeded",
        output: { results: [1, 2], succeeded: 2, failed: [] },
        error: null,
        attempts: expect.any(Number),
      },
    },
  });
  const all = await lockstitch(["run", "ok.yaml", "--json", "--all-steps"], { cwd });
  expect(Object.keys(JSON.parse(all.stdout).steps)).toContain("each[1].inner");
});

test.concurrent("run says as which run a run goes on", async () => {
  await using directory = await folder();
  const { code, stdout, stderr } = await lockstitch(["run", "continues.yaml", "--json"], {
    cwd: directory.path,
  });
  expect(code).toBe(0);
  const { continuedTo } = JSON.parse(stdout);
  expect(continuedTo).toEqual(expect.stringMatching(/^run_/));
  expect(stderr).toContain(`It goes on as run ${continuedTo} when an engine`);
  expect(stderr).toContain("npx lockstitch start");
});

test.concurrent.each([
  ["a failed run", ["run", "fails.yaml"], 1, /user\.no at no: not today/],
  ["bad input", ["run", "ok.yaml", "--input", '{"n": "two"}'], 2, /n/],
  ["no store", ["runs", "get", "run_none"], 5, /There is no store in .*\.lockstitch/],
])("%s: exit code and message", async (_what, argv, code, message) => {
  await using directory = await folder();
  const ended = await lockstitch(argv, { cwd: directory.path });
  expect(ended.stderr).toMatch(message);
  expect(ended.code).toBe(code);
});

test.concurrent("while a run waits, other commands reach it: list, explain, approve", async () => {
  await using directory = await folder();
  const cwd = directory.path;
  await using run = startLockstitch(["run", "waits.yaml", "--json"], { cwd });
  const [, runId = ""] = await run.seen(/approvals approve (run_\w+) approve/);

  const list = await lockstitch(["runs", "list", "--json"], { cwd });
  expect(JSON.parse(list.stdout).items).toMatchObject([{ id: runId, status: "waiting" }]);
  const approvals = await lockstitch(["approvals", "list"], { cwd });
  expect(approvals.stdout).toContain("Go on?");
  const explain = await lockstitch(["runs", "explain", runId], { cwd });
  expect(explain.stdout).toMatch(/approv/i);
  expect((await lockstitch(["approvals", "approve", runId, "approve"], { cwd })).code).toBe(0);

  const ended = await run.ended();
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    runId,
    status: "succeeded",
    output: "approved",
  });
});

test.concurrent("Ctrl-C leaves the run durable and says how to go on; the next owner goes on", async () => {
  await using directory = await folder();
  const cwd = directory.path;
  await using run = startLockstitch(["run", "waits.yaml"], { cwd });
  const [, runId = ""] = await run.seen(/approvals approve (run_\w+) approve/);
  run.child.kill("SIGINT");
  const interrupted = await run.ended();
  expect(interrupted.code).toBe(130);
  expect(interrupted.stderr).toContain(`npx lockstitch runs get ${runId}`);
  expect(interrupted.stderr).toContain("npx lockstitch start");

  expect((await lockstitch(["approvals", "approve", runId, "approve"], { cwd })).code).toBe(0);
  const got = await lockstitch(["runs", "get", runId, "--json"], { cwd });
  expect(JSON.parse(got.stdout)).toMatchObject({ id: runId, status: "succeeded" });
});

test.concurrent("a command that only looks does not wait for unfinished runs", async () => {
  await using directory = await folder();
  const cwd = directory.path;
  await using run = startLockstitch(["run", "naps.yaml"], { cwd });
  await run.seen(/◷ nap/);
  run.child.kill("SIGINT");
  await run.ended();
  const list = await lockstitch(["runs", "list"], { cwd });
  expect(list.stdout).toMatch(/run_\w+ +naps v1 +waiting/);
  const [runId = ""] = list.stdout.match(/run_\w+/) ?? [];
  await lockstitch(["runs", "cancel", runId, "--reason", "slept enough"], { cwd });
  const got = await lockstitch(["runs", "get", runId], { cwd });
  expect(got.stdout).toMatch(/^why +The run has ended: cancelled by local: slept enough\.$/m);
});

test.concurrent("pause, resume, rerun, cancel and the journal work on a closed data directory", async () => {
  await using directory = await folder();
  const cwd = directory.path;
  const first = JSON.parse((await lockstitch(["run", "ok.yaml", "--json"], { cwd })).stdout);
  const rerun = await lockstitch(["runs", "rerun", first.runId, "--json"], { cwd });
  expect(JSON.parse(rerun.stdout)).toMatchObject({ forkedFrom: first.runId });
  const events = await lockstitch(["runs", "events", first.runId], { cwd });
  expect(events.stdout).toContain("run.succeeded");
  const cancel = await lockstitch(["runs", "cancel", first.runId], { cwd });
  expect(cancel.code).toBe(6);
});

test.concurrent("a run goes on in the server that owns the directory", async () => {
  await using directory = await folder();
  const cwd = directory.path;
  await using server = startLockstitch(["start", "--port", "0"], { cwd });
  const [, address = ""] = await server.seen(/serves (http:\S+)/);
  const { code, stdout, stderr } = await lockstitch(["run", "ok.yaml", "--json"], { cwd });
  expect(stderr).toContain(`at ${address}`);
  expect(code).toBe(0);
  const { runId } = JSON.parse(stdout);
  const ready = (await (await fetch(`${address}/readyz`)).json()) as { readonly parts: object };
  expect(Object.keys(ready.parts)).toEqual(["storage", "engine"]);
  const answer = await fetch(`${address}/api/v1/runs/${runId}`);
  expect(await answer.json()).toMatchObject({ id: runId, status: "succeeded" });
  server.child.kill("SIGTERM");
  expect(await server.ended()).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("Stopped."),
  });
});

test.concurrent("an owner that cannot be reached is named by its pid, with exit code 75", async () => {
  await using directory = await folder();
  const data = join(directory.path, ".lockstitch");
  const ownership = await openOwnership(data);
  if (!ownership.owned) throw new Error("the directory is not ours");
  try {
    const { code, stderr } = await lockstitch(["runs", "list"], { cwd: directory.path });
    expect(code).toBe(75);
    expect(stderr).toContain(`process ${process.pid}`);
  } finally {
    await ownership.release();
  }
});

test.concurrent("an owner that hangs is not waited for: it is named with its address", async () => {
  await using directory = await folder();
  const ownership = await openOwnership(join(directory.path, ".lockstitch"));
  if (!ownership.owned) throw new Error("the directory is not ours");
  // As a process that is frozen: the system takes connections, nobody answers.
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
  await ownership.publishAddress(address);
  try {
    const { code, stderr } = await lockstitch(["runs", "list"], { cwd: directory.path });
    expect(stderr).toContain(
      `is owned by process ${process.pid}, which does not answer at ${address}`,
    );
    expect(code).toBe(75);
  } finally {
    silent.close();
    await ownership.release();
  }
});

test.concurrent("who names a database is not answered by an owner that keeps its runs elsewhere", async () => {
  await using directory = await folder();
  const list = async (database: string) =>
    await lockstitch(["runs", "list", "--database", database], { cwd: directory.path });
  const ownership = await openOwnership(join(directory.path, ".lockstitch"), "postgres://a:5432/x");
  if (!ownership.owned) throw new Error("the directory is not ours");
  try {
    const other = await list("postgres://me:secret@b/x");
    expect(other).toMatchObject({
      code: 75,
      stderr: expect.stringContaining(
        "keeps its runs in postgres://a:5432/x, not in postgres://b:5432/x",
      ),
    });
    expect(other.stderr).not.toContain("secret");
    // The same database: the owner is asked, which serves no address here.
    expect((await list("postgresql://me@a/x?sslmode=disable")).stderr).toContain(
      `is owned by process ${process.pid}`,
    );
  } finally {
    await ownership.release();
  }
});

test.concurrent("a taken port is a clear error that suggests another", async () => {
  await using directory = await folder();
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  try {
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await lockstitch(["start", "--port", String(port)], {
      cwd: directory.path,
    });
    expect(code).toBe(2);
    expect(stderr).toContain(`Port ${port} of 127.0.0.1 is taken by another program`);
  } finally {
    taken.close();
  }
});

test.concurrent("another address than loopback is refused without an API key", async () => {
  await using directory = await folder();
  const { code, stderr } = await lockstitch(["start", "--host", "0.0.0.0", "--port", "0"], {
    cwd: directory.path,
  });
  expect(code).toBe(2);
  expect(stderr).toContain("LOCKSTITCH_API_KEY");
});

test.concurrent("run goes on when nobody reads its progress", async () => {
  await using directory = await folder();
  await using program = startLockstitch(["run", "ok.yaml"], { cwd: directory.path });
  program.child.stderr?.destroy();
  expect(await program.ended()).toMatchObject({ code: 0, stdout: "4\n" });
});

test.concurrent("a result that cannot be written is said, with exit code 69", async () => {
  await using directory = await folder();
  const line = `"$0" "$1" run ok.yaml > /dev/full`;
  const shell = spawn("sh", ["-c", line, process.execPath, BIN], {
    cwd: directory.path,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  shell.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const [code] = await once(shell, "close");
  expect([code, stderr]).toEqual([69, expect.stringContaining("error standard output cannot be")]);
  expect(stderr).not.toContain("    at ");
});
