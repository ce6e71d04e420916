/**
 * `data.sample` takes some items: the first, the last, or random ones. Chance comes from the seed
 * alone (SHA-256 of seed and counter), so the same configuration always gives the same items.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { textToBytes } from "#workflow/expression/library/utf8.ts";
import { defineNode } from "../define-node.ts";
import { ITEMS_MAX, List } from "./collection.ts";

export const dataSample = defineNode({
  type: "data.sample",
  title: "Sample",
  description:
    "Takes `count` items: random ones in random order, the first or the last. The choice depends on `seed` only; all items are taken when there are not more.",
  category: "data",
  icon: "dice",
  pure: true,
  config: z.strictObject({
    items: List.describe("The list"),
    count: z.int().min(0).max(ITEMS_MAX).default(1).describe("How many items"),
    method: z.enum(["random", "first", "last"]).default("random").describe("Which items"),
    seed: z
      .union([z.string().max(1000), z.number()], { error: "must be text or a number" })
      .default("")
      .describe(
        "Random: another seed makes another choice, the same seed the same; `${{ run.id }}` for a choice per run",
      ),
  }),
  output: List,
  examples: [
    {
      title: "The first two",
      with: { items: [1, 2, 3], count: 2, method: "first" },
      output: [1, 2],
    },
    { title: "The last two", with: { items: [1, 2, 3], count: 2, method: "last" }, output: [2, 3] },
    {
      title: "Two of five, the same every time",
      with: { items: ["a", "b", "c", "d", "e"], count: 2, seed: "draw" },
      output: ["a", "c"],
    },
  ],
  run({ items, count, method, seed }) {
    if (method === "first") return items.slice(0, count);
    if (method === "last") return items.slice(Math.max(0, items.length - count));
    return drawn(items, Math.min(count, items.length), String(seed));
  },
});

/** `count` different places of `items`, each choice equally likely: the first steps of a Fisher-Yates shuffle. */
function drawn(items: readonly unknown[], count: number, seed: string): unknown[] {
  const below = randomBelow(seed);
  // Only places that moved are kept, so that a small sample of a long list copies nothing.
  const moved = new Map<number, number>();
  const sample: unknown[] = [];
  for (let place = 0; place < count; place += 1) {
    const other = place + below(items.length - place);
    sample.push(items[moved.get(other) ?? other]);
    moved.set(other, moved.get(place) ?? place);
  }
  return sample;
}

/** Whole numbers in [0, limit), each equally likely: draws beyond the last multiple of `limit` are thrown away. */
function randomBelow(seed: string): (limit: number) => number {
  let words: number[] = [];
  let counter = 0;
  const next = (): number => {
    const word = words.pop();
    if (word !== undefined) return word;
    const view = new DataView(sha256(textToBytes(`${seed}\n${counter}`)).buffer);
    counter += 1;
    words = Array.from({ length: 8 }, (_, index) => view.getUint32(index * 4));
    return next();
  };
  return (limit) => {
    const fair = 2 ** 32 - (2 ** 32 % limit);
    let word = next();
    while (word >= fair) word = next();
    return word % limit;
  };
}
