/** `lockstitch quotas` in a real process, from the configuration file to the table. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { lockstitch } from "./lockstitch-process.ts";

const FLOW = "language: 1\nname: small\nsteps:\n  - id: first\n    uses: noop\n";

test("what is limited is listed with what is used, for people and machines", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const run = (...argv: string[]) => lockstitch(argv, { cwd });
  writeFileSync(join(cwd, "small.yaml"), FLOW);
  expect(await run("run", "small.yaml")).toMatchObject({ code: 0 });
  expect((await run("quotas")).stderr).toContain("Nothing is limited");
  const quotas = { tenant: { openRuns: 4 }, workflows: { small: { stepsPerDay: 10 } } };
  writeFileSync(join(cwd, "lockstitch.config.json"), JSON.stringify({ quotas }));
  expect(JSON.parse((await run("quotas", "--json")).stdout)).toEqual({
    items: [
      { workflow: null, quota: "openRuns", limit: 4, used: 0, until: null },
      { workflow: "small", quota: "stepsPerDay", limit: 10, used: 0, until: null },
    ],
  });
  const { stdout } = await run("quotas", "--workflow", "small");
  expect(stdout).toMatch(/workflow small\s+stepsPerDay\s+0\s+10/);
  expect(stdout).not.toContain("openRuns");
});
