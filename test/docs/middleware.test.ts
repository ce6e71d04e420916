/** The example of docs/middleware.md, run as it stands there. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { type Lockstitch, openLockstitch } from "../../src/lockstitch.ts";
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

test("its orders hold: for all, for a type, for a step", async () => {
  await using directory = await temporaryDirectory();
  const trail: string[] = [];
  const middleware = ["one", "two", "three"].map((name) => ({
    name,
    run: (_context: unknown, _config: unknown, next: () => Promise<unknown>) => {
      trail.push(name);
      return next();
    },
  }));
  const nodes = { "shop.a": async () => null, "shop.b": async () => null };
  const seen = async (chain: object, step: object, workflow: object = {}) => {
    const data = join(directory.path, String(trail.length));
    await using l = await openLockstitch({ data, nodes, middleware, chain });
    await l.save({ language: 1, name: "w", ...workflow, steps: [{ id: "s", ...step }] } as never);
    const before = trail.length;
    await l.run("w");
    return trail.slice(before).join(" ");
  };
  const all = { order: ["three", "one"] };
  const types = { ...all, types: { "shop.a": ["two"] } };
  expect(await seen({}, { uses: "shop.a" })).toBe("one two three");
  expect(await seen(all, { uses: "shop.a" })).toBe("three one");
  expect(await seen(types, { uses: "shop.a" })).toBe("two");
  expect(await seen(types, { uses: "shop.b" })).toBe("three one");
  expect(await seen(types, { uses: "shop.a", middleware: ["one", "two"] })).toBe("one two");
  const defaults = { defaults: { middleware: ["two", "three"] } };
  expect(await seen(types, { uses: "shop.a" }, defaults)).toBe("two three");
  expect(await seen(types, { uses: "shop.a", middleware: [] }, defaults)).toBe("");
});
