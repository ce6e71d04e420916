/** docs/embedding.md and the README against what is there. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Lockstitch } from "../../src/embed/lockstitch.ts";

test("docs/embedding.md names every method of what openLockstitch answers, and no other", () => {
  const page = readFileSync("docs/embedding.md", "utf8");
  const table = page.slice(page.indexOf("## What it gives you"), page.indexOf("## Options"));
  const calls = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)(?:\([^`]*\))?`/g)].map(([, name]) => name),
  );
  const methods = Object.getOwnPropertyNames(Lockstitch.prototype).filter(
    (name) => name !== "constructor",
  );
  expect(calls.toSorted()).toEqual([...methods, "engine"].toSorted());
});

test("the README leads to every page of docs/", () => {
  const readme = readFileSync("README.md", "utf8");
  const pages = globSync("docs/*.md").filter((page) => !readme.includes(`](${page})`));
  expect(pages).toEqual([]);
});
