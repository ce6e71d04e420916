/**
 * A plan: a definition compiled for the kernel. Immutable, shared by every run of a version,
 * rebuilt from the definition wherever it is needed (plans are never stored).
 *
 * P1. A step's edges name steps of its own scope by position; inner reads of an outer step are
 *     edges of the owner of the inner scope.
 * P2. Every expression is compiled; nothing of the kernel parses text.
 * P3. Steps of a scope stand in definition order, which is how ties are broken everywhere.
 */
import type {
  CatchClause,
  Defaults,
  RetryPolicy,
  Step,
  TriggerRule,
  WorkflowDefinition,
} from "./definition.ts";
import type { Expression, Template } from "./expression/expression.ts";
import type { FoldedPart } from "./plan-folding.ts";

/** The control steps of the language; the kernel has one file for each in kernel/scopes or kernel/waits. */
export type ControlKind =
  | "for_each"
  | "while"
  | "parallel"
  | "if"
  | "switch"
  | "try"
  | "saga"
  | "workflow.run"
  | "workflow.continue"
  | "wait.for"
  | "wait.until"
  | "wait.signal"
  | "wait.approval"
  | "fail"
  | "stop";

export type StepKind = "pure" | "effect" | ControlKind;

export interface PlanEdge {
  /** Positions in the scope's steps. */
  readonly from: number;
  readonly to: number;
  /** `needs: [check.true]` names port `true`; null for the step as a whole. */
  readonly port: string | null;
  /** True when only an expression implies the edge: it waits, and never makes a step untaken. */
  readonly implied: boolean;
  /** Of an implied edge: a failed source is fine. */
  readonly acceptsFailure: boolean;
}

export interface PlanRetry {
  readonly attempts: number;
  readonly backoff: NonNullable<RetryPolicy["backoff"]>;
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: "none" | "full";
  readonly errors: readonly string[] | null;
}

/** How the results of an effect step are remembered. */
export interface PlanMemo {
  /** null: the evaluated `with` is the key. */
  readonly key: Expression | null;
  /**
   * Hash of `with` as it is written, where `key` stands for what is evaluated: two steps that share
   * a key and call different things never share a result.
   */
  readonly form: string | null;
  readonly scope: "run" | "workflow" | "tenant";
  /** null: until it is evicted. */
  readonly ttlMs: number | null;
}

export interface PlanStep {
  /** Position in scope.steps. */
  readonly index: number;
  readonly id: string;
  readonly uses: string;
  readonly kind: StepKind;
  /** See NodeType. */
  readonly isExact: boolean;
  readonly scope: PlanScope;
  readonly in: readonly PlanEdge[];
  readonly out: readonly PlanEdge[];
  readonly rule: TriggerRule;
  readonly if: Expression | null;
  /**
   * The step's configuration. For pure and effect steps: one template over all of `with` but its
   * function fields. For control steps: the fields of control-steps.ts, expressions left out.
   */
  readonly with: Template;
  /** Names of the secrets that `with` reads. */
  readonly secrets: readonly string[];
  /** Fields of `with` that name a connection, whose secrets an attempt uses; null: none. */
  readonly connections: ReadonlySet<string> | null;
  /** Bare functions of a pure step, by field of `with`. */
  readonly functions: readonly { readonly field: string; readonly expression: Expression }[];
  /** `while`, `if`: the bare condition. */
  readonly condition: Expression | null;
  /** `while`: next values of the carried names. */
  readonly update: Template | null;
  readonly cases: readonly PlanCase[];
  readonly catches: readonly PlanCatch[];
  /**
   * Inner scopes by slot: `body` (for_each, while, try), `then`/`else`, the case name or
   * `default`, the branch name, `catch.<n>`, `finally`.
   */
  readonly bodies: ReadonlyMap<string, PlanScope>;
  /** What undoes the step; its steps see what the step saw. */
  readonly compensate: PlanScope | null;
  /** `saga`, `try`: how long cleaning up may take. */
  readonly cleanupMs: number | null;
  readonly failFast: boolean;
  readonly retry: PlanRetry | null;
  readonly timeoutMs: number | null;
  /** Longest silence of a running attempt. */
  readonly heartbeatTimeoutMs: number | null;
  readonly deadlineMs: number | null;
  readonly onError: null | "continue" | { readonly fallback: Template };
  readonly memo: PlanMemo | null;
  /** What its attempts must pass before they start; null: nothing of its own. */
  readonly gates: PlanGates | null;
  readonly priority: number | null;
  /**
   * Steps that take time on the longest way from here to the end, this one included: of several that
   * could start the greatest goes first. 0 where the plan is not optimised.
   */
  readonly rank: number;
  /** Ports that some edge names: decides whether `rejected` is a port or a failure. */
  readonly portsUsed: ReadonlySet<string>;
  /** The step's policies, completed from the defaults of its scopes and of the workflow. */
  readonly policies: Defaults;
  /** The step as the definition has it. */
  readonly definition: Step;
}

/** Policies that admission keeps; keys are evaluated when the step is scheduled. */
export interface PlanGates {
  readonly concurrency: { readonly key: Expression; readonly limit: number } | null;
  readonly rateLimit: {
    readonly key: Expression;
    readonly limit: number;
    readonly perMs: number;
  } | null;
  readonly circuitBreaker: {
    readonly key: Expression;
    readonly failureThreshold: number;
    readonly resetAfterMs: number;
  } | null;
}

export interface PlanCase {
  readonly port: string;
  readonly when: Expression | null;
  readonly equals: Template | null;
}
export interface PlanCatch {
  readonly errors: CatchClause["errors"] | null;
  readonly slot: string;
}

export interface PlanScope {
  /** Position in Plan.scopes: how state names a scope's plan. */
  readonly index: number;
  /** How the owner calls it (see PlanStep.bodies); `` for the root and `finally` for the root's. */
  readonly slot: string;
  /** What the slot adds to the paths inside: `` for body, `then`, `left`, `catch`, `finally`, ... */
  readonly pathSegment: string;
  readonly owner: PlanStep | null;
  readonly parent: PlanScope | null;
  readonly steps: readonly PlanStep[];
  readonly positions: ReadonlyMap<string, number>;
  /** Positions of steps that no explicit edge leaves. */
  readonly leaves: readonly number[];
  readonly output: Template | null;
  readonly failFast: boolean;
  /** Names that instances of this scope bring in: `line`, `index`, `carry`, `error`, `value`. */
  readonly locals: ReadonlySet<string>;
  /** for_each: the name of the item (`as`). */
  readonly itemName: string | null;
  /** Of a compensation: what it reads of the scopes around its step; null of any other scope. */
  readonly captures: PlanCaptures | null;
  /** Steps enter by step.declared until scope.sealed. */
  readonly dynamic: boolean;
}

/**
 * What must be kept of the scopes around a step for its compensation: they have closed when it
 * runs. Names of locals (`carry` stands for all carried values) and fields by step id, none: all.
 */
export interface PlanCaptures {
  readonly locals: ReadonlySet<string>;
  readonly steps: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Plan {
  /** SHA-256 of the canonical definition (RFC 8785), hex. */
  readonly hash: string;
  readonly definition: WorkflowDefinition;
  readonly scopes: readonly PlanScope[];
  readonly root: PlanScope;
  readonly finally: PlanScope | null;
  readonly output: Template | null;
  readonly vars: Template | null;
  readonly labels: Template | null;
  readonly concurrency: {
    readonly key: Expression;
    readonly limit: number;
    readonly whenFull: "queue" | "reject" | "cancelRunning";
  } | null;
  readonly deadlineMs: number | null;
  /** How long what follows a cancel or a passed deadline may take. */
  readonly cleanupMs: number;
  readonly priority: number;
  /** Steps in all scopes. */
  readonly stepCount: number;
  /** Parts of expressions that were computed with the plan; null: it is not optimised. */
  readonly folded: readonly FoldedPart[] | null;
}
