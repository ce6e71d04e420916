/**
 * Which outside names an expression reads: collected while it is compiled, merged for templates.
 * The planner draws edges from it, the validator checks names and input fields.
 */
import type { Reads, StepRead } from "./expression.ts";

/** Fields of a step that it has whatever became of it. */
const ALWAYS_READABLE: ReadonlySet<string> = new Set(["status", "error", "attempts"]);

interface SeenStep {
  acceptsFailure: boolean;
  whole: boolean;
  readonly fields: Set<string>;
  offset: number;
}

/** One link of a member chain as far as it matters here; `key` is null when it is computed. */
export interface ReadLink {
  readonly key: string | number | null;
  readonly optional: boolean;
}

/** Gathers the reads of one expression. */
export class ReadsCollector {
  readonly #roots = new Set<string>();
  readonly #steps = new Map<string, SeenStep>();
  readonly #inputs: { name: string; optional: boolean; offset: number }[] = [];

  /** Notes the chain `root.link.link…` that begins at `offset`. */
  add(root: string, links: readonly ReadLink[], offset: number): void {
    this.#roots.add(root);
    const [first, second] = links;
    if (first === undefined || first.key === null) return;
    const name = String(first.key);
    if (root === "input") this.#inputs.push({ name, optional: first.optional, offset });
    if (root === "steps") this.#addStep(name, second, offset);
  }

  finish(): Reads {
    return {
      roots: [...this.#roots].sort(),
      steps: [...this.#steps].map(([id, seen]) => ({
        id,
        acceptsFailure: seen.acceptsFailure,
        fields: seen.whole ? [] : [...seen.fields].sort(),
        offset: seen.offset,
      })),
      inputs: this.#inputs,
    };
  }

  #addStep(id: string, link: ReadLink | undefined, offset: number): void {
    const field = link === undefined || link.key === null ? null : String(link.key);
    const accepts =
      link !== undefined && (link.optional || (field !== null && ALWAYS_READABLE.has(field)));
    const seen = this.#steps.get(id);
    if (seen === undefined) {
      this.#steps.set(id, {
        acceptsFailure: accepts,
        whole: field === null,
        fields: new Set(field === null ? [] : [field]),
        offset,
      });
      return;
    }
    seen.acceptsFailure &&= accepts;
    seen.whole ||= field === null;
    if (field !== null) seen.fields.add(field);
    seen.offset = Math.min(seen.offset, offset);
  }
}

/** The reads of several expressions as one; offsets stay those of the expression they came from. */
export function mergeReads(...reads: readonly Reads[]): Reads {
  const [only] = reads;
  if (only !== undefined && reads.length === 1) return only;
  const roots = new Set<string>();
  const steps = new Map<string, StepRead>();
  for (const read of reads) {
    for (const root of read.roots) roots.add(root);
    for (const step of read.steps) {
      const known = steps.get(step.id);
      steps.set(step.id, known === undefined ? step : mergeStep(known, step));
    }
  }
  return {
    roots: [...roots].sort(),
    steps: [...steps.values()],
    inputs: reads.flatMap((read) => read.inputs),
  };
}

function mergeStep(first: StepRead, second: StepRead): StepRead {
  const whole = first.fields.length === 0 || second.fields.length === 0;
  return {
    id: first.id,
    acceptsFailure: first.acceptsFailure && second.acceptsFailure,
    fields: whole ? [] : [...new Set([...first.fields, ...second.fields])].sort(),
    offset: first.offset,
  };
}
