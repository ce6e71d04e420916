/** Planted bugs of named values, which the world of counting-world.ts must find: see plants.ts. */
import type { Plant } from "./plants.ts";

const counting = (plant: Omit<Plant, "world">): Plant => ({ ...plant, world: "counting" });

export const COUNTING_PLANTS: readonly Plant[] = [
  counting({
    name: "counts-are-not-stored",
    harm: "a counter begins anew with every process, and gives numbers twice",
    file: "src/engine/embedded/turn-commit.ts",
    find: "  if (turn.shared !== null || turn.hasCached)\n",
    replace: "  if (turn.hasCached)\n",
  }),
  counting({
    name: "counting-steps-are-given-up",
    harm: "a step that counts fails because its host was lost three times, which was not its doing",
    file: "src/kernel/evolve-step.ts",
    find: "if (!instance.step.isExact && event.hostLived !== true) live.lostInARow++;",
    replace: "live.lostInARow += 3;",
  }),
  counting({
    name: "lost-counts-are-in-doubt",
    harm: "a saga takes back what was never counted",
    file: "src/kernel/evolve-step.ts",
    find: "  if (!instance.step.isExact) live.inDoubt = true;",
    replace: "  live.inDoubt = true;",
  }),
  counting({
    name: "stopped-counts-are-in-doubt",
    harm: "a saga takes back what was told to stop before it counted",
    file: "src/kernel/compensation.ts",
    find: "  if (instance.step.isExact) return false;\n",
    replace: "",
  }),
  counting({
    name: "looks-count-as-changes",
    harm: "what a step writes is not what its journal says",
    file: "src/engine/embedded/shared-commit.ts",
    find: "change: change === undefined ? null : { revision: to ?? 0, value },",
    replace:
      "change: change === undefined || atMs % 2 === 0 ? null : { revision: to ?? 0, value },",
  }),
];
