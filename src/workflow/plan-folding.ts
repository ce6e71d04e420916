/**
 * The foldings of one definition (expression/fold.ts), and where each was found: what `lockstitch
 * plan` shows of them. One budget for all, so that no definition takes long to plan.
 */
import type { Folding } from "./expression/compiler.ts";
import { PLAN_FUEL } from "./expression/fold.ts";
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
  readonly #folding: Folding = {
    fuel: PLAN_FUEL,
    note: (source, value) => this.#note(source, value),
  };
  #pointer: Pointer = [];

  /** For the expressions of the field that `pointer` leads to. */
  at(pointer: Pointer): Folding {
    this.#pointer = pointer;
    return this.#folding;
  }

  #note(source: string, value: unknown): void {
    this.parts.push({ pointer: this.#pointer, source, value });
  }
}
