/** `lockstitch nodes`: the list, one type, machines, and a mistyped name. */
import { expect, test } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capture } from "./captured-machine.ts";

async function nodes(...args: string[]) {
  await using directory = await temporaryDirectory();
  return await capture(["nodes", ...args], { cwd: directory.path });
}

test("every step type is listed once, categories in order", async () => {
  const { code, stdout } = await nodes("--json");
  expect(code).toBe(0);
  const { types } = JSON.parse(stdout) as { types: { type: string; category: string }[] };
  const known = [...CONTROL_STEPS.keys(), ...createRegistry().names()];
  expect(types.map(({ type }) => type).toSorted()).toEqual(known.toSorted());
  const categories = types.map(({ category }) => category);
  expect([...new Set(categories)].slice(0, 3)).toEqual(["control", "wait", "data"]);
  const people = (await nodes()).stdout;
  for (const type of known) expect(people).toContain(`  ${type} `);
});

test("one type is documented with fields, defaults, output, errors and examples", async () => {
  const { code, stdout } = await nodes("http.request");
  expect(code).toBe(0);
  const lines = stdout.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
  for (const line of [
    "url text required Address, or with `connection` a path below its base address",
    '"base64" "auto" How the answer is read; auto: by its content type',
    "status integer Status code of the last answer",
    "example: Read JSON",
    "url: https://api.example.com/orders",
    "# fails with http.404",
  ])
    expect(
      lines.some((shown) => shown.endsWith(line)),
      line,
    ).toBe(true);
  expect(stdout).toContain("auth_failed, connection_failed, connection_unknown");
  const machine = JSON.parse((await nodes("if", "--json")).stdout);
  expect(machine).toMatchObject({ type: "if", execution: "control", ports: ["true", "false"] });
});

test("a name that does not exist is refused with the nearest one", async () => {
  const { code, stderr } = await nodes("data.mop");
  expect(code).not.toBe(0);
  expect(stderr).toContain("There is no step type data.mop. Did you mean `data.map`?");
});
