/** docs/expressions.md cannot lie: its examples are run, and it names everything there is. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { FUNCTIONS, METHOD_NAMES, NAMESPACES } from "#workflow/expression/functions.ts";
import { BINARY_OPERATORS, UNARY_OPERATORS } from "#workflow/expression/operators.ts";

const page = readFileSync(new URL("../../../docs/expressions.md", import.meta.url), "utf8");
const scope = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "null") as Record<
  string,
  unknown
>;
const examples = [...page.matchAll(/```js\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
  block.trimEnd().split("\n"),
);

describe("docs/expressions.md", () => {
  test.each(examples)("%s", (line) => {
    const [, source = "", kind, outcome = ""] = /^(.*?) {2}\/\/ (=>|!) (.*)$/.exec(line) ?? [];
    const evaluate = (): unknown =>
      compileExpression(source).evaluate(scope, { seed: "run-1/step" });
    if (kind === "!") expect(evaluate).toThrow(outcome);
    else expect(evaluate()).toEqual(JSON.parse(outcome));
  });

  test("has an example for every function, method and operator", () => {
    const code = examples.map((line) => line.replace(/ {2}\/\/ (?:=>|!) .*$/, "")).join("\n");
    const members = [...NAMESPACES].flatMap(([name, { functions, constants }]) =>
      [...functions.keys(), ...constants.keys()].map((member) => `${name}.${member}`),
    );
    const missing = [
      ...[...FUNCTIONS.keys()].filter((name) => !new RegExp(`(?<![.\\w])${name}\\(`).test(code)),
      ...[...METHOD_NAMES].filter((name) => !code.includes(`.${name}(`)),
      ...members.filter((name) => !code.includes(name)),
      ...[...BINARY_OPERATORS.keys(), ...UNARY_OPERATORS.keys()].filter(
        (sign) => !code.includes(sign),
      ),
    ];
    expect(missing).toEqual([]);
    expect(examples.length).toBeGreaterThan(270);
  });
});
