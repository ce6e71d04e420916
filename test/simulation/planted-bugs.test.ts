/** Every planted bug is found by the simulation within 500 seeds, or its checks prove nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { FOUND_AT, PLANTS } from "./plants.ts";

const SIMULATE = new URL("../../scripts/simulate.ts", import.meta.url).pathname;

interface Found {
  readonly code: number | null;
  readonly text: string;
}

const FAILS = /^seed \d+ fails: SimulationFailure: /m;

/** The seed that found it last, by itself; when the worlds have changed since, all 500. */
async function findPlanted(name: string): Promise<Found> {
  const last = FOUND_AT[name];
  if (last !== undefined) {
    const found = await play(name, ["--from", String(last), "--seeds", "1"]);
    if (FAILS.test(found.text)) return found;
  }
  return await play(name, ["--seeds", "500"]);
}

async function play(name: string, seeds: readonly string[]): Promise<Found> {
  const child = spawn(process.execPath, [SIMULATE, ...seeds, "--plant", name], {
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
  expect(text).toMatch(FAILS);
  expect(code).toBe(1);
});
