/** Compiled plans and input validators by workflow version: each is made once and shared by all runs. */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Catalogue, WorkflowVersion } from "#ports/catalogue.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { NodeTypes } from "#workflow/node-types.ts";
import type { Plan } from "#workflow/plan.ts";
import { compilePlanByParts } from "#workflow/plan-compile.ts";
import { compileSchema, type Validator } from "#workflow/validate-json.ts";
import { callsIn, type WorkflowCall } from "#workflow/workflow-calls.ts";
import { Dependencies } from "./dependencies.ts";
import { EVENT_LOOP, inSlices, type Slices } from "./in-slices.ts";

export interface PlannedWorkflow {
  readonly version: WorkflowVersion;
  readonly plan: Plan;
  /** Checks a run's input and fills in its defaults; null: the workflow declares none. */
  readonly input: Validator | null;
  /** Its `workflow.run` steps. */
  readonly calls: readonly WorkflowCall[];
}

/** Plans kept; the oldest go first. A plan of 10,000 steps takes some 20 MB. */
const PLANS_MAX = 1_000;

interface PlansOptions {
  readonly slices?: Slices | undefined;
  /** What a run comes to is the same either way (docs/optimiser.md). */
  readonly optimise?: boolean | undefined;
}

export class Plans {
  /** Which workflows these run. */
  readonly dependencies: Dependencies;
  readonly #catalogue: Catalogue;
  readonly #nodes: NodeTypes;
  readonly #slices: Slices;
  readonly #optimise: boolean;
  readonly #planned = new Map<string, PlannedWorkflow>();
  /** A version that is compiled now: whoever else wants it waits for the same plan. */
  readonly #compiling = new Map<string, Promise<PlannedWorkflow>>();
  /** Newest version by tenant and name: only this engine saves workflows, and it tells `saved`. */
  readonly #newest = new Map<string, number>();

  constructor(
    catalogue: Catalogue,
    nodes: NodeTypes,
    { slices = EVENT_LOOP, optimise = true }: PlansOptions = {},
  ) {
    this.#catalogue = catalogue;
    this.dependencies = new Dependencies(catalogue);
    this.#nodes = nodes;
    this.#slices = slices;
    this.#optimise = optimise;
  }

  /** A version is durable: from now on it may be the newest of its name. */
  saved(context: CallContext, name: string, version: number): void {
    this.dependencies.saved();
    this.#noteNewest(context, name, version);
  }

  #noteNewest({ tenant }: CallContext, name: string, version: number): void {
    const key = `${tenant}\n${name}`;
    // Two saves may be told in any order.
    this.#newest.set(key, Math.max(version, this.#newest.get(key) ?? 0));
  }

  /** The newest version without `version`. Throws workflow_not_found, definition_invalid. */
  async find(context: CallContext, name: string, version: number | null): Promise<PlannedWorkflow> {
    const wanted = version ?? this.#newest.get(`${context.tenant}\n${name}`);
    const known =
      wanted === undefined ? undefined : this.#planned.get(keyOf(context.tenant, name, wanted));
    if (known !== undefined) return known;
    const found = await this.#catalogue.find(context, name, version);
    if (found === null)
      throw new LockstitchError(
        "workflow_not_found",
        version === null
          ? `There is no workflow ${name}; save one with that name first.`
          : `There is no version ${version} of workflow ${name}.`,
        { details: { workflow: name, ...(version === null ? {} : { version }) } },
      );
    const { definition, ...saved } = found;
    if (version === null) this.#noteNewest(context, name, saved.version);
    const key = keyOf(context.tenant, name, saved.version);
    const present = this.#planned.get(key) ?? this.#compiling.get(key);
    if (present !== undefined) return present;
    const compiling = this.#compile(context, saved, definition);
    this.#compiling.set(key, compiling);
    try {
      return await compiling;
    } finally {
      this.#compiling.delete(key);
    }
  }

  async #compile(
    context: CallContext,
    version: WorkflowVersion,
    text: string,
  ): Promise<PlannedWorkflow> {
    const definition = JSON.parse(text) as WorkflowDefinition;
    const parts = compilePlanByParts(definition, this.#nodes, {
      hash: version.hash,
      optimise: this.#optimise,
    });
    const planned: PlannedWorkflow = {
      version,
      plan: await inSlices(parts, this.#slices),
      input: definition.input === undefined ? null : compileSchema(definition.input),
      calls: callsIn(text, () => definition),
    };
    this.#planned.set(keyOf(context.tenant, version.name, version.version), planned);
    for (const oldest of this.#planned.keys()) {
      if (this.#planned.size <= PLANS_MAX) break;
      this.#planned.delete(oldest);
    }
    for (const oldest of this.#newest.keys()) {
      if (this.#newest.size <= PLANS_MAX) break;
      this.#newest.delete(oldest);
    }
    return planned;
  }
}

function keyOf(tenant: string, name: string, version: number): string {
  return `${tenant}\n${name}\n${version}`;
}
