/** `lockstitch plan`: for people and for machines, bounded, and nothing runs. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capture } from "./captured-machine.ts";

const CALL = `language: 1
name: orders
defaults: { retry: { attempts: 3, initial: 1s } }
steps:
  - id: call
    uses: http.request
    with: { url: "https://a.example", auth: { type: bearer, token: "\${{ secrets.TOKEN }}" } }
  - { id: other, uses: noop, needs: [], if: "input.x == 1" }
  - { id: join, uses: noop, needs: [call, other], triggerRule: all_done }
`;

test("people see order, policies, secrets and what could go wrong", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "a.yaml"), CALL);
  const { code, stdout } = await capture(["plan", "a.yaml"], { cwd: directory.path });
  expect(code).toBe(0);
  const lines = stdout.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
  for (const line of [
    "1 call http.request 3 attempts from 1s, secrets TOKEN",
    "1 other noop if input.x == 1, 3 attempts from 1s",
    "2 join noop call, other all_done, 3 attempts from 1s",
    "secrets TOKEN",
    "commits about 2 on the longest way without retries",
    "! no timeout, so an attempt that hangs holds the run: call",
  ])
    expect(lines).toContain(line);
});

test("machines get all of it, people the first 200 steps", async () => {
  await using directory = await temporaryDirectory();
  const steps = Array.from({ length: 500 }, (_, n) => ({ id: `s${n}`, uses: "noop" }));
  const definition = JSON.stringify({ language: 1, name: "long", steps });
  await writeFile(join(directory.path, "long.json"), definition);
  const machine = await capture(["plan", "long.json", "--json"], { cwd: directory.path });
  expect(JSON.parse(machine.stdout)).toMatchObject({ name: "long", stepCount: 500 });
  expect(JSON.parse(machine.stdout).steps).toHaveLength(500);
  const { stdout } = await capture(["plan", "long.json"], { cwd: directory.path });
  expect(stdout.split("\n").length).toBeLessThan(220);
  expect(stdout).toContain("... 300 more");
});

test("a wrong file is refused like anywhere else", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(
    join(directory.path, "a.yaml"),
    "language: 1\nname: a\nsteps: [{ id: a, uses: nop }]\n",
  );
  const { code, stderr } = await capture(["plan", "a.yaml"], { cwd: directory.path });
  expect(code).toBe(3);
  expect(stderr).toContain("nop");
});
