/** What steps log, with real processes: the command, and what is left of lines after kill -9. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pc from "picocolors";
import { expect, test } from "vitest";
import { logLineText } from "#cli/progress/log-line.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { lockstitch, startLockstitch } from "./lockstitch-process.ts";

const NODES = `
import { existsSync, watch } from "node:fs";
import { dirname } from "node:path";
import { defineNode } from "${new URL("../../src/nodes/define-node.ts", import.meta.url)}";
import { z } from "${import.meta.resolve("zod")}";
export default { nodes: [defineNode({ type: "user.talk", title: "Talk", description: "Talks.", category: "user",
  icon: "dot", pure: false, config: z.strictObject({ gate: z.string() }), output: z.unknown(),
  run: async ({ gate }, { log, attempt, signal }) => {
    for (let line = 1; line <= 3; line++) log.info("attempt " + attempt + " line " + line, { line });
    log.warn("slow");
    const opened = Promise.withResolvers();
    const look = () => { if (existsSync(gate) || signal.aborted) opened.resolve(); };
    const watcher = watch(dirname(gate), look);
    signal.addEventListener("abort", look);
    look();
    await opened.promise;
    watcher.close();
    return attempt;
  } })] };
`;
const FLOW = {
  language: 1,
  name: "talks",
  input: { type: "object", properties: { gate: { type: "string" } } },
  steps: [{ id: "talk", uses: "user.talk", with: { gate: "${{ input.gate }}" } }],
};

test("kill -9 keeps the lines that were stored; the repeated attempt doubles none", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const gate = join(cwd, "gate");
  await writeFile(join(cwd, "lockstitch.config.mjs"), NODES);
  const start = ["start", "--port", "0"];
  await using first = startLockstitch(start, { cwd });
  const [address = ""] = await first.seen(/http:\/\/127\.0\.0\.1:\d+/);
  const body = JSON.stringify({ id: "r", workflow: FLOW, input: { gate } });
  const headers = { "content-type": "application/json" };
  const started = await fetch(`${address}/api/v1/runs`, { method: "POST", headers, body });
  expect(started.status, await started.text()).toBe(201);
  // Here while the attempt is at work: it cannot end before its gate is open.
  await using follower = startLockstitch(["runs", "logs", "r", "--follow"], { cwd });
  await follower.seen(/WARN {2}talk {2}slow/);
  first.child.kill("SIGKILL");
  await first.ended();

  await using second = startLockstitch(start, { cwd });
  await second.seen(/http:\/\/127\.0\.0\.1:\d+/);
  await using live = startLockstitch(["runs", "logs", "r", "--follow", "--json"], { cwd });
  await live.seen(/"attempt":2,"line":4/);
  await writeFile(gate, "");
  const ended = await live.ended();
  expect(ended.code).toBe(0);
  const lines = ended.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ attempt, line, text }) => [attempt, line, text])).toEqual(
    [1, 2].flatMap((attempt) => [
      ...[1, 2, 3].map((line) => [attempt, line, `attempt ${attempt} line ${line}`]),
      [attempt, 4, "slow"],
    ]),
  );
  const warned = await lockstitch(["runs", "logs", "r", "--level", "warn", "--attempt", "2"], {
    cwd,
  });
  expect(warned.stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}talk \(2\) {2}slow\n$/);
  const none = await lockstitch(["runs", "logs", "r", "--step", "other"], { cwd });
  expect([none.code, none.stdout]).toEqual([0, ""]);
  expect(none.stderr).toContain("Nothing is logged that matches.");
  expect((await lockstitch(["runs", "logs", "none"], { cwd })).code).toBe(5);
});

test("a line for people says when, how bad, where and what, without steering the terminal", () => {
  const line = {
    ...{ position: 1, path: "m[1].fetch", attempt: 1, line: 1, atMs: 5, level: "warn" as const },
    ...{ text: "slow \u001b[31m\nsecond", fields: { ms: 900 } },
  };
  expect(logLineText(line, pc.createColors(false))).toBe(
    '00:00:00.005 WARN  m[1].fetch  slow \\x1b[31m\n                   second  {"ms":900}',
  );
  expect(logLineText({ ...line, attempt: 2, fields: null }, pc.createColors(false))).toContain(
    "m[1].fetch (2)  slow",
  );
  expect(logLineText({ ...line, level: "error" }, pc.createColors(true))).toContain(
    "\u001b[31mERROR",
  );
});
