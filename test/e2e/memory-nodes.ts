/** Node types of memory.test.ts: one that takes memory without end, one that takes its time. */
import { z } from "zod";
import { defineNode } from "#nodes/define-node.ts";
import { pause } from "../torture/pause.ts";

const shared = {
  category: "user",
  icon: "circle",
  pure: false,
  config: z.strictObject({}),
  output: z.null(),
} as const;

const eat = defineNode({
  ...shared,
  type: "test.eat",
  title: "Eat",
  description: "Takes memory until the process has none left.",
  async run() {
    await pause(300);
    const taken: unknown[] = [];
    for (;;) taken.push(new Array(100_000).fill(taken.length));
  },
});

const hold = defineNode({
  ...shared,
  type: "test.hold",
  title: "Hold",
  description: "Takes a second.",
  async run() {
    await pause(1_000);
    return null;
  },
});

// biome-ignore lint/style/noDefaultExport: what a configuration file is read by.
export default { nodes: [eat, hold] };
