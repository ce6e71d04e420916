/** `lockstitch step output` and its address: what a step has come to, however large. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { embeddedServer } from "../server/embedded-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { lockstitch } from "./lockstitch-process.ts";

const TEXT = "a \u{1F9F5} and a line\n".repeat(8_000);
const STEPS = `
steps:
  - { id: large, uses: data.set, with: { value: "\${{ { rows: [input.text, 1] } }}" } }
  - { id: small, uses: data.set, with: { value: null } }
  - { id: each, uses: for_each, with: { items: "\${{ [1, 2] }}" }, steps: [{ id: twice, uses: data.set, with: { value: "\${{ item * 2 }}" } }] }
`;
const WORKFLOW = `language: 1
name: outputs
input: { type: object, properties: { text: { type: string } } }
output: "\${{ steps.each.output }}"${STEPS}`;

test("a large output is printed whole, and a path that is none is named", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  await writeFile(join(cwd, "outputs.workflow.yaml"), WORKFLOW);
  await writeFile(join(cwd, "input.json"), JSON.stringify({ text: TEXT }));
  const call = async (...args: string[]) => await lockstitch(args, { cwd });
  const started = await call("run", "outputs.workflow.yaml", "--input", "@input.json", "--json");
  expect(started.code, started.stderr).toBe(0);
  const { runId: id } = JSON.parse(started.stdout);

  const state = JSON.parse((await call("runs", "get", id, "--json")).stdout);
  expect(state.steps.large.output.note).toContain("lockstitch step output RUN PATH");

  const whole = await call("step", "output", id, "large", "--json");
  expect(JSON.parse(whole.stdout)).toEqual({ path: "large", output: { rows: [TEXT, 1] } });
  const text = await call("step", "output", id, "large");
  expect(JSON.parse(text.stdout)).toEqual({ rows: [TEXT, 1] });
  const inner = await call("step", "output", id, "each[1].twice");
  expect(inner.stdout).toBe("4\n");

  const none = await call("step", "output", id, "lage");
  expect(none.code).not.toBe(0);
  expect(none.stderr).toContain('has no step "lage"');
});

test("over HTTP the bytes are those of the output; a step that has none yet answers null", async () => {
  await using fixture = await embeddedServer();
  const { engine } = fixture;
  const definition = {
    ...{ language: 1, name: "outputs" },
    steps: [
      { id: "large", uses: "data.set", with: { value: "x".repeat(90_000) } },
      { id: "ask", uses: "wait.approval", with: { title: "Go on?" } },
      { id: "last", uses: "noop" },
    ],
  };
  await engine.start(LOCAL_CONTEXT, { workflow: definition as never, id: "outputs-1" });
  const soon = AbortSignal.timeout(20_000);
  for await (const { type } of engine.follow(LOCAL_CONTEXT, "outputs-1", 0, soon))
    if (type === "step.waiting") break;
  const address = await fixture.listen();
  const get = async (path: string) =>
    await fetch(`${address}/api/v1/runs/outputs-1/steps/${path}/output`);
  const large = await get("large");
  expect(await large.json()).toEqual({ path: "large", output: "x".repeat(90_000) });
  for (const path of ["ask", "last"])
    expect(await (await get(path)).json()).toEqual({ path, output: null });
  const wrong = await get("nowhere");
  expect(wrong.status).toBe(404);
  expect(await wrong.json()).toMatchObject({ code: "step_not_found" });
});
