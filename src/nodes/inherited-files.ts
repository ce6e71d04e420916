/**
 * Open files that this process got from whoever started it (a shell, a service manager) and would
 * hand on to every process that it starts: all that Node opens itself is closed on exec. A plugin, or a
 * program that a step runs, could read and write them by number, past every permission.
 */
import { openSync, readdirSync, readFileSync } from "node:fs";

const CLOSE_ON_EXEC = 0o2000000;

let found: readonly number[] | null = null;
let nothing: number | null = null;

/** Numbers above `above`. Read once: later ones are Node's own. Where /proc does not tell: none. */
function inheritedFiles(above: number): readonly number[] {
  found ??= fileNumbers().filter((number) => {
    try {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "utf8"));
      return (Number.parseInt(flags?.[1] ?? "2000000", 8) & CLOSE_ON_EXEC) === 0;
    } catch {
      // Closed since the list was made; the list itself was read through one.
      return false;
    }
  });
  return found.filter((number) => number > above);
}

function fileNumbers(): readonly number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    // No /proc: then none are known.
    return [];
  }
}

/** `stdio` of a process that inherits nothing else: each other file is the null device there. */
export function onlyThese<Entry>(stdio: readonly Entry[]): (Entry | "ignore" | number)[] {
  const all: (Entry | "ignore" | number)[] = [...stdio];
  for (const number of inheritedFiles(stdio.length - 1)) {
    while (all.length < number) all.push("ignore");
    nothing ??= openSync("/dev/null", "r+");
    all[number] = nothing;
  }
  return all;
}
