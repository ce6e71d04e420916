/**
 * A disk of a few hundred megabytes for a database, which can be filled to its last byte: a file system
 * in memory, where this user may mount one.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Takes all that is free. */
  fill(): void;
  free(): void;
}

const PIECE = Buffer.alloc(1_048_576);

/** null: this user may not. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), "lockstitch-disk-"));
  try {
    const size = `size=${megabytes}m,mode=0711`;
    execFileSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", path], { stdio: "ignore" });
  } catch {
    // Only the superuser may, as a rule.
    rmdirSync(path);
    return null;
  }
  chmodSync(path, 0o711);
  const filler = join(path, "filler");
  return {
    path,
    fill: () => fill(filler),
    free: () => rmSync(filler, { force: true }),
    [Symbol.dispose]() {
      execFileSync("umount", ["--lazy", path]);
      rmdirSync(path);
    },
  };
}

function fill(file: string): void {
  const handle = openSync(file, "a");
  try {
    for (const size of [PIECE.length, 4_096, 1])
      for (;;) if (writeSync(handle, PIECE, 0, size) < size) break;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(handle);
  }
}
