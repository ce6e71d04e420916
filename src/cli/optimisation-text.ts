/** What the optimiser found in a plan, for people: one line for each kind of finding. */
import { visible } from "#errors/visible-text.ts";
import type { PlanOptimisation } from "#workflow/plan-optimisation.ts";
import type { Output } from "./output.ts";

/** Findings of one kind that people are shown; `--json` has all. */
const SHOWN = 8;
/** Steps of a chain or a way that are named. */
const NAMED = 6;

export function printOptimisation(found: PlanOptimisation, { printText, colors }: Output): void {
  const { folded, dead, chains, criticalPath } = found;
  const print = (name: string, all: readonly string[], none: string) => {
    const lines = all.length === 0 ? [none] : all.slice(0, SHOWN);
    lines.forEach((line, at) => {
      printText(`${(at === 0 ? name : "").padEnd(12)}${visible(line)}`);
    });
    if (all.length > SHOWN)
      printText(colors.dim(`${"".padEnd(12)}... ${all.length - SHOWN} more; --json has all`));
  };
  print(
    "folded",
    folded.map(
      ({ pointer, source, value }) => `${source} = ${valueText(value)} (${pointer.join("/")})`,
    ),
    "nothing",
  );
  print(
    "never run",
    dead.map(({ path, reason }) => `${path}: ${reason}`),
    "no step",
  );
  print(
    "one turn",
    chains.map((chain) => `${named(chain)} (${chain.length} pure steps)`),
    "no chain of pure steps",
  );
  const { length, steps } = criticalPath;
  const way = steps.length === 0 ? "" : `: ${named(steps)}`;
  print("critical", [`${length} ${length === 1 ? "step" : "steps"} that take time${way}`], "");
}

function named(steps: readonly string[]): string {
  if (steps.length <= NAMED) return steps.join(" -> ");
  return `${steps.slice(0, NAMED - 1).join(" -> ")} -> ... -> ${steps.at(-1)}`;
}

function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
