/** The folder of file nodes: the default one is made with the sample table in it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prepareFileRoot, SAMPLE } from "#cli/file-root.ts";
import { resolveSettings } from "#cli/settings.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

function settingsIn(cwd: string, env: Record<string, string> = {}) {
  const file = { path: null, folder: cwd, values: {}, nodes: [], chain: {} };
  return resolveSettings({ flags: {}, env, file, cwd });
}

test("the default folder holds the sample once, and keeps what a user made of it", async () => {
  await using directory = await temporaryDirectory();
  const settings = settingsIn(directory.path);
  const root = await prepareFileRoot(settings);
  expect(root).toBe(join(directory.path, ".lockstitch", "files"));
  const sample = join(root, SAMPLE);
  expect(await readFile(sample, "utf8")).toMatch(/^date,precipitation,/);
  await writeFile(sample, "mine");
  await prepareFileRoot(settings);
  expect(await readFile(sample, "utf8")).toBe("mine");
});

test("a folder of the user's own is left as it is, and must be there", async () => {
  await using directory = await temporaryDirectory();
  const settings = settingsIn(directory.path, { LOCKSTITCH_FILE_ROOT: "own" });
  await expect(prepareFileRoot(settings)).rejects.toThrow("there is no folder");
  await mkdir(join(directory.path, "own"));
  expect(await prepareFileRoot(settings)).toBe(join(directory.path, "own"));
});
