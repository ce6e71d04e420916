/** `stream.collect` makes a list of a stream that has been made small enough. */
import { z } from "zod";
import { OUTPUT_SIZE_MAX } from "../attempt.ts";
import { defineNode } from "../define-node.ts";
import { expectContent, isStream, streamOf } from "../pure/stream-value.ts";
import { streamToList } from "./run-stream.ts";
import { tooMany } from "./stream-limits.ts";

const ITEMS_MAX = 1_000_000;

export const streamCollect = defineNode({
  type: "stream.collect",
  title: "Collect a stream",
  description:
    "Reads a stream of records to its end and gives them as a list: what is left after filtering or grouping a large file.",
  category: "io",
  icon: "list",
  pure: false,
  config: z.strictObject({
    items: z
      .custom<unknown>((value) => isStream(value) || Array.isArray(value), {
        error: "must be a stream, as parse gives of a streamed file, or a list",
      })
      .meta({ type: ["object", "array"] })
      .describe("The stream of records; a list is given on as it is"),
    max: z.int().min(1).max(ITEMS_MAX).default(ITEMS_MAX).describe("More records fail the step"),
  }),
  output: z.array(z.unknown()),
  errors: ["file_denied", "file_failed", "file_not_found", "parse_failed", "stream_changed"],
  examples: [
    {
      title: "A list, where a step may give either",
      with: { items: [{ id: 1 }, { id: 2 }] },
      output: [{ id: 1 }, { id: 2 }],
    },
    {
      title: "A stream of a file that is gone",
      with: {
        items: {
          $stream: {
            source: { path: "gone.csv", bytes: 7, tag: "0" },
            steps: [{ uses: "parse", with: { format: "csv" }, functions: {}, gives: "records" }],
          },
        },
      },
      error: "file_not_found",
    },
  ],
  async run({ items, max }, context) {
    if (Array.isArray(items)) {
      if (items.length > max) throw tooMany("streamItems", max, "records");
      return items as unknown[];
    }
    const stream = streamOf(items, "items");
    expectContent(stream, "records", "items");
    const limits = { itemsMax: max, sizeMax: OUTPUT_SIZE_MAX };
    return [...(await streamToList(stream, limits, context))];
  },
});
