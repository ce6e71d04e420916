/**
 * A file on its way: a draft beside the target, which takes its place as a whole when all is there.
 *
 *   D1. Nobody sees a part of it under the target's name.
 *   D2. What was written before save() is there after a crash; what came later is cut off.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const HELD_BYTES = 256 * 1024;

export class DraftFile {
  readonly #path: string;
  readonly #file: number;
  #bytes: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** `bytes`: what is kept of a draft that lies there; 0: it begins anew. */
  constructor(path: string, bytes: number) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#file = openSync(path, bytes === 0 ? "w" : "r+", 0o644);
    ftruncateSync(this.#file, bytes);
    this.#bytes = bytes;
  }

  /** Whether a draft of at least so many bytes lies there. */
  static has(path: string, bytes: number): boolean {
    return bytes === 0 || (existsSync(path) && statSync(path).size >= bytes);
  }

  get bytes(): number {
    return this.#bytes + this.#heldBytes;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= HELD_BYTES) this.#flush();
  }

  /** Its bytes, which are durable. */
  save(): number {
    this.#flush();
    fdatasyncSync(this.#file);
    return this.#bytes;
  }

  /** `mustBeNew`: throws EEXIST where another file has the target's name. */
  finish(target: string, { mustBeNew }: { readonly mustBeNew: boolean }): number {
    this.#flush();
    fsyncSync(this.#file);
    closeSync(this.#file);
    if (mustBeNew) this.#link(target);
    else renameSync(this.#path, target);
    const folder = openSync(dirname(target), "r");
    fsyncSync(folder);
    closeSync(folder);
    return this.#bytes;
  }

  /** A repeat of an attempt that has put it there already is no conflict. */
  #link(target: string): void {
    try {
      linkSync(this.#path, target);
    } catch (error) {
      const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
      if (!(isThere && isSameContent(this.#path, target))) throw error;
    }
    rmSync(this.#path);
  }

  #flush(): void {
    for (const bytes of this.#held) {
      for (let at = 0; at < bytes.length; )
        at += writeSync(this.#file, bytes, at, bytes.length - at, this.#bytes + at);
      this.#bytes += bytes.length;
    }
    this.#held = [];
    this.#heldBytes = 0;
  }
}

function isSameContent(left: string, right: string): boolean {
  if (!statSync(right).isFile() || statSync(left).size !== statSync(right).size) return false;
  const files = [openSync(left, "r"), openSync(right, "r")] as const;
  try {
    const blocks = [Buffer.alloc(HELD_BYTES), Buffer.alloc(HELD_BYTES)] as const;
    for (let at = 0; ; ) {
      const read = readSync(files[0], blocks[0], 0, HELD_BYTES, at);
      if (readSync(files[1], blocks[1], 0, HELD_BYTES, at) !== read) return false;
      if (read === 0) return true;
      if (!blocks[0].subarray(0, read).equals(blocks[1].subarray(0, read))) return false;
      at += read;
    }
  } finally {
    closeSync(files[0]);
    closeSync(files[1]);
  }
}
