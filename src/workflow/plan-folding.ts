/**
 * The foldings of one definition (expression/fold.ts), and where each was found: what `lockstitch
 * plan` shows of them. One budget for all, so that no definition takes long to plan.
 */
import { constantVars } from "./constant-vars.ts";
import type { WorkflowDefinition } from "./definition.ts";
import type { Folding } from "./expression/compiler.ts";
import { PLAN_FUEL } from "./expression/fold.ts";
import type { NodeTypes } from "./node-types.ts";
import type { Pointer } from "./problem.ts";

/** A part of an expression that is computed when the definition is planned. */
export interface FoldedPart {
  /** Leads to the field of the definition that holds the expression. */
  readonly pointer: Pointer;
  /** The part as written, shortened. */
  readonly source: string;
  readonly value: unknown;
}

export class PlanFolding {
  readonly parts: FoldedPart[] = [];
  readonly #vars: Folding["vars"];
  readonly #folding: Folding = {
    fuel: PLAN_FUEL,
    vars: null,
    note: (source, value) => this.#note(source, value),
  };
  #pointer: Pointer = [];

  constructor(definition: WorkflowDefinition, nodes: NodeTypes) {
    this.#vars = constantVars(definition, nodes, this.#folding);
    // What was found there is found again where `vars` themselves are compiled.
    this.parts.length = 0;
  }

  /** For the expressions of the field that `pointer` leads to; `seesVars`: they may read `vars`. */
  at(pointer: Pointer, seesVars: boolean): Folding {
    this.#pointer = pointer;
    this.#folding.vars = seesVars ? this.#vars : null;
    return this.#folding;
  }

  #note(source: string, value: unknown): void {
    this.parts.push({ pointer: this.#pointer, source, value });
  }
}
