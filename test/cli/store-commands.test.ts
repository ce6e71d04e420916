/** Delete, archive, backup and restore as a person types them, with and without a server. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OwnOption } from "#cli/own-option.ts";
import { createProgram, forEachCommand } from "#cli/program.ts";
import { SETTINGS } from "#cli/settings.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capturedMachine } from "./captured-machine.ts";
import { type Ended, startLockstitch } from "./lockstitch-process.ts";

const QUICK =
  "language: 1\nname: quick\nsteps:\n  - id: a\n    uses: format\n    with: { value: 3 }\n";
const OPEN =
  "language: 1\nname: open\nsteps:\n  - id: w\n    uses: wait.signal\n    with: { name: go }\n";

async function lockstitch(cwd: string, ...argv: string[]): Promise<Ended> {
  await using program = startLockstitch(argv, { cwd });
  return await program.ended();
}

test("delete, archive, backup and restore through a server and without one", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  writeFileSync(join(cwd, "quick.yaml"), QUICK);
  writeFileSync(join(cwd, "open.yaml"), OPEN);
  {
    await using server = startLockstitch(["start", "--port", "0"], { cwd });
    await server.seen(/serves (http\S+)/);
    expect((await lockstitch(cwd, "run", "quick.yaml", "--id", "one")).code).toBe(0);
    await using waiting = startLockstitch(["run", "open.yaml", "--id", "open"], { cwd });
    await waiting.seen(/waits for a signal/);

    const archived = await lockstitch(cwd, "runs", "archive", "one");
    const events = await lockstitch(cwd, "runs", "events", "--archive", archived.stdout.trim());
    const stored = await lockstitch(cwd, "runs", "events", "one");
    expect(events.stdout).toBe(stored.stdout);
    expect(events.stdout).toContain("run.succeeded");

    const backup = await lockstitch(cwd, "backup", "copy.db", "--json");
    expect(JSON.parse(backup.stdout)).toMatchObject({ runs: 2, openRuns: 1 });
    expect(existsSync(join(cwd, "copy.db.part"))).toBe(false);

    // Both come to the server's answer, and then to a place where no file can be made.
    const nowhere = await lockstitch(cwd, "backup", "missing/copy.db");
    expect(nowhere).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/no folder \S+missing:/),
    });
    const long = await lockstitch(cwd, "backup", "x".repeat(300));
    expect(long).toMatchObject({ code: 69, stderr: expect.stringContaining("cannot be written") });

    const unasked = await lockstitch(cwd, "runs", "delete", "one");
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    expect((await lockstitch(cwd, "runs", "delete", "open", "--yes")).code).toBe(6);
    const deleted = await lockstitch(cwd, "runs", "delete", "--workflow", "quick", "--yes");
    expect(deleted.stdout).toBe("Deleted 1 run.\n");
    expect((await lockstitch(cwd, "runs", "get", "one")).code).toBe(5);
    const again = await lockstitch(cwd, "run", "quick.yaml", "--id", "one");
    expect(again).toMatchObject({ code: 6, stderr: expect.stringContaining("was deleted on") });
  }

  const restored = await lockstitch(cwd, "restore", "copy.db", "--data", "other");
  expect(restored.stdout).toMatch(/Restored 2 runs .*starts paused/);
  const signal = () => lockstitch(cwd, "runs", "signal", "open", "go", "--data", "other");
  expect(await signal()).toMatchObject({ code: 6, stderr: expect.stringContaining("release") });
  expect((await lockstitch(cwd, "runs", "get", "one", "--data", "other")).code).toBe(0);
  const twice = await lockstitch(cwd, "restore", "copy.db", "--data", "other");
  expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("not empty") });
  expect((await lockstitch(cwd, "restore", "copy.db", "--data", "other", "--force")).code).toBe(0);
  expect(existsSync(join(cwd, "other", "store.db.before-restore"))).toBe(true);
  expect((await lockstitch(cwd, "release", "--data", "other")).stdout).toContain("Released");
  expect((await signal()).code).toBe(0);

  const bytes = readFileSync(join(cwd, "copy.db"));
  bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 0xff;
  writeFileSync(join(cwd, "copy.db"), bytes);
  const damaged = await lockstitch(cwd, "restore", "copy.db", "--data", "third");
  expect(damaged).toMatchObject({ code: 70, stderr: expect.stringContaining("checksum") });
});

test("an operator completes a step by one of its ports, and a port is none of the server's", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  writeFileSync(
    join(cwd, "ask.yaml"),
    "language: 1\nname: ask\nsteps:\n  - { id: ask, uses: wait.approval, with: { title: May it? } }\n  - { id: no, uses: data.set, with: { value: refused }, needs: [ask.rejected] }\n  - { id: yes, uses: noop, needs: [ask.approved] }\n",
  );
  await using waiting = startLockstitch(["run", "ask.yaml", "--id", "one"], { cwd });
  await waiting.seen(/approv/);
  const complete = (port: string) =>
    lockstitch(cwd, "step", "complete", "one", "ask", "--port", port);
  expect(await complete("nope")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("one of its ports: approved, rejected, expired"),
  });
  expect((await complete("rejected")).code).toBe(0);
  expect((await waiting.ended()).stdout).toContain('"no": "refused"');
});

test("an emitted event starts a run with its payload", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  writeFileSync(
    join(cwd, "paid.yaml"),
    'language: 1\nname: paid\ntriggers: [{ event: { name: order.paid } }]\nsteps:\n  - { id: note, uses: data.set, with: { value: "${{ input.order }}" } }\noutput: "${{ steps.note.output }}"\n',
  );
  await using server = startLockstitch(["start", "--port", "0"], { cwd });
  await server.seen(/serves (http\S+)/);
  expect(await lockstitch(cwd, "workflows", "save", "paid.yaml")).toMatchObject({ code: 0 });
  const payload = ["--payload", '{ "order": "o-1" }', "--json"];
  const emitted = await lockstitch(cwd, "events", "emit", "order.paid", ...payload);
  expect(emitted.code, emitted.stderr).toBe(0);
  const { runId } = JSON.parse(emitted.stdout).runs[0];
  const run = await lockstitch(cwd, "runs", "get", runId, "--json");
  expect(JSON.parse(run.stdout)).toMatchObject({ input: { order: "o-1" } });
});

test("options that are called as a setting is are that setting, or the command's own", () => {
  const { machine } = capturedMachine({ cwd: "." });
  const keys = new Set<string>(SETTINGS.map(({ key }) => key));
  const called: string[] = [];
  forEachCommand(
    createProgram(machine, () => undefined),
    (command) => {
      for (const option of command.options)
        if (keys.has(option.attributeName()) && !(option instanceof OwnOption))
          called.push(`${command.name()} ${option.long}`);
    },
  );
  expect(called.toSorted()).toEqual([
    ...["lockstitch --data", "lockstitch --database", "lockstitch --file-root"],
    ...["plan --no-optimise", "run --no-optimise"],
    ...["start --host", "start --no-optimise", "start --port"],
  ]);
});
