/**
 * `node scripts/find-plants.ts [NAME...]`: looks every planted bug up again, in the seed that found it
 * last and else in 1,500, on as many cores as there are, and writes test/simulation/found-at.json.
 * For whoever has changed the simulation's worlds: seeds that are right make its tests fast.
 * Exit code 1: one was not found.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { findPlanted } from "../test/simulation/find-planted.ts";
import { FOUND_AT, PLANTS } from "../test/simulation/plants.ts";

const names = process.argv.length > 2 ? process.argv.slice(2) : PLANTS.map(({ name }) => name);
const foundAt = new Map(Object.entries(FOUND_AT));
const missing: string[] = [];
const waiting = [...names];

async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const { seed, text } = await findPlanted(name);
    process.stdout.write(`${name}: ${seed === null ? "NOT FOUND" : text.split("\n")[0]}\n`);
    if (seed === null) missing.push(name);
    else foundAt.set(name, seed);
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
const kept = PLANTS.flatMap(({ name }) => {
  const seed = foundAt.get(name);
  return seed === undefined || missing.includes(name) ? [] : [[name, seed] as const];
});
writeFileSync(
  new URL("../test/simulation/found-at.json", import.meta.url),
  `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`,
);
process.stdout.write(`${names.length - missing.length} of ${names.length} found\n`);
process.exit(missing.length > 0 ? 1 : 0);
