/**
 * What a plugin's process takes of the machine, as the system tells it from outside: memory and
 * processor time of the process and of what it has started, and what lies in a folder.
 */
import { readFileSync } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

/** Of a second, in which /proc tells processor time: the same on all Linux systems that Node runs on. */
const TICK_MS = 10;
/** What an empty file takes at least, in its folder. */
const ENTRY_BYTES = 512;
const BLOCK_BYTES = 512;

/** Resident memory in bytes; 0 where /proc does not tell. */
export function memoryOf(pid: number | undefined): number {
  return sumOf(pid, (of) => {
    const status = readFileSync(`/proc/${of}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  });
}

/** Processor time since the start, in ms; 0 where /proc does not tell. */
export function processorMsOf(pid: number | undefined): number {
  return sumOf(pid, (of) => {
    const stat = readFileSync(`/proc/${of}/stat`, "utf8");
    // After the program's name, which may hold anything: user and system time are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  });
}

function sumOf(pid: number | undefined, own: (pid: number) => number): number {
  if (pid === undefined) return 0;
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    return children
      .filter((child) => child !== "")
      .reduce((sum, child) => sum + sumOf(Number(child), own), own(pid));
  } catch {
    // It has ended meanwhile, or this system has no /proc.
    return 0;
  }
}

/** What the files below `folders` take on the disk, in bytes; until it is more than `bytesMax`; endless where one cannot be read. */
export async function diskBytesOf(folders: readonly string[], bytesMax: number): Promise<number> {
  let bytes = 0;
  const waiting = [...folders];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        // Taken away since it was seen.
        const blocks = await lstat(path).then(
          (found) => found.blocks,
          () => 0,
        );
        bytes += Math.max(ENTRY_BYTES, blocks * BLOCK_BYTES);
        if (bytes > bytesMax) return bytes;
      }
    } catch (error) {
      // A folder that was taken away holds nothing; one that cannot be read could hold anything.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return Number.POSITIVE_INFINITY;
    }
  }
  return bytes;
}
