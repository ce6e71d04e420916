/**
 * The worker thread of definition-thread.ts: reads, checks and plans the text of a definition. It
 * has the built-in node types; of the user's own it knows how they run, and takes any configuration:
 * the steps that use them are handed back, to be checked where the types are.
 */
import { workerData } from "node:worker_threads";
import { z } from "zod";
import { createRegistry } from "#nodes/registry.ts";
import { eachStep } from "#workflow/check.ts";
import type { CheckedText } from "#workflow/checked-text.ts";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import type { NodeType, NodeTypes } from "#workflow/node-types.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import type { Problem } from "#workflow/problem.ts";
import { answerRequests } from "./answering-thread.ts";

/** A type that only the main thread has. */
export type ForeignType = Omit<NodeType, "config" | "output">;

/** A step of such a type, as far as its configuration is checked. */
export type ForeignStep = Pick<Step, "id" | "uses" | "with">;

export interface ReadText {
  readonly checked: CheckedText | null;
  readonly problems: readonly Problem[];
  /** Of an invalid definition: one stands for all. */
  readonly foreign: readonly ForeignStep[];
}

export interface ReadRequest {
  readonly text: string;
  readonly format: "json" | "yaml";
}

function nodeTypes(foreign: readonly ForeignType[]): NodeTypes {
  const builtIn = createRegistry();
  const anything = { config: z.unknown(), output: z.unknown() };
  const others = new Map(foreign.map((type) => [type.type, { ...type, ...anything }]));
  const names = [...builtIn.names(), ...others.keys()].sort();
  return { get: (type) => builtIn.get(type) ?? others.get(type), names: () => names };
}

function read({ text, format }: ReadRequest): ReadText {
  const { definition, plan, problems } = parseWorkflow(text, { nodes, format });
  if (definition === null)
    return {
      checked: null,
      problems,
      foreign: foreign
        .filter(({ type }) => text.includes(type))
        .map(({ type }) => ({ id: "", uses: type })),
    };
  const checked = { name: definition.name, hash: plan.hash, json: JSON.stringify(definition) };
  return { checked, problems, foreign: foreignSteps(definition) };
}

function foreignSteps(definition: WorkflowDefinition): readonly ForeignStep[] {
  const steps: ForeignStep[] = [];
  if (foreign.length === 0) return steps;
  const types = new Set(foreign.map(({ type }) => type));
  eachStep(definition, (step) => {
    if (types.has(step.uses)) steps.push({ id: step.id, uses: step.uses, with: step.with });
  });
  return steps;
}

const { foreign } = workerData as { readonly foreign: readonly ForeignType[] };
const nodes = nodeTypes(foreign);

answerRequests(read);
