/**
 * Gives the WAL file room before SQLite needs it. A commit that makes the file longer makes the
 * file system write its own journal too: measured with four pages a commit, 430-570 us for one that
 * extends the file and 200-275 us for one that overwrites it. So a WAL that is in use gets longer in large
 * steps, between two commits and without an fsync of its own: the next commit's covers it.
 *
 *   1. Only zeros, only past the file's end: frames are never touched. A zero frame has no page
 *      number, which ends SQLite's reading of a WAL like any torn one.
 *   2. A small store stays small: steps are at most as long as what is in use.
 *   3. Room is a favour: where it cannot be had, commits extend the file as ever.
 */
import { closeSync, fstatSync, openSync, writeSync } from "node:fs";

/** A frame is a page of 4 KiB and its header of 24 bytes. */
const FRAME_BYTES = 4_096 + 24;
/** No room is made for less than this many frames in use. */
const FRAMES_MIN = 64;
const STEP_BYTES_MAX = 4 * 1_048_576;
/** With less room than this the file is made longer. */
const MARGIN_BYTES = 256 * 1_024;
/** The WAL is copied and begun anew past 32 MiB (group-writer.ts), and cut to 64 MiB. */
const FILE_BYTES_MAX = 40 * 1_048_576;
const ZEROS = new Uint8Array(MARGIN_BYTES);

export class WalGrowth {
  readonly #path: string;
  #fileBytes = 0;
  #isOver = false;

  /** `path` is the database's. */
  constructor(path: string) {
    this.#path = `${path}-wal`;
  }

  /** `frames` are in use. Called by the thread that writes, between two of its transactions. */
  makeRoom(frames: number): void {
    const usedBytes = frames * FRAME_BYTES;
    if (this.#isOver || frames < FRAMES_MIN || usedBytes + MARGIN_BYTES < this.#fileBytes) return;
    try {
      this.#fileBytes = extend(this.#path, { usedBytes });
      this.#isOver = this.#fileBytes >= FILE_BYTES_MAX;
    } catch {
      this.#isOver = true;
    }
  }
}

/** The file's length afterwards. */
function extend(path: string, { usedBytes }: { readonly usedBytes: number }): number {
  const file = openSync(path, "r+");
  try {
    let endBytes = fstatSync(file).size;
    const wantedBytes = Math.min(usedBytes + Math.min(usedBytes, STEP_BYTES_MAX), FILE_BYTES_MAX);
    while (endBytes < wantedBytes) {
      endBytes += writeSync(
        file,
        ZEROS,
        0,
        Math.min(ZEROS.length, wantedBytes - endBytes),
        endBytes,
      );
    }
    return endBytes;
  } finally {
    closeSync(file);
  }
}
