/** A file as it is: records are its bytes, piece by piece. A piece is good until the next is asked for. */
import { readSync } from "node:fs";
import type { Batch, BatchSource } from "./batch-source.ts";

const READ_BYTES = 256 * 1024;

export function textSource(file: number): BatchSource {
  return {
    *open(position): Iterable<Batch> {
      const block = Buffer.allocUnsafe(READ_BYTES);
      let offset = (position as { readonly offset: number } | null)?.offset ?? 0;
      for (;;) {
        const read = readSync(file, block, 0, READ_BYTES, offset);
        if (read === 0) return;
        offset += read;
        yield { records: [block.subarray(0, read)], position: { offset } };
      }
    },
  };
}
