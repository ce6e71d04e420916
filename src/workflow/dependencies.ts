/**
 * The dependency graph between workflows: what a workflow runs, what those run, and so on, each with
 * its version.
 *
 *   D1. A name without a version means one version in the whole graph: the newest there is, or for
 *       the root its own. That is what a run pins when it starts.
 *   D2. A cycle that every run of the root walks can never end well: it is refused (refusedCycle). One
 *       that something decides about is recursion, and so is a workflow that runs itself; both are
 *       bounded by the depth of runs.
 *   D3. What is missing is named with who needs it; a workflow may be saved before those it runs.
 */
import { type Problem, problemOf } from "./problem.ts";
import type { WorkflowCall } from "./workflow-calls.ts";

export interface KnownWorkflow {
  /** null: of a definition that is not saved. */
  readonly version: number | null;
  readonly calls: readonly WorkflowCall[];
}

/** Finds a workflow; the newest for null. null: there is none. */
export type FindWorkflow = (name: string, version: number | null) => Promise<KnownWorkflow | null>;

export interface DependencyCall {
  /** Static path of the `workflow.run` step. */
  readonly path: string;
  /** null: an expression says it. */
  readonly workflow: string | null;
  /** What the call means now; null: not known before it runs, or missing. */
  readonly version: number | null;
  /** fixed: written down. pinned: when the run starts. latest: when the step runs. computed: then too. */
  readonly binding: "fixed" | "pinned" | "latest" | "computed";
  readonly isMissing: boolean;
}

export interface DependencyWorkflow {
  readonly name: string;
  readonly version: number | null;
  readonly calls: readonly DependencyCall[];
}

export interface DependencyCycle {
  /** Names, the first one again at the end. */
  readonly path: readonly string[];
  /** Every run of the root walks it: no condition leads there, or ends it. */
  readonly isCertain: boolean;
}

export interface WorkflowDependencies {
  /** The root first, then what it runs, then what those run. */
  readonly workflows: readonly DependencyWorkflow[];
  readonly missing: readonly {
    readonly workflow: string;
    readonly version: number | null;
    /** `name: path of the step`. */
    readonly neededBy: string;
  }[];
  readonly cycles: readonly DependencyCycle[];
  /** Version by name, for names without a version. */
  readonly pins: Readonly<Record<string, number>>;
  /** There are more than WORKFLOWS_MAX: the rest was not looked at. */
  readonly isCut: boolean;
}

export const WORKFLOWS_MAX = 1_000;

interface Node {
  readonly name: string;
  readonly version: number | null;
  readonly known: KnownWorkflow;
  readonly calls: DependencyCall[];
  readonly next: { readonly node: Node; readonly isCertain: boolean }[];
}

export async function resolveDependencies(
  name: string,
  known: KnownWorkflow,
  find: FindWorkflow,
): Promise<WorkflowDependencies> {
  const root: Node = { name, version: known.version, known, calls: [], next: [] };
  const nodes = new Map([[keyOf(name, known.version), root]]);
  /** D1. undefined: not looked for yet. */
  const newest = new Map<string, Node | null>([[name, root]]);
  const missing: WorkflowDependencies["missing"][number][] = [];
  let isCut = false;
  const enter = (target: string, found: KnownWorkflow): Node | null => {
    const key = keyOf(target, found.version);
    const present = nodes.get(key);
    if (present !== undefined) return present;
    if (nodes.size >= WORKFLOWS_MAX) {
      isCut = true;
      return null;
    }
    const node = { name: target, version: found.version, known: found, calls: [], next: [] };
    nodes.set(key, node);
    return node;
  };
  const lookUp = async (target: string, version: number | null): Promise<Node | null> => {
    const before = version === null ? newest.get(target) : nodes.get(keyOf(target, version));
    if (before !== undefined) return before;
    const found = await find(target, version);
    const node = found === null ? null : enter(target, found);
    if (version === null && !isCut) newest.set(target, node);
    return node;
  };
  // A Map grows while it is walked: what is found is looked at in its turn.
  for (const node of nodes.values())
    for (const call of node.known.calls) {
      const { path, workflow, isCertain } = call;
      const binding = bindingOf(call);
      const wanted = typeof call.version === "number" ? call.version : null;
      const target = workflow === null ? null : await lookUp(workflow, wanted);
      const isMissing = workflow !== null && target === null && !isCut;
      if (isMissing) missing.push({ workflow, version: wanted, neededBy: `${node.name}: ${path}` });
      node.calls.push({ path, workflow, version: target?.version ?? null, binding, isMissing });
      if (target !== null) node.next.push({ node: target, isCertain });
    }
  const pinned = [...newest].flatMap(([of, node]) =>
    node?.version == null || !isCalled(of, nodes) ? [] : [[of, node.version] as const],
  );
  return {
    workflows: [...nodes.values()].map(({ name: of, version, calls }) => ({
      ...{ name: of, version, calls },
    })),
    missing,
    cycles: cyclesOf(root),
    pins: Object.fromEntries(pinned),
    isCut,
  };
}

function keyOf(name: string, version: number | null): string {
  return `${name}\n${version ?? ""}`;
}

function bindingOf({ workflow, version }: WorkflowCall): DependencyCall["binding"] {
  if (workflow === null || version === "computed") return "computed";
  if (version === "latest") return "latest";
  return version === null ? "pinned" : "fixed";
}

function isCalled(name: string, nodes: ReadonlyMap<string, Node>): boolean {
  for (const { calls } of nodes.values())
    if (calls.some(({ workflow, binding }) => workflow === name && binding === "pinned"))
      return true;
  return false;
}

/** One cycle for each call that leads back: first along calls that are always made, then along all. */
function cyclesOf(root: Node): DependencyCycle[] {
  const cycles = new Map<string, DependencyCycle>();
  for (const isCertain of [true, false]) {
    const done = new Set<Node>();
    const trail: Node[] = [];
    const follow = (node: Node): void => {
      trail.push(node);
      for (const { node: target, isCertain: always } of node.next) {
        if (isCertain && !always) continue;
        const at = trail.indexOf(target);
        if (at >= 0) {
          const path = [...trail.slice(at), target].map((each) => each.name);
          const key = path.join("\n");
          if (!cycles.has(key)) cycles.set(key, { path, isCertain });
        } else if (!done.has(target)) follow(target);
      }
      trail.pop();
      done.add(node);
    };
    follow(root);
  }
  return [...cycles.values()];
}

/** D2. The problem to refuse a workflow with; null: none. */
export function refusedCycle(
  { cycles }: WorkflowDependencies,
  known: KnownWorkflow,
): Problem | null {
  const cycle = cycles.find(({ path, isCertain }) => isCertain && path.length > 2);
  if (cycle === undefined) return null;
  const step = known.calls.find(
    ({ workflow }) => workflow !== null && cycle.path.includes(workflow),
  );
  return problemOf({
    code: "workflow_cycle",
    message: `Workflows run each other in a circle that never ends: ${cycle.path.join(" -> ")}.`,
    pointer: step?.pointer ?? [],
    suggestion: "Give one of these `workflow.run` steps an `if`, or take it out of the circle.",
  });
}
