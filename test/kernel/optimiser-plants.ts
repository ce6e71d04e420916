/**
 * Planted bugs of the optimiser: each replaces one piece of its sources as they are loaded
 * (optimiser-planted.ts). `find` must stand in the file exactly once, so a plant cannot rot.
 */
import type { Plant } from "../simulation/plants.ts";

const FOLD = "src/workflow/expression/fold.ts";

export const OPTIMISER_PLANTS: readonly Plant[] = [
  {
    name: "folds-what-fails",
    harm: "an expression that fails gives nothing instead, and its step succeeds",
    file: FOLD,
    find: "    return { constant: null, spent };",
    replace: "    return { constant: { value: undefined, fuel: spent }, spent };",
  },
  {
    name: "folds-for-nothing",
    harm: "a limit is passed later, or never, because folded work is not charged",
    file: FOLD,
    find: "    return { constant: { value, fuel: spent }, spent };",
    replace: "    return { constant: { value, fuel: 0 }, spent };",
  },
  {
    name: "folds-ids",
    harm: "every step and every run gets the same id from uuid()",
    file: FOLD,
    find: "withMachine(scope, { limits: { fuel } }, () => {",
    replace: 'withMachine(scope, { limits: { fuel }, seed: "plan" }, () => {',
  },
  {
    name: "variables-never-change",
    harm: "a step reads what a variable was at first, whatever steps have set it to",
    file: "src/workflow/constant-vars.ts",
    find: "nodes.get(uses)?.isExact === true",
    replace: 'uses === ""',
  },
  {
    name: "copies-of-variables",
    harm: "a list of a variable is not the same list any more",
    file: FOLD,
    find: "(found.readsVars && !isScalar(constant.value))",
    replace: "(found.readsVars && constant.value === undefined)",
  },
  {
    name: "truth-upside-down",
    harm: "the branch that never runs is taken",
    file: "src/workflow/expression/compile.ts",
    find: "Boolean(compiled.constant.value);",
    replace: "!compiled.constant.value;",
  },
  {
    name: "folds-the-infinite",
    harm: "a value that JSON does not have gets into the journal",
    file: "src/workflow/expression/template.ts",
    find: "  const { constant } = measure(make);",
    replace:
      "  const [only] = pieces;\n  const constant = typeof only === 'object' ? only.compiled.constant : measure(make).constant;",
  },
  {
    name: "calls-the-living-dead",
    harm: "the plan says of a step that it never runs, and it runs",
    file: "src/workflow/plan-dead.ts",
    find: "return port !== null || !isSkippedByIf(source);",
    replace: "return true;",
  },
];
