/**
 * Which workflows a workflow runs, across the catalogue: what `deps` shows, what a starting run pins,
 * and the circles that are refused.
 *
 *   P1. A run pins the newest version of each name that it may run, and hands the pins to its
 *       children: in one tree of runs a name means one version, whatever is saved meanwhile.
 *   P2. A workflow that runs no other costs nothing here: its list of calls is empty.
 *   P3. What was resolved is kept until anything is saved.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Pins } from "#kernel/run-links.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Catalogue } from "#ports/catalogue.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import {
  type FindWorkflow,
  type KnownWorkflow,
  refusedCycle,
  resolveDependencies,
  type WorkflowDependencies,
} from "#workflow/dependencies.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import { callsIn, type WorkflowCall } from "#workflow/workflow-calls.ts";

/** A version, and its `workflow.run` steps. */
interface Calling {
  readonly version: { readonly name: string; readonly version: number };
  readonly calls: readonly WorkflowCall[];
}

/** Resolved graphs kept; the oldest go first. */
const KEPT_MAX = 1_000;

export class Dependencies {
  readonly #catalogue: Catalogue;
  readonly #kept = new Map<string, WorkflowDependencies>();
  /** Grows with each save: what was resolved before may mean something else now. */
  #saves = 0;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** A version is durable. */
  saved(): void {
    this.#saves++;
    this.#kept.clear();
  }

  /** Throws definition_invalid where saving `json` would close a circle that never ends. */
  async refuseCycle(context: CallContext, name: string, json: string): Promise<void> {
    const calls = callsInText(json);
    if (!calls.some(({ isCertain }) => isCertain)) return;
    const known = { version: null, calls };
    const problem = refusedCycle(
      await resolveDependencies(name, known, this.#finder(context)),
      known,
    );
    if (problem !== null) throw definitionInvalid([problem]);
  }

  /** Throws workflow_not_found. */
  async of(
    context: CallContext,
    name: string,
    version: number | null,
  ): Promise<WorkflowDependencies> {
    const known = await this.#finder(context)(name, version);
    if (known !== null) return await this.#resolve(context, name, known);
    const which = version === null ? "" : ` version ${version} of`;
    throw new LockstitchError("workflow_not_found", `There is no${which} workflow ${name}.`, {
      details: { workflow: name, ...(version === null ? {} : { version }) },
    });
  }

  /** P1. null: it runs no other. Throws definition_invalid for a circle that never ends. */
  async pinsOf(context: CallContext, workflow: Calling): Promise<Pins | null> {
    const { calls } = workflow;
    if (calls.length === 0) return null;
    const { name, version } = workflow.version;
    const known = { version, calls };
    const found = await this.#resolve(context, name, known);
    const problem = refusedCycle(found, known);
    if (problem !== null) throw definitionInvalid([problem]);
    return someOf(found.pins);
  }

  /** Of a run that another starts: what that has pinned stays; names that it could not know are pinned now. */
  async pinsOfNext(
    context: CallContext,
    { calls, version: { name, version } }: Calling,
    given: Pins | undefined,
  ): Promise<Pins | null> {
    if (calls.length === 0) return null;
    const isKnown = ({ workflow }: WorkflowCall) =>
      workflow === null || (given !== undefined && Object.hasOwn(given, workflow));
    if (given !== undefined && calls.every(isKnown)) return given;
    const { pins } = await this.#resolve(context, name, { version, calls });
    return someOf({ ...pins, ...given });
  }

  async #resolve(
    context: CallContext,
    name: string,
    known: KnownWorkflow,
  ): Promise<WorkflowDependencies> {
    const key = `${context.tenant}\n${name}\n${known.version}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const saves = this.#saves;
    const found = await resolveDependencies(name, known, this.#finder(context));
    // Something was saved meanwhile: right for who asked, and maybe for nobody after.
    if (saves !== this.#saves) return found;
    this.#kept.set(key, found);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) break;
      this.#kept.delete(oldest);
    }
    return found;
  }

  #finder(context: CallContext): FindWorkflow {
    return async (name, version) => {
      const found = await this.#catalogue.find(context, name, version);
      return found === null
        ? null
        : { version: found.version, calls: callsInText(found.definition) };
    };
  }
}

function someOf(pins: Pins): Pins | null {
  return Object.keys(pins).length === 0 ? null : pins;
}

function callsInText(json: string): readonly WorkflowCall[] {
  return callsIn(json, () => JSON.parse(json) as WorkflowDefinition);
}
