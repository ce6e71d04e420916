/**
 * Random worlds, each lived through with the plan as it is, with the optimised one, and, where there
 * are restarts, with one that changes between them at each. Whatever is optimised, the journals must be
 * the same to the byte: every event with its values, in the same order at the same instant.
 */
import type { RunEvent } from "#kernel/events.ts";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import { formatPath, parsePath } from "#workflow/path.ts";
import type { Plan } from "#workflow/plan.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { optimisationOf } from "#workflow/plan-optimisation.ts";
import { KernelDriver, TEST_NODES } from "./kernel-driver.ts";
import { pick, type Random, randomDefinition, seededRandom } from "./random-definition.ts";
import { worldMove } from "./random-world.ts";

/** What one world had in it. */
export interface WorldFacts {
  readonly events: number;
  readonly folded: number;
  /** Folded parts that read variables. */
  readonly foldedVars: number;
  /** Changes of a variable that another world would have folded. */
  readonly varsSet: number;
  readonly dead: number;
  /** Dead steps that got their outcome in the journal. */
  readonly deadSettled: number;
  readonly ranked: number;
  readonly restarts: number;
}

/** Expressions that fold, that fail, and that must not be folded. */
const CONDITIONS = [
  "1 + 1 == 2",
  "[1, 2].length > 2",
  "!true",
  "({ a: 1 }).b",
  "'a' in { a: 1 } && !false",
  "run.id != 'a' + 'b'",
  "uuid() != uuid()",
  "vars.debug",
  "vars.rate > 2 && !vars.debug",
  "vars.label == 'x' + 'y'",
  "(vars.list == vars.list) == (run.id != '')",
];
const VALUES = [
  "${{ 6 * 7 }}",
  "${{ 'a'.toUpperCase() }} and ${{ 1 + 1 }}",
  "${{ [1, 2, 3].map((x) => x * 2) }}",
  "${{ ({ a: 1 }).b }}",
  "${{ 1 / 0 }}",
  "${{ uuid() }}",
  "${{ [uuid(), 2 * 3] }}",
  { a: "${{ 60 * 60 }}", b: "${{ run.id }}", c: ["${{ 2 ** 10 }}", "text ${{ -1 + 1 }}"] },
  "${{ vars.rate * 2 }}",
  "${{ vars.label }} and ${{ vars.rate }}",
  "${{ (run.id == '' ? 0 : vars.list) == vars.list }}",
  "${{ [1, 2].map((x) => x * vars.rate + vars.list[0]) }}",
  "${{ [{ rate: 9 }].map((vars) => vars.rate) }}",
  "${{ vars.limits.deep.er }}",
  "${{ vars.limits.nowhere }}",
  { a: "${{ vars.list }}", b: "${{ vars.own }}", c: "${{ vars.rate }}" },
];
/** Variables that are alike in every run, whole or in parts, and one that is not. */
const VARS = {
  ...{ rate: 3, debug: false, label: "${{ 'x' + 'y' }}", list: [1, 2] },
  ...{ limits: { deep: { er: 5 } }, own: "${{ run.id }}" },
};
/** Variables that steps of random worlds set: known only where no step is there that may do so. */
const SET_BY_STEPS = { a0: 7, b0: 7, a1: 7, b1: 7 };
const SET_VALUES = Object.keys(SET_BY_STEPS).map((name) => `\${{ vars?.${name} ?? 0 }}`);

/** The definition with more to fold in it. */
function decorated(definition: WorkflowDefinition, random: Random): WorkflowDefinition {
  const hasSetter = random() < 0.3;
  const values = hasSetter ? [...SET_VALUES, pick(random, VALUES)] : VALUES;
  const visit = (steps: readonly Step[]): Step[] => steps.map((step) => visitStep(step));
  const visitStep = (step: Step): Step => {
    const changed: Record<string, unknown> = { ...step };
    const config = step.with as Record<string, unknown> | undefined;
    if (
      config !== undefined &&
      "value" in config &&
      step.uses !== "switch" &&
      random() < (hasSetter ? 0.8 : 0.35)
    )
      changed["with"] = { ...config, value: pick(random, values) };
    if (step.uses === "if" && random() < 0.5)
      changed["with"] = { condition: pick(random, CONDITIONS) };
    if (step.uses === "switch" && random() < 0.5)
      changed["with"] = {
        value: pick(random, ["${{ 'a' + '' }}", "${{ ['b'][0] }}", "${{ run.id }}"]),
      };
    if (step.if === undefined && random() < 0.08) changed["if"] = pick(random, CONDITIONS);
    if (step.onError !== undefined && random() < 0.5)
      changed["onError"] = { fallback: { instead: "${{ 40 + 2 }}" } };
    for (const name of ["steps", "then", "else", "finally", "compensate"] as const) {
      const inner = (step as unknown as Record<string, unknown>)[name];
      if (Array.isArray(inner)) changed[name] = visit(inner as Step[]);
    }
    for (const name of ["cases", "branches"] as const) {
      const inner = (step as unknown as Record<string, Record<string, { steps?: Step[] }>>)[name];
      if (inner !== undefined)
        changed[name] = Object.fromEntries(
          Object.entries(inner).map(([key, part]) => [
            key,
            part.steps === undefined ? part : { ...part, steps: visit(part.steps) },
          ]),
        );
    }
    const { default: other } = step as { readonly default?: { readonly steps?: readonly Step[] } };
    if (other?.steps !== undefined) changed["default"] = { ...other, steps: visit(other.steps) };
    return changed as unknown as Step;
  };
  return {
    ...definition,
    steps: [
      ...visit(definition.steps),
      ...(hasSetter ? [{ id: "may-set", uses: "count" } as Step] : []),
    ],
    ...(definition.finally === undefined ? {} : { finally: visit(definition.finally) }),
    ...(random() < 0.5
      ? { output: { done: "${{ 1 + 1 }}", id: "${{ run.id + ('-' + 1) }}" } }
      : {}),
    vars: {
      ...definition.vars,
      ...VARS,
      ...(random() < 0.3 ? { base: "${{ 3 * 3 }}" } : {}),
      ...(hasSetter ? SET_BY_STEPS : {}),
    },
  } as WorkflowDefinition;
}

function isSet(event: RunEvent): boolean {
  return event.type === "variable.set" && event.path !== undefined && event.name in SET_BY_STEPS;
}

type Entries = readonly { readonly event: RunEvent; readonly atMs: number }[];

interface Life {
  readonly journal: Entries;
  readonly restarts: number;
}

/** A driver whose restarts may come back with another plan of the same definition. */
class Changing extends KernelDriver {
  readonly #plans: readonly Plan[];
  restarts = 0;

  constructor(plans: readonly Plan[], options: ConstructorParameters<typeof KernelDriver>[1]) {
    super(plans[0] as Plan, options);
    this.#plans = plans;
  }

  override restart(): this {
    this.restarts++;
    const next = this.#plans[this.restarts % this.#plans.length] as Plan;
    (this as { plan: Plan }).plan = next;
    return super.restart();
  }
}

function live(plans: readonly Plan[], seed: number): Life {
  const random = seededRandom(seed);
  const driver = new Changing(plans, {
    random,
    lazyValues: random() < 0.5,
    ...(random() < 0.4 ? { packedFrom: 280 } : {}),
    ...(random() < 0.3 ? { exhaustAfter: 1 + Math.floor(random() * 3) } : {}),
  });
  const signals = { count: 0 };
  driver.start();
  for (let moves = 0; driver.state.terminal === null; moves++) {
    if (moves > 5_000) throw new Error(`seed ${seed} does not end`);
    worldMove(driver, random, signals);
  }
  return { journal: driver.journal, restarts: driver.restarts };
}

/** Lives through world `seed`; throws where two lives differ, or a dead step did something. */
export function compareWorld(seed: number): WorldFacts {
  const random = seededRandom(seed);
  const definition = decorated(randomDefinition(random), random);
  const plain = compilePlan(definition, TEST_NODES);
  const optimised = compilePlan(definition, TEST_NODES, { optimise: true });
  if (plain.hash !== optimised.hash) throw new Error(`seed ${seed}: another hash`);
  const worldSeed = seed * 7 + 3;
  const first = live([plain], worldSeed);
  const second = live([optimised], worldSeed);
  mustBeSame(seed, "optimised", first.journal, second.journal);
  // A life more where it means something: most worlds see no restart.
  const third = second.restarts === 0 ? second : live([optimised, plain], worldSeed);
  mustBeSame(seed, "optimised now and then", first.journal, third.journal);
  const dead = new Set(optimisationOf(optimised)?.dead.map(({ path }) => path));
  return {
    events: first.journal.length,
    folded: optimised.folded?.length ?? 0,
    foldedVars: optimised.folded?.filter(({ source }) => source.includes("vars.")).length ?? 0,
    varsSet: first.journal.filter(({ event }) => isSet(event)).length,
    dead: dead.size,
    deadSettled: settledDead(seed, second.journal, dead),
    ranked: optimised.scopes.flatMap(({ steps }) => steps).filter(({ rank }) => rank > 1).length,
    restarts: third.restarts,
  };
}

function mustBeSame(seed: number, what: string, left: Entries, right: Entries): void {
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [a, b] = [JSON.stringify(left[at]), JSON.stringify(right[at])];
    if (a !== b) throw new Error(`seed ${seed}, ${what}, event ${at + 1}:\n${a}\n${b}`);
  }
}

const OF_NO_USE: ReadonlySet<string> = new Set(["step.skipped", "step.blocked", "step.cancelled"]);

/** How many dead steps were settled; throws where one ran though no operator wanted it. */
function settledDead(seed: number, journal: Entries, dead: ReadonlySet<string>): number {
  const byHand = new Set<string>();
  let settled = 0;
  for (const { event } of journal) {
    if (!event.type.startsWith("step.") || !("path" in event)) continue;
    const path = String(event.path);
    if (event.type === "step.resolved") byHand.add(path);
    const plain = formatPath((parsePath(path) ?? []).map(({ id }) => ({ id })));
    if (!dead.has(plain) || byHand.has(path)) continue;
    if (!OF_NO_USE.has(event.type))
      throw new Error(`seed ${seed}: dead step ${path} has ${event.type}`);
    settled++;
  }
  return settled;
}
