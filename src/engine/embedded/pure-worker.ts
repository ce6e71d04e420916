/** The worker thread of pure-computer.ts: evaluates built-in pure nodes on inputs too large for a turn. */
import { parentPort } from "node:worker_threads";
import { runPure } from "#nodes/attempt.ts";
import { createRegistry } from "#nodes/registry.ts";

const nodes = createRegistry();

parentPort?.on("message", ({ id, uses, config }: { id: number; uses: string; config: unknown }) => {
  const definition = nodes.definition(uses);
  parentPort?.postMessage({
    id,
    // null: a user's own type, which only the main thread has.
    outcome: definition === undefined ? null : runPure(definition, config),
  });
});
