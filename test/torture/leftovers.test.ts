import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { leftovers } from "./leftovers.ts";

test.skipIf(process.platform !== "linux")("a process that names the folder is found", async () => {
  await using directory = await temporaryDirectory();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)", directory.path]);
  try {
    await once(child, "spawn");
    expect(await leftovers(directory.path, 0)).toEqual([
      expect.stringContaining(`1e6) ${directory.path}`),
    ]);
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  expect(await leftovers(directory.path)).toEqual([]);
});
