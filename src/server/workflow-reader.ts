/**
 * What the server needs of the language: text to definition, saved definition to its drawn shape.
 *
 *   W1. A long text is read in a worker thread: 10,000 steps of YAML take two seconds.
 *   W2. The user's own node types exist only in the thread that loaded them: their configuration
 *       is checked here, a few steps at a time. A long text that has mistakes and uses such types
 *       is read here once more, so that its mistakes are told all at once.
 *   W3. Plans for shapes are made a few steps at a time.
 */
import { EVENT_LOOP, inSlices } from "#engine/embedded/in-slices.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import { checkConfig } from "#workflow/check-config.ts";
import { CheckedText } from "#workflow/checked-text.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { compilePlanByParts } from "#workflow/plan-compile.ts";
import type { Problem } from "#workflow/problem.ts";
import { definitionThread } from "./definition-thread.ts";
import type { ForeignStep } from "./definition-worker.ts";
import { shapeOf, type WorkflowShape } from "./workflow-shape.ts";

export interface ReadResult {
  /** null when there are problems. */
  readonly checked: CheckedText | null;
  readonly problems: readonly Problem[];
}

export interface WorkflowReader {
  read(text: string, format: "json" | "yaml"): Promise<ReadResult>;
  /** The shape of a saved definition, kept by `hash`. definition_invalid where this host lacks a node type. */
  shape(definition: WorkflowDefinition, hash: string): Promise<WorkflowShape>;
  close(): Promise<void>;
}

const SHAPES_KEPT = 100;
/** Characters; a YAML text of this length is read in about 15 ms. */
export const SHORT_TEXT = 24_000;

/** A reader that knows the host's node types. */
export function createWorkflowReader(nodes: NodeRegistry): WorkflowReader {
  const shapes = new Map<string, WorkflowShape>();
  const thread = definitionThread(nodes);
  const readHere = (text: string, format: "json" | "yaml"): ReadResult => {
    const { definition, plan, problems } = parseWorkflow(text, { nodes, format });
    if (definition === null) return { checked: null, problems };
    const { name } = definition;
    const json = JSON.stringify(definition);
    return { checked: new CheckedText({ name, hash: plan.hash, json }), problems };
  };
  return {
    async read(text, format) {
      if (text.length <= SHORT_TEXT) return readHere(text, format);
      const { checked, problems, foreign } = await thread.read(text, format);
      const isSure =
        foreign.length === 0 || (checked !== null && (await inSlices(fitsAll(foreign, nodes))));
      if (!isSure) return readHere(text, format);
      // What came from the thread is a copy.
      return { checked: checked === null ? null : new CheckedText(checked), problems };
    },
    async shape(definition, hash) {
      const known = shapes.get(hash);
      if (known !== undefined) return known;
      const shape = shapeOf(
        await inSlices(compilePlanByParts(definition, nodes, { hash }), EVENT_LOOP),
      );
      const [oldest] = shapes.keys();
      if (shapes.size >= SHAPES_KEPT && oldest !== undefined) shapes.delete(oldest);
      shapes.set(hash, shape);
      return shape;
    },
    close: () => thread.close(),
  };
}

/** Whether the configuration of each step fits its type. */
function* fitsAll(
  steps: readonly ForeignStep[],
  nodes: NodeRegistry,
): Generator<void, boolean, void> {
  let fits = true;
  for (const step of steps) {
    checkConfig(step, nodes, [], () => {
      fits = false;
    });
    if (!fits) return false;
    yield;
  }
  return true;
}
