/** A torture that is told to end leaves no process and no folder behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/torture.ts", import.meta.url));

test("SIGTERM ends the torture with its processes", async () => {
  await using directory = await temporaryDirectory();
  const data = `${directory.path}/data`;
  const { NODE_V8_COVERAGE: _coverage, ...env } = process.env;
  const script = spawn(process.execPath, [SCRIPT, "--kills", "1000", "--data", data], {
    env: { ...env, TMPDIR: directory.path },
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => void script.kill("SIGKILL"));
  expect(await firstLine(script)).toContain("kills");
  expect(processesOf(directory.path).length).toBeGreaterThan(1);

  script.kill("SIGTERM");
  const [code] = await once(script, "exit");

  expect(code).toBe(143);
  await expect.poll(() => processesOf(directory.path)).toEqual([]);
  const left = readdirSync(directory.path).filter((name) => name.startsWith("lockstitch-torture-"));
  expect(left).toEqual([]);
});

/** Progress is told for the first time after the first kill. */
async function firstLine({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error("the script has no standard error");
  for await (const line of createInterface({ input: stderr })) return line;
  throw new Error("the script said nothing");
}

/** Command lines that name the folder: the witness's socket and the victim's data lie in it. */
function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .map((name) => commandLine(name))
    .filter((line) => line.includes(folder) && !line.includes("scripts/torture.ts"));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
