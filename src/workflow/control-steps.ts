/**
 * The control steps of the language, one row each: what their `with` holds, which fields and inner
 * scopes they have, which ports they offer and which names they bring inside. The parser, the
 * planner, the kernel, the printer and the editors' schema all read this table, so that a new
 * control step is a row here and a file in the kernel.
 *
 * `config` describes `with` after its expressions were evaluated, without the bare fields; the
 * parser checks constant parts against it, the kernel the whole value at run time.
 */
import type { z } from "zod";
import {
  DEFAULT_ITEM_NAME,
  FailConfig,
  ForEachConfig,
  IfConfig,
  ParallelConfig,
  SagaConfig,
  StopConfig,
  SwitchConfig,
  TryConfig,
  WaitApprovalConfig,
  WaitForConfig,
  WaitSignalConfig,
  WaitUntilConfig,
  WhileConfig,
  WorkflowContinueConfig,
  WorkflowRunConfig,
} from "./control-configs.ts";
import type { Body, Step } from "./definition.ts";
import type { ControlKind } from "./plan.ts";

/** Fields of a step that only some types have. */
export const SCOPE_FIELDS = [
  "steps",
  "then",
  "else",
  "cases",
  "default",
  "branches",
  "catch",
  "finally",
  "update",
  "output",
  "failFast",
  "defaults",
  "cleanupTimeout",
] as const satisfies readonly (keyof Step)[];
export type ScopeField = (typeof SCOPE_FIELDS)[number];

/** One inner scope of a step, as the definition has it. */
export interface InnerScope {
  /** See PlanStep.bodies. */
  readonly slot: string;
  /** See PlanScope.pathSegment. */
  readonly pathSegment: string;
  readonly steps: readonly Step[];
  /** JSON pointer segments from the step to `steps`. */
  readonly stepsPointer: readonly (string | number)[];
  /** undefined: the default output. */
  readonly output: unknown;
  readonly outputPointer: readonly (string | number)[];
  /** Names that each instance of the scope brings in. */
  readonly locals: readonly string[];
  readonly itemName: string | null;
  /** It undoes the step that owns it. */
  readonly isCompensation?: true;
}

export interface ControlStep {
  readonly kind: ControlKind;
  readonly title: string;
  readonly description: string;
  readonly category: "control" | "wait";
  /** Schema of the evaluated `with`, bare fields left out. */
  readonly config: z.ZodObject;
  /** Fields of `with` that are bare expressions; each is required. */
  readonly bareFields: readonly string[];
  /** Fields of `with` that are read before a run starts and so hold no expression. */
  readonly constantFields: readonly string[];
  /** Fields of `with` that are JSON Schemas. */
  readonly schemaFields: readonly string[];
  readonly fields: ReadonlySet<ScopeField>;
  /** Fields without which the step makes no sense. */
  readonly requiredFields: readonly ScopeField[];
  /** Ports that `needs` may name, beside `error`, which every step has. */
  ports(step: Step): readonly string[];
  scopes(step: Step): readonly InnerScope[];
}

/** The port that every step has: naming it in `needs` handles the step's failure. */
export const ERROR_PORT = "error";
/** The slot and path segment of what undoes a step. */
export const COMPENSATE = "compensate";
/** Names that a compensation sees beside those that its step saw. */
export const COMPENSATION_NAMES: readonly string[] = ["output", "outcome", "idempotencyKey"];
/** Ids that would collide with the slots of `try`, of `saga` and of the workflow. */
export const RESERVED_IDS: ReadonlySet<string> = new Set(["catch", "finally", COMPENSATE]);
/** The port and slot of a switch's `default`. */
export const DEFAULT_PORT = "default";

const NO_PORTS = (): readonly string[] => [];
const NO_SCOPES = (): readonly InnerScope[] => [];

/** `body` of a loop or try: the step's own `steps` and `output`. */
function ownBody(step: Step, locals: readonly string[], itemName: string | null): InnerScope {
  return {
    slot: "body",
    pathSegment: "",
    steps: step.steps ?? [],
    stepsPointer: ["steps"],
    output: step.output,
    outputPointer: ["output"],
    locals,
    itemName,
  };
}

/** A scope that stands under a name of its own; `at` leads from the step to its body. */
function namedBody(
  slot: string,
  at: readonly (string | number)[],
  body: Body,
  options: { readonly pathSegment?: string; readonly locals?: readonly string[] } = {},
): InnerScope {
  return {
    slot,
    pathSegment: options.pathSegment ?? slot,
    steps: body.steps ?? [],
    stepsPointer: [...at, "steps"],
    output: body.output,
    outputPointer: [...at, "output"],
    locals: options.locals ?? [],
    itemName: null,
  };
}

/** The step list of an `if`; its output is the step's own. */
function listBody(slot: "then" | "else" | "finally", step: Step): InnerScope {
  return {
    slot,
    pathSegment: slot,
    steps: step[slot] ?? [],
    stepsPointer: [slot],
    output: slot === "finally" ? undefined : step.output,
    outputPointer: ["output"],
    locals: [],
    itemName: null,
  };
}

/** A case without steps and output is a bare port: it has no scope. */
const isScope = (body: Body): boolean => body.steps !== undefined || body.output !== undefined;

function branchScopes(step: Step): InnerScope[] {
  return Object.entries(step.branches ?? {}).map(([name, body]) =>
    namedBody(name, ["branches", name], body),
  );
}

/** The name of for_each's item, also where `with` is malformed. */
export function itemNameOf(step: Step): string {
  const as = (step.with as { as?: unknown } | null | undefined)?.as;
  return typeof as === "string" ? as : DEFAULT_ITEM_NAME;
}

function tryScopes(step: Step): InnerScope[] {
  const catches = (step.catch ?? []).map((clause, at) =>
    namedBody(`catch.${at}`, ["catch", at], clause, { pathSegment: "catch", locals: ["error"] }),
  );
  const cleanup = step.finally === undefined ? [] : [listBody("finally", step)];
  return [ownBody(step, [], null), ...catches, ...cleanup];
}

function switchScopes(step: Step): InnerScope[] {
  const cases = Object.entries(step.cases ?? {})
    .filter(([, body]) => isScope(body))
    .map(([name, body]) => namedBody(name, ["cases", name], body));
  if (step.default === undefined || !isScope(step.default)) return cases;
  return [...cases, namedBody(DEFAULT_PORT, ["default"], step.default)];
}

type Row = Omit<
  ControlStep,
  | "kind"
  | "fields"
  | "bareFields"
  | "constantFields"
  | "schemaFields"
  | "requiredFields"
  | "ports"
  | "scopes"
> &
  Partial<
    Pick<
      ControlStep,
      "bareFields" | "constantFields" | "schemaFields" | "requiredFields" | "ports" | "scopes"
    >
  > & { readonly fields?: readonly ScopeField[] };

const ROWS: { readonly [K in ControlKind]: Row } = {
  for_each: {
    title: "For each",
    description:
      "Runs its steps once for every item of an array, an object or a range, some at a time.",
    category: "control",
    config: ForEachConfig,
    constantFields: ["as"],
    fields: ["steps", "output", "failFast", "defaults"],
    requiredFields: ["steps"],
    scopes: (step) => {
      const name = itemNameOf(step);
      return [ownBody(step, [name, "index"], name)];
    },
  },
  while: {
    title: "While",
    description: "Repeats its steps while the condition holds, carrying values from pass to pass.",
    category: "control",
    config: WhileConfig,
    bareFields: ["condition"],
    constantFields: ["check"],
    fields: ["steps", "update", "output", "failFast", "defaults"],
    requiredFields: ["steps"],
    scopes: (step) => [ownBody(step, ["carry", "index"], null)],
  },
  parallel: {
    title: "Parallel",
    description: "Runs named branches at the same time and joins all, any or the first of them.",
    category: "control",
    config: ParallelConfig,
    fields: ["branches", "failFast", "defaults"],
    requiredFields: ["branches"],
    scopes: branchScopes,
  },
  if: {
    title: "If",
    description: "Chooses port true or false, and runs `then` or `else` when it has them.",
    category: "control",
    config: IfConfig,
    bareFields: ["condition"],
    fields: ["then", "else", "output", "failFast", "defaults"],
    ports: () => ["true", "false"],
    scopes: (step) => [
      ...(step.then === undefined ? [] : [listBody("then", step)]),
      ...(step.else === undefined ? [] : [listBody("else", step)]),
    ],
  },
  switch: {
    title: "Switch",
    description: "Chooses the first case that fits a value, else default; a case may hold steps.",
    category: "control",
    config: SwitchConfig,
    fields: ["cases", "default", "failFast", "defaults"],
    requiredFields: ["cases"],
    ports: (step) => [...Object.keys(step.cases ?? {}), DEFAULT_PORT],
    scopes: switchScopes,
  },
  try: {
    title: "Try",
    description: "Runs its steps; a failure goes to the first catch that fits; finally runs last.",
    category: "control",
    config: TryConfig,
    fields: ["steps", "catch", "finally", "output", "failFast", "defaults", "cleanupTimeout"],
    requiredFields: ["steps"],
    scopes: tryScopes,
  },
  saga: {
    title: "Saga",
    description:
      "Runs its steps; if they fail or are cancelled, the `compensate` of each one that has run is run, last one first.",
    category: "control",
    config: SagaConfig,
    fields: ["steps", "output", "failFast", "defaults", "cleanupTimeout"],
    requiredFields: ["steps"],
    scopes: (step) => [ownBody(step, [], null)],
  },
  "workflow.run": {
    title: "Run a workflow",
    description: "Starts another workflow and, unless told otherwise, waits for its output.",
    category: "control",
    config: WorkflowRunConfig,
  },
  "wait.for": {
    title: "Wait for a time",
    description: "Waits as long as `duration` says. The wait survives restarts.",
    category: "wait",
    config: WaitForConfig,
  },
  "wait.until": {
    title: "Wait until",
    description: "Waits until an instant. The wait survives restarts.",
    category: "wait",
    config: WaitUntilConfig,
  },
  "wait.signal": {
    title: "Wait for a signal",
    description:
      "Waits for a signal with its name and key. When it expires the step fails, unless something needs its port `expired`.",
    category: "wait",
    config: WaitSignalConfig,
    schemaFields: ["schema"],
    ports: () => ["received", "expired"],
  },
  "wait.approval": {
    title: "Wait for an approval",
    description:
      "Waits for a person. Rejection and expiry fail the step, unless something needs its ports `rejected` or `expired`.",
    category: "wait",
    config: WaitApprovalConfig,
    schemaFields: ["form"],
    ports: () => ["approved", "rejected", "expired"],
  },
  fail: {
    title: "Fail",
    description: "Fails with a code of the author's choice and ends its scope.",
    category: "control",
    config: FailConfig,
  },
  stop: {
    title: "Stop",
    description:
      "Ends the run as succeeded, with an output; `finally` still runs, compensations do not.",
    category: "control",
    config: StopConfig,
  },
  "workflow.continue": {
    title: "Continue as a new run",
    description:
      "Ends the run and starts its successor with new input and the unread signals, for work that never ends.",
    category: "control",
    config: WorkflowContinueConfig,
  },
};

function complete([kind, row]: [string, Row]): [string, ControlStep] {
  return [
    kind,
    {
      bareFields: [],
      constantFields: [],
      schemaFields: [],
      requiredFields: [],
      ports: NO_PORTS,
      scopes: NO_SCOPES,
      ...row,
      kind: kind as ControlKind,
      fields: new Set(row.fields ?? []),
    },
  ];
}

/** All inner scopes of a step: those of its type, and what undoes it. */
export function innerScopes(step: Step): readonly InnerScope[] {
  const own = CONTROL_STEPS.get(step.uses)?.scopes(step) ?? [];
  return step.compensate === undefined ? own : [...own, compensationOf(step.compensate)];
}

function compensationOf(steps: readonly Step[]): InnerScope {
  const body = namedBody(COMPENSATE, [COMPENSATE], { steps }, { locals: COMPENSATION_NAMES });
  return { ...body, stepsPointer: [COMPENSATE], isCompensation: true };
}

/** Every control step by its `uses`. */
export const CONTROL_STEPS: ReadonlyMap<string, ControlStep> = new Map(
  Object.entries(ROWS).map(complete),
);
