/** The example of docs/middleware.md, run as it stands there. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import type { Lockstitch } from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LOCKSTITCH = pathToFileURL(join(import.meta.dirname, "..", "..", "src", "lockstitch.ts"));

test("the page's program stamps outputs and closes the office", async () => {
  const page = readFileSync("docs/middleware.md", "utf8");
  const [, source = ""] = /```ts\n(import [\s\S]*?)```/.exec(page) ?? [];
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "example.ts");
  const runnable = source
    .replace('"lockstitch"', JSON.stringify(LOCKSTITCH.href))
    .replace('"./data"', JSON.stringify(join(directory.path, "data")))
    .replace("await using l", "export const l");
  await writeFile(file, runnable);
  const { l } = (await import(pathToFileURL(file).href)) as { l: Lockstitch };
  try {
    const step = { id: "greet", uses: "shop.greet", with: { name: "Ada" } };
    const output = "${{ steps.greet.output }}";
    await l.save({ language: 1, name: "day-shift", steps: [step], output });
    expect((await l.run("day-shift")).output).toEqual({ text: "Hello Ada", by: "shop.greet" });
    await l.save({ language: 1, name: "night-shift", steps: [step], output });
    await expect(l.run("night-shift")).rejects.toMatchObject({ code: "user.closed" });
    await expect(l.run("night-shift")).rejects.toThrow(
      "middleware office-hours: The office is closed.",
    );
    await l.save({
      ...{ language: 1, name: "night-shift", output },
      steps: [{ ...step, middleware: [] }],
    });
    expect((await l.run("night-shift")).output).toEqual({ text: "Hello Ada" });
  } finally {
    await l.close();
  }
});
