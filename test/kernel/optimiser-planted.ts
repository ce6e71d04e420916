/** A process of its own: plants the bug that it is told, and says which world finds it. */
import { plantIn } from "../simulation/plants.ts";
import { OPTIMISER_PLANTS } from "./optimiser-plants.ts";

const WORLDS = 150;
const [, , name] = process.argv;
const plant = OPTIMISER_PLANTS.find((candidate) => candidate.name === name);
if (plant === undefined) throw new Error(`there is no planted bug "${name}"`);
plantIn(plant);
const { compareFolded } = await import("../workflow/expression/folded-expressions.ts");
const { compareWorld } = await import("./optimised-worlds.ts");

function find(): string {
  for (let seed = 1; seed <= WORLDS; seed++)
    try {
      compareWorld(seed);
    } catch (error) {
      return `found in world ${seed}: ${inALine(error)}`;
    }
  try {
    compareFolded(1_000, 1);
  } catch (error) {
    return `found in an expression: ${inALine(error)}`;
  }
  return `not found in ${WORLDS} worlds`;
}

function inALine(error: unknown): string {
  return String(error).replaceAll("\n", " ").slice(0, 200);
}

process.stdout.write(`${find()}\n`);
