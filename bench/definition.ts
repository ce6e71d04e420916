/**
 * Seconds from the text of a definition with 10,000 steps (2 MB) to its plan, as JSON and as YAML.
 * Run: `node bench/definition.ts`. Prints the median of five rounds and the targets (JSON < 1 s,
 * YAML < 4 s) by wall clock and by processor time; exits 1 when the latter misses.
 */
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import { stringify } from "yaml";
import { createRegistry } from "../src/nodes/registry.ts";
import { parseWorkflowOrThrow } from "../src/workflow/parse.ts";
import { compilePlan } from "../src/workflow/plan-compile.ts";

const STEPS = 10_000;
const ROUNDS = 5;

const definition = {
  language: 1,
  name: "large",
  steps: Array.from({ length: STEPS }, (_, index) => ({
    id: `step_${index}`,
    uses: "data.set",
    ...(index === 0 ? {} : { needs: [`step_${Math.floor(index / 2)}`] }),
    with: {
      value: {
        previous: index === 0 ? null : `\${{ steps.step_${Math.floor(index / 2)}.output.total }}`,
        note: `what step ${index} adds to the report, in a sentence of usual length`,
        total: index,
      },
    },
  })),
};

const nodes = createRegistry([]);
const TEXTS = [
  { name: "JSON", text: JSON.stringify(definition, null, 1), file: "large.json", limitMs: 1_000 },
  { name: "YAML", text: stringify(definition), file: "large.yaml", limitMs: 4_000 },
];

/** Milliseconds of processor time of this thread, and of the clock. */
function nowMs(): { readonly wall: number; readonly thread: number } {
  const { user, system } = process.threadCpuUsage();
  return { wall: performance.now(), thread: (user + system) / 1_000 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

for (const { name, text, file, limitMs } of TEXTS) {
  const walls: number[] = [];
  const threads: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = nowMs();
    const parsed = parseWorkflowOrThrow(text, { nodes, file });
    compilePlan(parsed.definition, nodes);
    const end = nowMs();
    walls.push(end.wall - start.wall);
    threads.push(end.thread - start.thread);
  }
  const isMet = median(threads) < limitMs;
  process.stdout.write(
    `${name} ${(text.length / 1e6).toFixed(1)} MB: ${median(walls).toFixed(0)} ms, ${median(threads).toFixed(0)} ms of processor time, ${isMet ? "within" : "MISSES"} ${limitMs} ms\n`,
  );
  if (!isMet) process.exitCode = 1;
}
