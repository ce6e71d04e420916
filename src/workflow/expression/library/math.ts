/**
 * `Math`: its constants and its functions, without random(). Arguments become numbers as in JavaScript;
 * those that a function does not take are not looked at, so that `list.map(Math.abs)` works.
 */
import { chargeItems } from "../machine.ts";
import { toNumber } from "../value.ts";
import { fewArgs, type Namespace, type Native } from "./library.ts";

/** The functions of Math that give the same bits on every platform V8 runs on; no random. */
const MATH_FUNCTIONS = [
  "abs",
  "acos",
  "asin",
  "atan",
  "atan2",
  "cbrt",
  "ceil",
  "clz32",
  "cos",
  "exp",
  "floor",
  "fround",
  "hypot",
  "imul",
  "log",
  "log10",
  "log1p",
  "log2",
  "max",
  "min",
  "pow",
  "round",
  "sign",
  "sin",
  "sqrt",
  "tan",
  "trunc",
] as const;

/** They take as many arguments as there are. */
const OF_ALL: ReadonlySet<string> = new Set(["hypot", "max", "min"]);

function mathFunctions(): ReadonlyMap<string, Native> {
  return new Map(
    MATH_FUNCTIONS.map((name): [string, Native] => {
      const apply = Math[name] as (...numbers: number[]) => number;
      return [
        name,
        (args) => {
          chargeItems(args.length);
          const taken = OF_ALL.has(name) ? args : args.slice(0, apply.length);
          const numbers = taken.map((arg) => toNumber(arg, `Math.${name}()`));
          if (name !== "max" && name !== "min")
            return apply(...(fewArgs(numbers, `Math.${name}`) as number[]));
          // One by one, so that a long list can be spread here.
          let best = apply();
          for (const number of numbers) best = apply(best, number);
          return best;
        },
      ];
    }),
  );
}

function mathConstants(): [string, number][] {
  const names = ["E", "LN10", "LN2", "LOG10E", "LOG2E", "PI", "SQRT1_2", "SQRT2"] as const;
  return names.map((name) => [name, Math[name]]);
}

/** The namespace `Math`. */
export const MATH: Namespace = { functions: mathFunctions(), constants: new Map(mathConstants()) };
