/**
 * Compiles the expressions of a definition and checks every name in them against what can exist
 * where they stand. A read of a step becomes an implied edge of the step that owns the reader in
 * the scope where the read step lives (P1).
 *
 * Names resolve outwards: own scope, then the scope around its owner, and so on; the steps of the
 * root's `finally` see the root's steps, which have all settled by then.
 */

import { COMPENSATION_NAMES } from "./control-steps.ts";
import type { Step, WorkflowDefinition } from "./definition.ts";
import { compileExpression } from "./expression/compile.ts";
import {
  type Expression,
  ExpressionSyntaxError,
  type Reads,
  type StepRead,
  type Template,
} from "./expression/expression.ts";
import { checkTemplate, compileTemplate } from "./expression/template.ts";
import {
  type ExpressionSource,
  type Found,
  find,
  memberAt,
  memberReads,
  wordAt,
} from "./expression-places.ts";
import { carryNames, closedProperties, indexIds } from "./known-names.ts";
import type { PlanScope } from "./plan.ts";
import { captureLocal, captureStep } from "./plan-captures.ts";
import { addImplied, type ImpliedSources } from "./plan-edges.ts";
import type { PlanFolding } from "./plan-folding.ts";
import type { Pointer, Report } from "./problem.ts";
import { checkSecretReads } from "./secret-reads.ts";
import { suggestName } from "./suggest.ts";

/** Where an expression stands. */
export interface Place {
  /** null: the definition's own fields (`vars`, `labels`), which see no steps. */
  readonly scope: PlanScope | null;
  /** The step that holds the expression; null for what a scope evaluates at its end (`output`). */
  readonly self: number | null;
  /** Names beside those of the scopes. */
  readonly locals: readonly string[];
  /** The step whose `carry` is among `locals` (a while's own condition). */
  readonly loop?: Step;
  /** The `with` of a step that does something: the one place that sees `secrets`. */
  readonly secrets?: boolean;
}

/** What a scope evaluates at its end: it sees all its steps. */
export function atEndOf(scope: PlanScope): Place {
  return { scope, self: null, locals: [] };
}

const STEP_FIELDS = ["output", "error", "status", "attempts"];
const RUN_FIELDS = ["id", "status", "startedAt", "now"];
const WORKFLOW_FIELDS = ["name", "version"];
/** Roots that every expression of a step sees. */
export const STEP_ROOTS = ["input", "steps", "vars", "run", "workflow", "labels"] as const;
/** Roots of the definition's own templates, evaluated before any step. */
const DEFINITION_ROOTS = ["input", "run", "workflow"];
/** Names that no loop may give its item. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...STEP_ROOTS,
  "secrets",
  "index",
  "carry",
  "error",
  ...COMPENSATION_NAMES,
]);

export const NULL_TEMPLATE: Template = {
  constant: true,
  reads: { roots: [], steps: [], inputs: [] },
  evaluate: () => null,
};

/** Compiles and checks the expressions of one definition; reports what is wrong with them. */
export class ExpressionCompiler {
  /** Edges that reads imply, by scope and position of the reader. */
  readonly implied = new Map<PlanScope, ImpliedSources[]>();
  /** The root scope, once it exists, and its `finally`. */
  root: PlanScope | null = null;
  finally: PlanScope | null = null;
  readonly #definition: WorkflowDefinition;
  readonly #report: Report;
  readonly #folding: PlanFolding | null;
  readonly #inputNames: readonly string[] | null;
  readonly #varNames: readonly string[];
  #stepIds: ReadonlyMap<string, string> | null = null;

  /** `folding`: what reads nothing is computed here and now; null: nothing is. */
  constructor(definition: WorkflowDefinition, report: Report, folding: PlanFolding | null) {
    this.#definition = definition;
    this.#report = report;
    this.#folding = folding;
    this.#inputNames = closedProperties(definition.input);
    this.#varNames = Object.keys(definition.vars ?? {});
  }

  /** A bare expression; null where it does not parse, which is reported. */
  bare(source: string, pointer: Pointer, place: Place): Expression | null {
    let expression: Expression;
    try {
      expression = compileExpression(source, this.#folding?.at(pointer, place.scope !== null));
    } catch (error) {
      this.#syntaxError(error, pointer);
      return null;
    }
    this.#check(expression.reads, { kind: "bare", value: source, pointer }, place);
    return expression;
  }

  /** A template; one that evaluates to null where it does not parse, which is reported. */
  template(value: unknown, pointer: Pointer, place: Place): Template {
    let template: Template;
    try {
      template = compileTemplate(value, this.#folding?.at(pointer, place.scope !== null));
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      for (const fault of checkTemplate(value)) {
        const at = fault.pointer.split("/").slice(1).map(unescapePointer);
        this.#syntaxError(fault.error, [...pointer, ...at]);
      }
      return NULL_TEMPLATE;
    }
    // Constant as it is, it may have been written with names: constant variables are folded.
    if (!template.constant || template.reads.roots.length > 0)
      this.#check(template.reads, { kind: "template", value, pointer }, place);
    return template;
  }

  #syntaxError(error: unknown, pointer: Pointer): void {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    this.#report({
      code: "invalid_expression",
      message: `The expression does not parse: ${error.message}.`,
      pointer,
      offset: error.offset,
      suggestion: error.suggestion === null ? null : `Try \`${error.suggestion}\`.`,
    });
  }

  #check(reads: Reads, source: ExpressionSource, place: Place): void {
    for (const root of reads.roots) this.#checkRoot(root, source, place);
    if (place.scope !== null) for (const read of reads.steps) this.#checkStep(read, source, place);
    for (const read of reads.inputs) {
      if (read.optional || this.#inputNames === null || this.#inputNames.includes(read.name))
        continue;
      this.#unknownMember("input", read.name, this.#inputNames, source);
    }
    this.#checkMembers(reads, source, place);
  }

  #checkRoot(root: string, source: ExpressionSource, place: Place): void {
    const known = this.#namesAt(place);
    if (known.includes(root)) {
      if (!place.locals.includes(root)) captureLocal(root, place.scope);
      return;
    }
    if (root === "secrets" && place.secrets === true) return checkSecretReads(source, this.#report);
    const at = find(source, (text) => wordAt(text, root));
    if (root === "secrets") {
      this.#report({
        code: "secrets_unavailable",
        message:
          "`secrets` can be read only in the `with` of a step that does something, such as http.request.",
        ...at,
        suggestion:
          "Read it where it is used: a value that is passed on would lie open in the journal.",
      });
      return;
    }
    this.#report({
      code: "unknown_name",
      message: `Nothing here is called \`${root}\`.`,
      ...at,
      suggestion: this.#suggestRoot(root, known),
    });
  }

  #suggestRoot(root: string, known: readonly string[]): string | null {
    const isStep = this.#ids().has(root);
    return isStep ? `Steps are read as \`steps.${root}.output\`.` : suggestName(root, known);
  }

  #namesAt(place: Place): readonly string[] {
    if (place.scope === null) return [...DEFINITION_ROOTS, ...place.locals];
    const names: string[] = [...STEP_ROOTS, ...place.locals];
    for (let scope: PlanScope | null = place.scope; scope !== null; scope = scope.parent)
      names.push(...scope.locals);
    return names;
  }

  #checkStep(read: StepRead, source: ExpressionSource, place: Place): void {
    const found = this.#resolve(read, place);
    const at = () => find(source, (text) => memberAt(text, "steps", read.id));
    if (found === "self" || found === "container" || found === "undone") {
      const what = found === "self" ? "itself" : "the step that contains it";
      this.#report({
        code: "self_edge",
        message: `The expression reads \`steps.${read.id}\`, which is ${what} and has no outcome yet.`,
        ...at(),
        suggestion:
          found === "undone"
            ? "A compensation reads what its step gave as `output`."
            : "Read a step that comes before.",
      });
    } else if (found === "unknown") {
      this.#unknownStep(read, place, at());
    }
    const field = read.fields.find((name) => !STEP_FIELDS.includes(name));
    if (found === "known" && field !== undefined)
      this.#report({
        code: "unknown_name",
        message: `A step has no \`${field}\`; it has output, error, status and attempts.`,
        ...at(),
        suggestion:
          suggestName(field, STEP_FIELDS) ?? `Perhaps \`steps.${read.id}.output.${field}\`?`,
      });
  }

  /** Finds the step that `read` means and draws the edge. */
  #resolve(read: StepRead, place: Place): "known" | "self" | "container" | "undone" | "unknown" {
    let scope = place.scope;
    let index = place.self;
    const crossed: PlanScope[] = [];
    while (scope !== null) {
      const from = scope.positions.get(read.id);
      if (from !== undefined) {
        if (from === index && crossed.at(-1)?.owner?.scope === scope) return "undone";
        if (from === index) return scope === place.scope ? "self" : "container";
        if (index !== null) this.#imply(scope, index, from, read.acceptsFailure);
        for (const compensation of crossed) captureStep(compensation, read);
        return "known";
      }
      if (scope.captures !== null) crossed.push(scope);
      if (scope === this.finally) {
        scope = this.root;
        index = null;
      } else {
        index = scope.owner?.index ?? null;
        scope = scope.parent;
      }
    }
    return "unknown";
  }

  #imply(scope: PlanScope, reader: number, from: number, acceptsFailure: boolean): void {
    let readers = this.implied.get(scope);
    if (readers === undefined) {
      readers = [];
      this.implied.set(scope, readers);
    }
    let sources = readers[reader];
    if (sources === undefined) {
      sources = new Map();
      readers[reader] = sources;
    }
    addImplied(sources, from, acceptsFailure);
  }

  #unknownStep(read: StepRead, place: Place, at: Found): void {
    const elsewhere = this.#ids().get(read.id);
    if (elsewhere !== undefined) {
      this.#report({
        code: "step_not_visible",
        message: `Step \`${read.id}\` stands in ${elsewhere} and cannot be seen from here.`,
        ...at,
        suggestion:
          elsewhere === "the workflow's `finally`"
            ? "Steps of `finally` run last; nothing else can read them."
            : "Give that scope an `output` and read the step that owns it.",
      });
      return;
    }
    const visible: string[] = [];
    for (
      let scope = place.scope;
      scope !== null;
      scope = scope === this.finally ? this.root : scope.parent
    )
      visible.push(...scope.positions.keys());
    this.#report({
      code: "unknown_step",
      message: `There is no step \`${read.id}\`.`,
      ...at,
      suggestion: suggestName(read.id, visible),
    });
  }

  /** Every step id with the scope it stands in, in words; made on the first fault. */
  #ids(): ReadonlyMap<string, string> {
    this.#stepIds ??= indexIds(this.#definition);
    return this.#stepIds;
  }

  /** `vars`, `carry`, `run` and `workflow` have known fields. */
  #checkMembers(reads: Reads, source: ExpressionSource, place: Place): void {
    const known = new Map<string, readonly string[]>();
    for (const root of reads.roots) {
      const names = this.#membersOf(root, place);
      if (names !== null) known.set(root, names);
    }
    if (known.size === 0) return;
    for (const read of memberReads(source)) {
      const names = known.get(read.root);
      if (names === undefined || read.optional || names.includes(read.name)) continue;
      this.#unknownMember(read.root, read.name, names, source);
    }
  }

  #membersOf(root: string, place: Place): readonly string[] | null {
    if (root === "vars") return this.#varNames;
    if (root === "run") return RUN_FIELDS;
    if (root === "workflow") return WORKFLOW_FIELDS;
    if (root !== "carry") return null;
    if (place.loop !== undefined) return carryNames(place.loop.with);
    for (let scope = place.scope; scope !== null; scope = scope.parent)
      if (scope.locals.has("carry")) return carryNames(scope.owner?.definition.with);
    return null;
  }

  #unknownMember(
    root: string,
    name: string,
    names: readonly string[],
    source: ExpressionSource,
  ): void {
    const of = {
      input: "The input schema has no property",
      vars: "The workflow has no variable",
      carry: "The loop carries no value",
    }[root];
    this.#report({
      code: "unknown_name",
      message: `${of ?? `\`${root}\` has no field`} \`${name}\`.`,
      ...find(source, (text) => memberAt(text, root, name)),
      suggestion: suggestName(name, names),
    });
  }
}

function unescapePointer(key: string): string | number {
  const text = key.replaceAll("~1", "/").replaceAll("~0", "~");
  return /^\d+$/.test(text) ? Number(text) : text;
}
