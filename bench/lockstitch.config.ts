/** The one node type of the benchmarks: an effectful step that does nothing, so that only the engine is measured. */
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import { z } from "zod";
import { defineNode } from "../src/nodes/define-node.ts";

export const noop = defineNode({
  type: "bench.noop",
  title: "No-op",
  description: "An attempt that succeeds at once.",
  category: "user",
  icon: "circle",
  pure: false,
  config: z.strictObject({}),
  output: z.null(),
  run: () => Promise.resolve(null),
});

// biome-ignore lint/style/noDefaultExport: what a configuration file is read by.
export default { nodes: [noop] };
