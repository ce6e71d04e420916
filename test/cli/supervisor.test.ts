/** The supervisor with real children: restarted when a signal kills them, not when they exit. */
import { type ChildProcess, spawn } from "node:child_process";
import { expect, test } from "vitest";
import { supervise } from "#cli/supervisor.ts";

const KILLED = "process.kill(process.pid, 'SIGKILL')";

/** Runs `scripts`, one for each start; the last one again when there are more starts. */
async function superviseScripts(
  scripts: readonly string[],
  options: { readonly onSpawn?: (child: ChildProcess, interrupt: () => void) => void } = {},
) {
  const delays: number[] = [];
  const notes: string[] = [];
  let starts = 0;
  let interrupt = () => {};
  const code = await supervise({
    spawn(restarts) {
      expect(restarts).toBe(starts);
      const script = scripts[Math.min(starts, scripts.length - 1)] ?? "";
      starts += 1;
      const child = spawn(process.execPath, ["-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      options.onSpawn?.(child, () => interrupt());
      return child;
    },
    onInterrupt(listener) {
      interrupt = listener;
      return () => undefined;
    },
    note: (line) => notes.push(line),
    delay: async (delayMs) => void delays.push(delayMs),
    monotonicMs: () => 0,
  });
  return { code, starts, delays, notes };
}

test("a child that a signal killed is started again, later each time", async () => {
  const { code, starts, delays, notes } = await superviseScripts([
    KILLED,
    KILLED,
    "process.exit(3)",
  ]);
  expect({ code, starts, delays }).toEqual({ code: 3, starts: 3, delays: [250, 500] });
  expect(notes[0]).toBe("The server was killed by SIGKILL; starting it again in 250 ms.");
});

test("a child that exits by itself is not started again", async () => {
  expect(await superviseScripts(["process.exit(75)"])).toMatchObject({ code: 75, starts: 1 });
});

test("an interrupt stops the child and is not taken for a crash", async () => {
  const waiting = "process.stdout.write('up'); setInterval(() => {}, 1e6)";
  const { code, starts } = await superviseScripts([waiting], {
    onSpawn: (child, interrupt) => child.stdout?.once("data", interrupt),
  });
  expect({ code, starts }).toEqual({ code: 0, starts: 1 });
});
