/**
 * Whether the simulation finds a planted bug: in the seed that found it last, played by itself, and
 * else in 1,500 (three rare ones are found beyond 500). Each in a process of its own, for a plant stays in the process that loads it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { FOUND_AT, PLANTS } from "./plants.ts";

const SIMULATE = new URL("../../scripts/simulate.ts", import.meta.url).pathname;
const SEEDS = 1_500;
const FAILS = /^seed (\d+) fails: SimulationFailure: /m;

/**
 * All but one module are those of the search before: most of the time of a search that finds at once
 * is loading them. What a planted source covers must not count, for it is not the source.
 */
const ENVIRONMENT = {
  ...process.env,
  NODE_V8_COVERAGE: undefined,
  NODE_COMPILE_CACHE: new URL("../../node_modules/.cache/planted", import.meta.url).pathname,
};

export interface Found {
  /** null: no seed has found it. */
  readonly seed: number | null;
  readonly code: number | null;
  readonly text: string;
}

export async function findPlanted(name: string): Promise<Found> {
  const last = FOUND_AT[name];
  if (last !== undefined && last <= SEEDS) {
    const found = await play(name, ["--from", String(last), "--seeds", "1"]);
    if (found.seed !== null) return found;
  }
  return await play(name, ["--seeds", String(SEEDS)]);
}

async function play(name: string, seeds: readonly string[]): Promise<Found> {
  const world = PLANTS.find((plant) => plant.name === name)?.world ?? "runs";
  const chosen = [...seeds, "--world", world, "--plant", name];
  const child = spawn(process.execPath, [SIMULATE, ...chosen], {
    stdio: ["ignore", "pipe", "pipe"],
    env: ENVIRONMENT,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (data: string) => {
      text += data;
    });
  const [code] = (await once(child, "close")) as [number | null];
  const seed = FAILS.exec(text)?.[1];
  return { seed: seed === undefined ? null : Number(seed), code, text };
}
