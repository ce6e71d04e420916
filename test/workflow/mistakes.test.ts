/** Random mistakes in real workflows: whatever is written, the answer is a plan or problems with places. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { checkDefinition } from "#workflow/check.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { printYaml } from "#workflow/print.ts";
import { printBuilder } from "#workflow/print-builder.ts";
import { formatProblem, PROBLEM_CODES } from "#workflow/problem.ts";
import { fakeNodes } from "./fake-nodes.ts";
import { runBuilderCode } from "./run-builder-code.ts";

const docs = readFileSync(new URL("../../docs/language.md", import.meta.url), "utf8");
const definitions = [...docs.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => {
  const { definition } = parseWorkflow(yaml ?? "", { nodes: fakeNodes });
  if (definition === null) throw new Error("an example of docs/language.md is not valid");
  return definition;
});

/** Every place in a value, as the object and key that hold it. */
function places(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== "object" || value === null) return [];
  const owner = value as Record<string, unknown>;
  return Object.keys(owner).flatMap((key) => [
    [owner, key] as [typeof owner, string],
    ...places(owner[key]),
  ]);
}

const replacement = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    1.5,
    "",
    "steps",
    "${{ steps.nobody.output }}",
    "${{ secrets.KEY }}",
    "${{ input.",
    "steps.text.output",
    "noop",
    "try",
    "for_each",
    "switch",
    "finally",
    [],
    {},
    [null],
    ["a.b"],
    { steps: [{ id: "x", uses: "stop" }] },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const mistake = fc.record({
  kind: fc.constantFrom("replace", "delete", "rename", "copy"),
  at: fc.nat(),
  from: fc.nat(),
  replacement,
});

function apply(
  definition: unknown,
  {
    kind,
    at,
    from,
    replacement: by,
  }: { kind: string; at: number; from: number; replacement: unknown },
): void {
  const all = places(definition);
  const [owner, key] = all[at % all.length] ?? [];
  if (owner === undefined || key === undefined) return;
  if (kind === "replace") owner[key] = structuredClone(by);
  else if (kind === "copy") {
    const [source, sourceKey] = all[from % all.length] ?? [];
    if (source !== undefined && sourceKey !== undefined)
      owner[key] = structuredClone(source[sourceKey]);
  } else if (Array.isArray(owner)) owner.splice(Number(key), 1);
  else {
    const value = owner[key];
    delete owner[key];
    if (kind === "rename") owner[`${key}s`] = value;
  }
}

/** What a message says that has put a value where none was. */
const SLIPS = /undefined|\[object|NaN/;

/** `MISTAKES=20000` for a long run. */
const RUNS = Number(process.env["MISTAKES"] ?? 1_000);

it("gives a plan or problems, never a fault", { timeout: 300_000 }, () => {
  const seen = new Set<string>();
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...definitions),
      fc.array(mistake, { minLength: 1, maxLength: 3 }),
      (original, mistakes) => {
        const definition = structuredClone(original) as unknown;
        for (const one of mistakes) apply(definition, one);
        const text = JSON.stringify(definition, null, 1);
        const parsed = parseWorkflow(text, { nodes: fakeNodes, file: "a.json" });
        const checked = checkDefinition(JSON.parse(text), { nodes: fakeNodes });
        // What only the text shows: a value has lost the digits and the key already.
        const ofText = ["number_too_large", "reserved_name"];
        const codes = (problems: readonly { readonly code: string }[]) =>
          problems
            .map(({ code }) => code)
            .filter((code) => !ofText.includes(code))
            .toSorted();
        expect(codes(checked.problems)).toEqual(codes(parsed.problems));
        if (parsed.definition !== null) {
          accepted += 1;
          expect(checked.definition).toEqual(parsed.definition);
          const again = parseWorkflow(printYaml(parsed.definition), { nodes: fakeNodes });
          expect(again.definition).toEqual(parsed.definition);
          expect(runBuilderCode(printBuilder(parsed.definition))).toEqual(parsed.definition);
          return;
        }
        expect(parsed.problems.length).toBeGreaterThan(0);
        for (const problem of parsed.problems) {
          seen.add(problem.code);
          expect(Object.keys(PROBLEM_CODES)).toContain(problem.code);
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.column).toBeGreaterThan(0);
          // A key that chance has called so may be named.
          if (!SLIPS.test(text)) expect(formatProblem(problem)).not.toMatch(SLIPS);
        }
      },
    ),
    { numRuns: RUNS },
  );
  // About 125 of 1,000.
  expect(accepted).toBeGreaterThan(50);
  expect(seen.size).toBeGreaterThan(15);
});

it("reads any text as YAML without a fault", () => {
  const pieces = fc.array(
    fc.constantFrom(
      "- ",
      "a: ",
      "\n",
      "  ",
      "[",
      "]",
      "{",
      "}",
      "&x ",
      "*x",
      "'",
      '"',
      "|",
      ">",
      "#",
      "!!int ",
      "? ",
      "${{ ",
      " }}",
      "1",
      "steps",
      "~",
      "\t",
      "---",
      "<<: ",
    ),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const { problems } = parseWorkflow(parts.join(""), { nodes: fakeNodes, format: "yaml" });
      expect(problems.length).toBeGreaterThan(0);
    }),
    { numRuns: 3_000 },
  );
});
