/** How far a stream's work has come: what counts as nothing saved, and what does not. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { savedState, saveState } from "#nodes/stream/saved-state.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test("no state, a torn one and one of other work are none; one that cannot be read is a failure", async () => {
  await using directory = await temporaryDirectory();
  const folder = join(directory.path, "work");
  expect(savedState(folder, "a")).toBeNull();
  saveState(folder, "a", { line: 3 });
  expect(savedState(folder, "a")).toEqual({ line: 3 });
  expect(savedState(folder, "b")).toBeNull();
  writeFileSync(join(folder, "state.json"), '{"work":"a","sta');
  expect(savedState(folder, "a")).toBeNull();
  const unreadable = join(directory.path, "other");
  mkdirSync(join(unreadable, "state.json"), { recursive: true });
  expect(() => savedState(unreadable, "a")).toThrow(/EISDIR/);
});
