/** The node types of the benchmarks: steps that do nothing, so that only the engine is measured. */
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import { z } from "zod";
import { defineNode } from "../src/nodes/define-node.ts";

const shared = {
  category: "user",
  icon: "circle",
  pure: false,
  config: z.strictObject({}),
  output: z.null(),
} as const;

export const noop = defineNode({
  ...shared,
  type: "bench.noop",
  title: "No-op",
  description: "An attempt that succeeds at once.",
  run: () => Promise.resolve(null),
});

export const hang = defineNode({
  ...shared,
  type: "bench.hang",
  title: "Hang",
  description: "An attempt that goes on until it is aborted.",
  run: (_config, { signal }) =>
    new Promise<null>((resolve) => {
      signal.addEventListener("abort", () => resolve(null), { once: true });
    }),
});

// biome-ignore lint/style/noDefaultExport: what a configuration file is read by.
export default { nodes: [noop, hang] };
