/** Node types of the soak: work that takes a moment, and work that fails the first time. */
import { z } from "zod";
import { NodeError } from "../src/errors/step-error.ts";
import { defineNode } from "../src/nodes/define-node.ts";

const shared = {
  category: "user",
  icon: "circle",
  pure: false,
  config: z.strictObject({ ms: z.number().default(100) }),
  output: z.strictObject({ text: z.string() }),
} as const;

function after(delayMs: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, delayMs));
}

const work = defineNode({
  ...shared,
  type: "soak.work",
  title: "Work",
  description: "Takes a moment and gives a text of 300 characters.",
  async run({ ms }: { readonly ms: number }) {
    await after(ms);
    return { text: "x".repeat(300) };
  },
});

const flaky = defineNode({
  ...shared,
  type: "soak.flaky",
  title: "Flaky",
  description: "Fails the first time.",
  async run({ ms }, { attempt, log }) {
    log.info(`attempt ${attempt}`);
    await after(ms);
    if (attempt === 1) throw new NodeError("user.first", "the first time", { retryable: true });
    return { text: "again" };
  },
});

// biome-ignore lint/style/noDefaultExport: what a configuration file is read by.
export default { nodes: [work, flaky] };
