/**
 * The folder of file nodes. The default one lies in the data directory and, when it is made, gets
 * the sample table that the examples read, so that they run as they stand.
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LockstitchError } from "#errors/errors.ts";
import type { Settings } from "./settings.ts";

/** A real data set of the npm package vega-datasets: daily weather in Seattle, 2012 to 2015. */
export const SAMPLE = "samples/seattle-weather.csv";

/** The folder, made if it is the default one. Throws config_invalid where a named one is missing. */
export async function prepareFileRoot(settings: Settings): Promise<string> {
  if (settings.fileRoot !== null) {
    if (existsSync(settings.fileRoot)) return settings.fileRoot;
    throw new LockstitchError(
      "config_invalid",
      `fileRoot: there is no folder ${settings.fileRoot}; make it, or leave the setting out.`,
    );
  }
  const root = join(settings.data, "files");
  if (!existsSync(join(root, "samples"))) {
    await mkdir(join(root, "samples"), { recursive: true });
    const source = new URL("../data/seattle-weather.csv", import.meta.resolve("vega-datasets"));
    await copyFile(fileURLToPath(source), join(root, SAMPLE));
  }
  return root;
}
