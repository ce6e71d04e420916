/**
 * `node bench/optimiser.ts`: what the optimiser brings. The time that a run takes whose attempts wait
 * for slots, with the critical path first and as written, on the real engine and store; and how fast
 * expressions are that have something to fold. Medians of interleaved rounds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import { z } from "zod";
import { openEmbeddedEngine } from "../src/engine/embedded/open.ts";
import { defineNode } from "../src/nodes/define-node.ts";
import { createRegistry } from "../src/nodes/registry.ts";
import { standardErrorLogger } from "../src/observe/logger.ts";
import { LOCAL_CONTEXT } from "../src/ports/call-context.ts";
import { openSqliteStore } from "../src/storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../src/system/system-clock.ts";
import { systemIds } from "../src/system/system-ids.ts";
import { systemRandom } from "../src/system/system-random.ts";
import type { WorkflowDefinition } from "../src/workflow/definition.ts";
import { compileExpression } from "../src/workflow/expression/compile.ts";
import { PLAN_FUEL } from "../src/workflow/expression/fold.ts";
import { percentile } from "./figures.ts";
import { NO_HTTP } from "./lockstitch.ts";

const ROUNDS = 7;
const SLOTS = 4;
const STEP_MS = 20;

const sleep = defineNode({
  ...{ type: "bench.sleep", title: "Sleep", description: "Takes its time.", icon: "clock" },
  category: "user",
  pure: false,
  config: z.strictObject({ ms: z.number() }),
  output: z.null(),
  run: async ({ ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return null;
  },
});

const step = (id: string, needs: readonly string[]) => ({
  ...{ id, uses: "bench.sleep", needs, with: { ms: STEP_MS } },
});
const links = (name: string, count: number, first: readonly string[] = []) =>
  Array.from({ length: count }, (_, at) =>
    step(`${name}${at}`, at === 0 ? first : [`${name}${at - 1}`]),
  );
const leaves = (count: number) => Array.from({ length: count }, (_, at) => step(`leaf${at}`, []));

const SHAPES: readonly { readonly name: string; readonly steps: readonly object[] }[] = [
  { name: "40 leaves, then a chain of 10", steps: [...leaves(40), ...links("link", 10)] },
  { name: "the chain written first", steps: [...links("link", 10), ...leaves(40)] },
  {
    name: "20 leaves, chains of 2, 4, 6, 8",
    steps: [...leaves(20), ...[2, 4, 6, 8].flatMap((count) => links(`c${count}_`, count))],
  },
];

async function makespans(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lockstitch-optimiser-"));
  const logger = standardErrorLogger("warn", (line) => line);
  const open = async (optimise: boolean) => {
    const dataDir = join(folder, String(optimise));
    const store = await openSqliteStore({ dataDir, clock: systemClock, logger });
    const engine = await openEmbeddedEngine({
      ...{ store, clock: systemClock, random: systemRandom, ids: systemIds(systemClock), logger },
      nodes: createRegistry([sleep]),
      services: { fileRoot: null, http: NO_HTTP },
      limits: { attemptsMax: SLOTS },
      optimise,
    });
    return { engine, store };
  };
  const sides = [await open(false), await open(true)] as const;
  process.stdout.write(`${SLOTS} slots, steps of ${STEP_MS} ms; ms until the run has ended\n`);
  try {
    for (const { name, steps } of SHAPES) {
      const took: [number[], number[]] = [[], []];
      for (let round = 0; round <= ROUNDS; round++)
        for (const [at, { engine }] of sides.entries()) {
          const workflow = { language: 1, name: "shape", steps } as unknown as WorkflowDefinition;
          const beganMs = performance.now();
          const { run } = await engine.start(
            LOCAL_CONTEXT,
            { workflow },
            { wait: { timeoutMs: 60_000 } },
          );
          if (run.status !== "succeeded") throw new Error(`${name}: ${run.status}`);
          if (round > 0) took[at]?.push(performance.now() - beganMs);
        }
      const [plain, first] = took.map((values) => percentile(values, 0.5));
      process.stdout.write(
        `${name.padEnd(34)} as written ${plain?.toFixed(0)}, critical path first ${first?.toFixed(0)}\n`,
      );
    }
  } finally {
    for (const { engine, store } of sides) {
      await engine.close(0);
      await store.close();
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

const EXPRESSIONS = [
  "input.ageMs > 7 * 24 * 60 * 60 * 1000",
  "['draft', 'open', 'late'].map((s) => s.toUpperCase()).includes(input.state)",
  "input.ageMs > 3",
];

function expressions(): void {
  const scope = { input: { ageMs: 5, state: "OPEN" } };
  const evaluations = 300_000;
  process.stdout.write("\nmillions of evaluations a second\n");
  for (const source of EXPRESSIONS) {
    const sides = [
      compileExpression(source),
      compileExpression(source, { fuel: PLAN_FUEL, vars: null, note: () => undefined }),
    ];
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round <= ROUNDS; round++)
      for (const [at, expression] of sides.entries()) {
        const before = process.threadCpuUsage();
        for (let done = 0; done < evaluations; done++) expression.test(scope);
        const { user, system } = process.threadCpuUsage(before);
        if (round > 0) rates[at]?.push(evaluations / (user + system));
      }
    const [plain, folded] = rates.map((values) => percentile(values, 0.5).toFixed(2));
    process.stdout.write(`${source.padEnd(78)} as written ${plain}, folded ${folded}\n`);
  }
}

await makespans();
expressions();
