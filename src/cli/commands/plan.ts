/** `lockstitch plan FILE`: what a workflow will do, before it runs. */

import type { Command } from "commander";
import { visible } from "#errors/visible-text.ts";
import {
  refusedCycle,
  resolveDependencies,
  type WorkflowDependencies,
} from "#workflow/dependencies.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { optimisationOf } from "#workflow/plan-optimisation.ts";
import { type OutlineStep, outlineOf, type PlanOutline } from "#workflow/plan-outline.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import { callsOf } from "#workflow/workflow-calls.ts";
import type { Cli } from "../command-action.ts";
import { dependencyLines, dependencyWarnings } from "../dependency-text.ts";
import { EXIT } from "../exit-codes.ts";
import { formatDuration, formatTable } from "../format.ts";
import { printOptimisation } from "../optimisation-text.ts";
import type { Output } from "../output.ts";
import { readDefinition } from "../read-definition.ts";
import { siblingFinder } from "../sibling-workflows.ts";

/** Events from which on a run is warned of. */
const EVENTS_WARNED = 200_000;
/** Steps and warnings that people are shown; `--json` has all. */
const STEPS_SHOWN = 200;
const WARNINGS_SHOWN = 20;

export function addPlanCommand(program: Command, cli: Cli): void {
  program
    .command("plan")
    .description("show what a workflow will do: order, policies, secrets, limits; nothing runs")
    .argument("<file>", "workflow file: YAML, JSON, graph JSON, TypeScript")
    .option("--no-optimise", "leave out what the optimiser finds")
    .action(
      cli.action<[string], object>(async ({ machine, output, settings }, [file]) => {
        const inForce = await settings();
        const nodeTypes = await machine.nodeTypes(inForce);
        const { plan: checked, problems } = await readDefinition(file, {
          cwd: machine.cwd,
          nodeTypes,
        });
        if (checked === null) throw definitionInvalid(problems);
        const { hash, definition } = checked;
        const plan = compilePlan(definition, nodeTypes, { hash, optimise: inForce.optimise });
        const optimisation = optimisationOf(plan);
        const known = { version: null, calls: callsOf(definition) };
        const from = { cwd: machine.cwd, nodeTypes };
        const runs = await resolveDependencies(definition.name, known, siblingFinder(file, from));
        const circle = refusedCycle(runs, known);
        if (circle !== null) throw definitionInvalid([{ ...circle, file }]);
        const outline = outlineOf(plan, {
          httpCallsPerRunMax: inForce.http.callsPerRunMax,
          eventsWarned: EVENTS_WARNED,
        });
        if (output.isJson) output.printJson({ ...outline, optimisation, dependencies: runs });
        else {
          printOutline(outline, output);
          if (optimisation !== null) printOptimisation(optimisation, output);
          if (known.calls.length > 0) printDependencies(runs, output);
        }
        return EXIT.ok.code;
      }),
    );
}

function printOutline(outline: PlanOutline, output: Output): void {
  const { colors } = output;
  const print = (text: string) => output.printText(text);
  const deadline =
    outline.deadlineMs === null ? "" : `, deadline ${formatDuration(outline.deadlineMs)}`;
  print(
    `${colors.bold(visible(outline.name))}  ${counted(outline.stepCount, "step")}${deadline}  ${colors.dim(outline.hash.slice(0, 12))}`,
  );
  print("");
  const shown = outline.steps.slice(0, STEPS_SHOWN);
  const rows = shown.map((step, at) => rowOf(step, shown[at - 1], output));
  print(formatTable(["step", "uses", "after", "notes"], rows, colors));
  if (outline.steps.length > STEPS_SHOWN)
    print(colors.dim(`  ... ${outline.steps.length - STEPS_SHOWN} more; --json has all of them`));
  print("");
  print(colors.dim("Steps of one scope with the same number may run at the same time."));
  const types = outline.nodeTypes.map(({ type, does, steps }) => `${type} (${does}, ${steps})`);
  print(`node types  ${visible(types.join(", "))}`);
  print(`secrets     ${outline.secrets.length === 0 ? "none" : outline.secrets.join(", ")}`);
  const { path, per } = outline.commits;
  const times =
    per.length === 0 ? "" : `, what is inside once for all ${visible(per.join(" and "))}`;
  print(`commits     about ${path} on the longest way without retries${times}`);
  printWarnings(outline, output);
}

/** As far as the files beside this one say; what is saved is another matter (`workflows deps`). */
function printDependencies(runs: WorkflowDependencies, { printText, colors }: Output): void {
  dependencyLines(runs).forEach((line, at) => {
    printText(`${(at === 0 ? "runs" : "").padEnd(12)}${line}`);
  });
  for (const warning of dependencyWarnings(runs, "beside this file"))
    printText(`${colors.yellow("!")} ${warning}`);
}

/** One line for each kind of warning, with the steps that it is about. */
function printWarnings({ warnings }: PlanOutline, { printText, colors }: Output): void {
  const groups = [...Map.groupBy(warnings, ({ message }) => message)];
  for (const [message, of] of groups.slice(0, WARNINGS_SHOWN)) {
    const paths = of.slice(0, 5).map(({ path }) => path);
    const more = of.length > paths.length ? ` and ${of.length - paths.length} more` : "";
    printText(`${colors.yellow("!")} ${visible(message)}: ${visible(paths.join(", "))}${more}`);
  }
  const more = groups.length - WARNINGS_SHOWN;
  if (more > 0) printText(colors.dim(`  ... ${more} more warnings; --json has all of them`));
}

function rowOf(step: OutlineStep, before: OutlineStep | undefined, { colors }: Output): string[] {
  const isNewPart =
    step.part !== null && (before?.part !== step.part || before.depth !== step.depth);
  const part = isNewPart ? colors.dim(`${visible(step.part ?? "")}: `) : "";
  const name = `${"   ".repeat(step.depth)}${step.wave}  ${part}${visible(step.id)}`;
  return [name, visible(step.uses), visible(afterOf(step)), visible(notesOf(step).join(", "))];
}

function afterOf({ after }: OutlineStep): string {
  const names = after.map(({ step, port }) => (port === null ? step : `${step}.${port}`));
  return names.length <= 4
    ? names.join(", ")
    : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

function notesOf(step: OutlineStep): string[] {
  const notes: string[] = [];
  if (step.if !== null) notes.push(`if ${shortened(step.if)}`);
  if (step.triggerRule !== "all_success") notes.push(step.triggerRule);
  if (step.times !== null)
    notes.push(
      step.uses === "while" ? `at most ${step.times} passes` : counted(step.times, "item"),
    );
  if (step.atOnce !== null) notes.push(`${step.atOnce} at once`);
  for (const [name, policy] of Object.entries(step.policies)) notes.push(policyText(name, policy));
  if (step.secrets.length > 0) notes.push(`secrets ${step.secrets.join(" ")}`);
  return notes;
}

function policyText(name: string, policy: unknown): string {
  if (name === "retry") {
    const { attempts, initial, max } = policy as Readonly<Record<string, unknown>>;
    const pauses = [
      initial === undefined ? "" : ` from ${initial}`,
      max === undefined ? "" : ` to ${max}`,
    ];
    return `${attempts} attempts${pauses.join("")}`;
  }
  if (typeof policy !== "object" || policy === null) return `${name} ${shortened(String(policy))}`;
  const fields = Object.entries(policy).map(([field, value]) => {
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    return `${field} ${shortened(text)}`;
  });
  return `${name} (${fields.join(", ")})`;
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
