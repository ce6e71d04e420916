/**
 * Two projects: `quick` is what the pure rooms and the house rules need (seconds, run by
 * `npm run check`), `system` is everything that opens files, sockets, processes or browsers.
 * `npm test` runs both with coverage; the gate itself is scripts/coverage-gate.ts.
 */
import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const QUICK = [
  "test/*.test.ts",
  "test/{errors,workflow,kernel,nodes/pure,ports,system,observe,scripts}/**/*.test.ts",
];

/**
 * Files of more than ten seconds, the longest first. Vitest remembers how long a file took; in a new
 * clone it goes by the size of the files, and the last long one would keep half of the processors idle.
 */
const LONG = [
  ...["simulation/planted-bugs", "torture/torture", "e2e/memory", "e2e/page", "plugins/endings"],
  ...["nodes/code/sandbox-attacks", "nodes/stream/resumed-streams", "storage/sqlite/restore-kill"],
  ...["cli/process", "cli/store-commands", "storage/sqlite/contract", "nodes/contract"],
  ...["cli/step-logs", "examples/examples", "engine/streamed-items", "embed/lockstitch"],
  ...["e2e/label-filter", "e2e/output-view", "cli/workflows-deps", "cli/doctor"],
  ...["simulation/simulation", "kernel/optimised-runs", "nodes/stream/killed-stream"],
  ...["embed/package", "engine/state-kill", "cli/secrets-canary", "cli/empty-folder"],
  ...["storage/postgres/contract", "cli/database-doctor", "cli/database-copy", "engine/hosts"],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    // Many files wait more than they compute, for processes and servers: one worker more than would do for those that don't.
    maxWorkers: 1 + Math.max(2, Math.floor(availableParallelism() / 2)),
    // Node strips types with WebAssembly, in each worker thread anew: see bin/lockstitch.js.
    execArgv: ["--no-wasm-code-gc"],
    coverage: {
      // Counts of V8's own turn its optimising compilers off: tests took twice the processor time.
      provider: "istanbul",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "json", "html"],
      reportsDirectory: "coverage",
      // The gate judges also when a test has failed: one run shows all that is wrong.
      reportOnFailure: true,
    },
    setupFiles: ["test/process-coverage.setup.ts"],
    sequence: { sequencer: LongestFirst },
    // Deadlines are for what hangs. What only takes long on a busy machine must not meet one.
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        // What they import keeps nothing, so files share it: loading it anew took a third of their time.
        test: { name: "quick", include: QUICK, testTimeout: 120_000, isolate: false },
      },
      {
        extends: true,
        test: {
          name: "system",
          setupFiles: ["test/process-coverage.setup.ts"],
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...QUICK],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
