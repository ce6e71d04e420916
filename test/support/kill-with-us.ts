/**
 * Processes that a script starts end with it: a victim or a server that outlives its script keeps a
 * port, a folder and a processor busy, and nobody knows whose it is.
 */
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";

const children = new Set<ChildProcess>();

/** Kills the child, if it lives, when this process exits. */
export function killWithUs(child: ChildProcess): void {
  if (children.size === 0) process.once("exit", killAll);
  children.add(child);
  child.once("exit", () => {
    children.delete(child);
    if (children.size === 0) process.off("exit", killAll);
  });
}

/** A signal that asks the script to end is an exit, after `before`; so what it started ends too. */
export function exitOnSignals(before: () => void): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(name, () => {
      killAll();
      before();
      process.exit(128 + constants.signals[name]);
    });
}

function killAll(): void {
  for (const child of children) child.kill("SIGKILL");
}
