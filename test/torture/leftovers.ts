/** Processes that a victim has left behind: its plugin's ends with it, whatever it died of. */
import { readdirSync, readFileSync } from "node:fs";
import { pause } from "./pause.ts";

const PATIENCE_MS = 5_000;

/** Command lines that still name `folder`, after a while; none where the system has no /proc. */
export async function leftovers(
  folder: string,
  patienceMs = PATIENCE_MS,
): Promise<readonly string[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const found = commandLines().filter((line) => line.includes(folder));
    if (found.length === 0 || performance.now() > untilMs) return found;
    await pause(50);
  }
}

function commandLines(): string[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .flatMap((name) => {
        try {
          return [readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")];
        } catch {
          // It ended while we looked.
          return [];
        }
      });
  } catch {
    // No Linux.
    return [];
  }
}
