/**
 * `npm run simulate -- --seeds N --from SEED`: plays many seeds of the simulated world
 * (test/simulation/simulation.ts) and stops at the first that violates a promise, printing its
 * seed. `--plant NAME` loads the sources with one planted bug (test/simulation/plants.ts), which
 * the simulation must find. `--world counting` plays the world of named values instead
 * (test/simulation/counting-world.ts), `--world hosts` that of several hosts (hosts-world.ts). Exit code 1: a violation was found.
 */
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    plant: { type: "string" },
    world: { type: "string", default: "runs" },
  },
});

if (values.plant !== undefined) {
  const { plantBug } = await import("../test/simulation/plants.ts");
  plantBug(values.plant);
}
type Play = (seed: number) => Promise<Readonly<Record<string, number>>>;
/** Worlds beside that of runs: what one seed met, by name. */
const WORLDS: Readonly<Record<string, () => Promise<Play>>> = {
  counting: async () => {
    const { playCounting } = await import("../test/simulation/counting-world.ts");
    return async (seed) => ({ ...(await playCounting(seed)) });
  },
  hosts: async () => {
    const { playHosts } = await import("../test/simulation/hosts-world.ts");
    return async (seed) => ({ ...(await playHosts(seed)) });
  },
};
const world = WORLDS[values.world];
if (world !== undefined) {
  const play = await world();
  const counted: Record<string, number> = {};
  for (let seed = Number(values.from), left = Number(values.seeds); left > 0; seed++, left--) {
    try {
      for (const [name, count] of Object.entries(await play(seed)))
        counted[name] = (counted[name] ?? 0) + count;
    } catch (fault) {
      const again = `npm run simulate -- --world ${values.world} --from ${seed} --seeds 1`;
      process.stdout.write(`seed ${seed} fails: ${(fault as Error).stack}\nagain: ${again}\n`);
      process.exit(1);
    }
  }
  process.stdout.write(`${values.seeds} seeds clean: ${JSON.stringify(counted)}\n`);
  process.exit(0);
}
if (values.world !== "runs") throw new Error(`--world ${values.world}: there is no such world`);
const { simulate } = await import("../test/simulation/simulation.ts");
const { addMet, SEEDS_THAT_MEET_ALL, unmet } = await import("../test/simulation/must-meet.ts");

const from = Number(values.from);
const seeds = Number(values.seeds);
const totals = { runs: 0, crashes: 0, faults: 0, attempts: 0, repeats: 0 };
const met = new Map<string, number>();
const startedMs = performance.now();
for (let seed = from; seed < from + seeds; seed++) {
  try {
    const report = await simulate(seed);
    addMet(met, report);
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += report[name];
  } catch (fault) {
    process.stdout.write(
      `seed ${seed} fails: ${(fault as Error).stack}\nagain: npm run simulate -- --from ${seed} --seeds 1\n`,
    );
    process.exit(1);
  }
  if (process.stderr.isTTY && seed % 20 === 0)
    process.stderr.write(`\r${seed - from + 1}/${seeds} seeds`);
}
const seconds = (performance.now() - startedMs) / 1000;
process.stdout.write(
  `${seeds} seeds clean in ${seconds.toFixed(1)} s: ${totals.runs} runs, ${totals.attempts} attempts ` +
    `(${totals.repeats} repeats, all with their own key), ${totals.crashes} crashes, ${totals.faults} commit faults\n`,
);
const of = (name: string) => met.get(name) ?? 0;
process.stdout.write(
  `undone: ${of("undone.succeeded")} done, ${of("undone.unknown")} in doubt, ${of("undone.failed")} failed; ` +
    `${of("chain.continued")} runs continued with ${of("chain.carried")} unread signals; ` +
    `${of("chain.outputs")} outputs of children compared; ` +
    `${of("time.cutOff")} cleanups cut off; ${of("opened")} breakers opened, ${of("probes")} probes\n`,
);
process.stdout.write(
  `off the turn: ${of("large.far")} computed from bytes, ${of("large.near")} from objects, ` +
    `${of("large.lost")} lost with their process, ${of("large.failed")} failed; ${of("large.copies")} large copies compared; ` +
    `${of("steered.asked")} steps asked with a priority given by hand; ${of("steered.wished")} checkpoints wished for\n`,
);
const missing = seeds >= SEEDS_THAT_MEET_ALL ? unmet(met) : [];
if (missing.length > 0) process.stdout.write(`never met: ${missing.join(", ")}\n`);
process.exit(missing.length > 0 ? 1 : 0);
