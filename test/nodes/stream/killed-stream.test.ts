/** The workflow of scripts/large-data.ts, small: killed half-way, it goes on and writes the same bytes. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { writeOrders } from "../../../scripts/large-data-file.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** A hundred thousand records. */
const BYTES = 9_000_000;

/** To count what runs takes three times what is counted; others count it. */
const { NODE_V8_COVERAGE: _coverage, ...env } = process.env;

function run(script: string, ...args: readonly string[]) {
  const file = fileURLToPath(new URL(`../../../scripts/${script}`, import.meta.url));
  return promisify(execFile)(process.execPath, [file, ...args], { env });
}

it("gives the bytes of a bare program after kill -9 half-way", async () => {
  await using directory = await temporaryDirectory();
  const files = join(directory.path, "files");
  const data = join(directory.path, "data");
  await mkdir(files);
  writeOrders(join(files, "in.csv"), BYTES);
  const script = "large-data-engine.ts";
  const killed = run(script, data, files, String(BYTES / 2));
  await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
  expect(existsSync(join(files, "out.csv"))).toBe(false);
  await run(script, data, files);
  await run("large-data-bare.ts", join(files, "in.csv"), join(files, "bare.csv"));
  const written = await readFile(join(files, "out.csv"), "utf8");
  expect(written).toBe(await readFile(join(files, "bare.csv"), "utf8"));
  expect(written.split("\n").length).toBeGreaterThan(30_000);
  // Nothing of the first attempt is left.
  expect((await readdir(files)).sort()).toEqual(["bare.csv", "in.csv", "out.csv"]);
  expect(await readdir(join(data, "scratch"))).toEqual([]);
});
