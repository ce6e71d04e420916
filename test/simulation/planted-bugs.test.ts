/** Every planted bug is found by the simulation within 500 seeds, or its checks prove nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { PLANTS } from "./plants.ts";

const SIMULATE = new URL("../../scripts/simulate.ts", import.meta.url).pathname;

async function findPlanted(
  name: string,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, [SIMULATE, "--seeds", "500", "--plant", name], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

test("there are at least ten, each with a name of its own", () => {
  expect(new Set(PLANTS.map(({ name }) => name)).size).toBe(PLANTS.length);
  expect(PLANTS.length).toBeGreaterThanOrEqual(10);
});

test.each(PLANTS)("$name: $harm", { timeout: 300_000 }, async ({ name }) => {
  const { code, text } = await findPlanted(name);
  expect(text).toMatch(/^seed \d+ fails: SimulationFailure: /m);
  expect(code).toBe(1);
});
