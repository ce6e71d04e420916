/**
 * The long differential run of the expression language against V8.
 * Run: `node scripts/expression-differential.ts [cases] [seed]` (100,000 cases from seed 1 by default).
 * Prints how many cases gave a value and how often each feature took part; exits 1 on a mismatch.
 */
import { runDifferential } from "../test/workflow/expression/v8-reference.ts";

const cases = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const report = runDifferential(cases, seed, (done) =>
  process.stderr.write(`${done} of ${cases}\n`),
);

for (const mismatch of report.mismatches) process.stdout.write(`${mismatch}\n`);
const features = [...report.features].toSorted(([, a], [, b]) => a - b);
process.stdout.write(`${features.map(([name, count]) => `${name}: ${count}`).join(", ")}\n`);
process.stdout.write(
  `${report.cases} cases from seed ${seed}: ${report.mismatches.length} mismatches, ${report.values} gave a value, ${features.length} features\n`,
);
process.exitCode = report.mismatches.length === 0 ? 0 : 1;
