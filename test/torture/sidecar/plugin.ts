/** A plugin for the torture: its process dies with the victim, amid calls, and must not outlive it. */
import { defineNode, definePlugin } from "lockstitch/plugin";
import { z } from "zod";

const MOST_MS = 150;

const twice = defineNode({
  type: "sidecar.twice",
  title: "Twice",
  description: "Doubles a number in a random time.",
  category: "user",
  icon: "copy",
  pure: false,
  config: z.strictObject({ of: z.int().describe("The number.") }),
  output: z.strictObject({ of: z.int(), twice: z.int() }),
  run({ of }) {
    return new Promise((give) => {
      setTimeout(() => give({ of, twice: of * 2 }), Math.random() * MOST_MS);
    });
  },
});

export const plugin = definePlugin({
  name: "sidecar",
  version: "1.0.0",
  description: "What the torture hands numbers to.",
  nodes: [twice],
  permissions: {},
});
