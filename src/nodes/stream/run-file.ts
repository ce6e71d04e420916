/**
 * Files of spilled records: one JSON value a line, written once, durable when they are needed, then
 * only read. Reading holds one block of each file.
 */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

const BLOCK_BYTES = 256 * 1024;

/** Writes `lines` (JSON text without line breaks) and fsyncs. Replaces what lay there. */
export function writeRun(path: string, lines: Iterable<string>): void {
  const file = openSync(path, "w", 0o600);
  try {
    let held: string[] = [];
    let size = 0;
    const flush = (): void => {
      if (held.length > 0) writeWhole(file, Buffer.from(`${held.join("\n")}\n`));
      held = [];
      size = 0;
    };
    for (const line of lines) {
      held.push(line);
      size += line.length;
      if (size >= BLOCK_BYTES) flush();
    }
    flush();
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

export function* readRun(path: string, blockBytes = 64 * 1024): Iterable<unknown> {
  const file = openSync(path, "r");
  try {
    const block = Buffer.allocUnsafe(blockBytes);
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const read = readSync(file, block, 0, blockBytes, null);
      const bytes =
        rest.length === 0
          ? block.subarray(0, read)
          : Buffer.concat([rest, block.subarray(0, read)]);
      const end = read === 0 ? bytes.length : bytes.lastIndexOf(10) + 1;
      if (end > 0)
        for (const line of bytes.toString("utf8", 0, end).split("\n"))
          if (line !== "") yield JSON.parse(line);
      if (read === 0) return;
      rest = Buffer.from(bytes.subarray(end));
    }
  } finally {
    closeSync(file);
  }
}
