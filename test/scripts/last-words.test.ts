import { expect, test } from "vitest";
import { firstLine, lastWords, testFailures } from "../../scripts/last-words.ts";

const REPORT = JSON.stringify({
  testResults: [
    {
      name: "/repo/test/a.test.ts",
      status: "failed",
      assertionResults: [
        { status: "passed", fullName: "a works", failureMessages: [] },
        {
          status: "failed",
          fullName: "a waits long",
          failureMessages: ["\u001b[31mError: too late\u001b[39m\n    at somewhere"],
        },
      ],
    },
    {
      name: "/repo/test/b.test.ts",
      status: "failed",
      message: "\nno module b",
      assertionResults: [],
    },
    { name: "/repo/test/c.test.ts", status: "passed", message: "", assertionResults: [] },
  ],
});

test("every failed test is named with its cause, and every file that does not load", () => {
  expect(testFailures(REPORT, "/repo")).toEqual([
    "test/a.test.ts > a waits long: Error: too late",
    "test/b.test.ts: no module b",
  ]);
});

test("the end names every stage that failed, whatever it says of itself", () => {
  expect(lastWords([])).toEqual([]);
  expect(
    lastWords([
      { name: "lint", causes: [] },
      { name: "coverage", causes: ["14 of 18 ran", "not run: src/a.ts:3"] },
    ]),
  ).toEqual([
    "failed: lint, coverage",
    "  lint: see its output above",
    "  coverage: 14 of 18 ran",
    "  coverage: not run: src/a.ts:3",
  ]);
});

test("it is short however much has failed", () => {
  const causes = Array.from({ length: 500 }, (_, at) => `test ${at} ${"x".repeat(9_000)}`);
  const lines = lastWords([{ name: "tests", causes }]);
  expect(lines).toHaveLength(32);
  expect(lines.at(-1)).toBe("  and 470 more: see above");
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(220);
});

test("the first line is one that says something", () => {
  expect(firstLine("\n  \n\u001b[1mwrong\u001b[22m\nmore")).toBe("wrong");
  expect(firstLine("")).toBe("");
});
