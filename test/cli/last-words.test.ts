/** An error that nobody caught ends the process without showing a secret. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lastWords } from "#observe/last-words.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { lockstitch, startLockstitch } from "./lockstitch-process.ts";

const CANARY = `cAnary/9+"q" first line\nsecond line ~ünique-7431`;

const NODES = `
import { defineNode } from "${new URL("../../src/nodes/define-node.ts", import.meta.url)}";
import { z } from "${import.meta.resolve("zod")}";
export default { nodes: [defineNode({ type: "user.stray", title: "Stray", description: "Fails beside its attempt.",
  category: "user", icon: "dot", pure: false, config: z.looseObject({}), output: z.unknown(),
  async run({ how, token }) {
    const error = () => Object.assign(new Error("stray " + token, { cause: new Error("cause " + token) }), { token, name: "E" + token });
    if (how === "timer") setTimeout(() => { throw error(); });
    if (how === "promise") void Promise.reject(error());
    if (how === "value") void Promise.reject({ token, url: encodeURIComponent(token) });
    if (how === "thread") new (await import("node:worker_threads")).Worker("throw new Error(require('node:worker_threads').workerData)", { eval: true, workerData: "thread " + token });
    await new Promise(() => {});
  } })] };
`;

const flow = (how: string) => `language: 1
name: stray
steps: [{ id: stray, uses: user.stray, with: { how: ${how}, token: "\${{ secrets.KEY }}" } }]
`;

test.each(["timer", "promise", "value", "thread"])("a stray %s", async (how) => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  await writeFile(join(cwd, "lockstitch.config.ts"), NODES);
  await writeFile(join(cwd, "flow.yaml"), flow(how));
  const { code, stdout, stderr } = await lockstitch(["run", "flow.yaml"], {
    cwd,
    env: { LOCKSTITCH_SECRET_KEY: CANARY },
  });
  expect(code).toBe(70);
  expect(stderr).toContain("nobody caught this");
  expect(stderr).toContain("[secret KEY]");
  expectNoSecret(stdout + stderr);
});

test("the server says no more", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  await writeFile(join(cwd, "lockstitch.config.ts"), NODES);
  await writeFile(join(cwd, "flow.yaml"), flow("timer"));
  const env = { LOCKSTITCH_SECRET_KEY: CANARY };
  await using server = startLockstitch(["start", "--port", "0"], { cwd, env });
  await server.seen(/serves http/);
  // It would ask for the server again for a while.
  await using _run = startLockstitch(["run", "flow.yaml"], { cwd, env });
  const { code, stdout, stderr } = await server.ended();
  expect(code).toBe(70);
  expect(stderr).toContain("[secret KEY]");
  expectNoSecret(stdout + stderr);
});

test("causes are told, without end or not", () => {
  const error: Error = new Error("a");
  error.cause = error;
  expect(lastWords(error, (text) => text).match(/caused by/g)?.length).toBe(7);
  expect(lastWords(1n, (text) => text)).toBe("a value that cannot be shown");
  expect(lastWords("text", (text) => text.toUpperCase())).toBe("TEXT");
});

function expectNoSecret(text: string): void {
  for (const piece of ["cAnary", "second line", "nique-7431"]) expect(text).not.toContain(piece);
}
