/** The Disk port by statfs: what this process may still write where `path` lies. */
import { statfs } from "node:fs/promises";
import type { Disk } from "#ports/disk.ts";

export function systemDisk(path: string): Disk {
  return {
    async room() {
      const { bavail, blocks, bsize } = await statfs(path);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
  };
}
