import { expect, test } from "vitest";
import {
  addedLines,
  type ChangedLines,
  lineCoverage,
  share,
  unrun,
} from "../../scripts/coverage-gate.ts";

const DIFF = `diff --git a/src/a.ts b/src/a.ts
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,0 +2,3 @@ function a() {
+x
+y
+z
@@ -9 +12 @@
-old
+new
diff --git a/src/gone.ts b/src/gone.ts
--- a/src/gone.ts
+++ /dev/null
@@ -1,2 +0,0 @@
-one
-two
`;

const REPORT = JSON.stringify({
  "/repo/src/a.ts": {
    path: "/repo/src/a.ts",
    statementMap: {
      0: { start: { line: 1, column: 0 } },
      1: { start: { line: 2, column: 0 } },
      2: { start: { line: 3, column: 0 } },
      3: { start: { line: 3, column: 0 } },
      4: { start: { line: 12, column: 0 } },
    },
    s: { 0: 1, 1: 0, 2: 0, 3: 4, 4: 1 },
  },
});

test("added lines of a diff, deleted files left out", () => {
  expect([...addedLines(DIFF)]).toEqual([["src/a.ts", new Set([2, 3, 4, 12])]]);
});

test("a line ran when any statement that starts on it ran", () => {
  expect(share(lineCoverage(REPORT, "/repo"))).toEqual({ covered: 3, total: 4 });
});

test("the share of changed lines counts executable ones only", () => {
  expect(share(lineCoverage(REPORT, "/repo"), addedLines(DIFF))).toEqual({ covered: 2, total: 3 });
  expect(share(lineCoverage(REPORT, "/repo"), new Map())).toEqual({ covered: 0, total: 0 });
});

test("changed lines that did not run are named by their places", () => {
  const coverage = new Map([
    ["src/a.ts", new Map([1, 2, 3, 5, 9].map((line) => [line, line === 1] as const))],
    ["src/new.ts", new Map([[7, false]])],
    ["src/as-it-was.ts", new Map([[1, false]])],
  ]);
  const changed: ChangedLines = new Map<string, ReadonlySet<number> | "all">([
    ["src/a.ts", new Set([1, 2, 3, 9])],
    ["src/new.ts", "all"],
  ]);
  expect(unrun(coverage, changed)).toEqual(["src/a.ts:2-3,9", "src/new.ts:7"]);
});
