/**
 * The canonical form of a workflow: plain JSON that YAML, JSON, the TypeScript builder and the
 * graph all become, described by these Zod schemas (the JSON Schema for editors is made from them).
 *
 * Durations are text (`500ms`, `30s`, `2m`, `6h`, `3d`, `1w`) or integer milliseconds.
 * A *bare expression* is a string in the expression language, not wrapped in `${{ }}`.
 * A *template* is any JSON value in which strings may hold `${{ }}`.
 */
import { z } from "zod";
import { Duration } from "./duration.ts";
import { Trigger } from "./trigger-definition.ts";

export const WORKFLOW_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

const Template = z.json();
const Bare = z.string().min(1);

export const RetryPolicy = z.strictObject({
  /** Attempts in all, the first included. */
  attempts: z.int().min(1).max(1000),
  backoff: z.enum(["constant", "linear", "exponential"]).optional(),
  initial: Duration.optional(),
  factor: z.number().min(1).max(100).optional(),
  max: Duration.optional(),
  jitter: z.enum(["none", "full"]).optional(),
  /** Error codes worth another attempt (`http.5xx`, `timeout`, `*`); default: every retryable error. */
  errors: z.array(z.string()).optional(),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

export const OnError = z.union([z.literal("continue"), z.strictObject({ fallback: Template })]);
export const TriggerRule = z.enum(["all_success", "none_failed", "any_success", "all_done"]);
export type TriggerRule = z.infer<typeof TriggerRule>;

const policies = {
  retry: RetryPolicy.optional(),
  timeout: Duration.optional(),
  heartbeatTimeout: Duration.optional(),
  deadline: Duration.optional(),
  onError: OnError.optional(),
  memo: z
    .strictObject({
      /** What the result depends on, instead of all of the evaluated `with`; null: not remembered. */
      key: Bare.optional(),
      ttl: Duration.optional(),
      scope: z.enum(["run", "workflow", "tenant"]).optional(),
    })
    .optional(),
  concurrency: z.strictObject({ key: Bare, limit: z.int().min(1) }).optional(),
  rateLimit: z.strictObject({ key: Bare, limit: z.int().min(1), per: Duration }).optional(),
  circuitBreaker: z
    .strictObject({ key: Bare, failureThreshold: z.int().min(1), resetAfter: Duration })
    .optional(),
  priority: z.int().min(0).max(10).optional(),
  effect: z.enum(["guarded"]).optional(),
  reconcile: Bare.optional(),
  cost: z.enum(["low", "high"]).optional(),
  /** Order of the links around its attempts, the outermost first, instead of the host's. */
  middleware: z.array(z.string().min(1).max(64)).max(32).optional(),
};

/** Policies for every step below, unless the step says otherwise. */
export const Defaults = z.strictObject(policies);
export type Defaults = z.infer<typeof Defaults>;

/**
 * One step. Which scope fields (`steps`, `then`, `cases`, ...) a step may have is decided by its
 * `uses`: see control-steps.ts. The validator refuses the others.
 */
export interface Step extends Defaults {
  readonly id: string;
  readonly uses: string;
  readonly description?: string | undefined;
  readonly with?: unknown;
  readonly needs?: readonly string[] | undefined;
  readonly if?: string | undefined;
  readonly triggerRule?: TriggerRule | undefined;
  /** Inner steps of `for_each`, `while`, `try` and `saga`. */
  readonly steps?: readonly Step[] | undefined;
  /** Of `if`. */
  readonly then?: readonly Step[] | undefined;
  readonly else?: readonly Step[] | undefined;
  /** Of `switch`: by port name. */
  readonly cases?: { readonly [port: string]: SwitchCase } | undefined;
  readonly default?: Body | undefined;
  /** Of `parallel`: by branch name. */
  readonly branches?: { readonly [name: string]: Body } | undefined;
  /** Of `try`. */
  readonly catch?: readonly CatchClause[] | undefined;
  readonly finally?: readonly Step[] | undefined;
  /** Of `while`: the next value of each carried name, evaluated at the end of a pass. */
  readonly update?: { readonly [name: string]: unknown } | undefined;
  /** A template, evaluated in each instance of the scope. */
  readonly output?: unknown;
  readonly failFast?: boolean | undefined;
  readonly defaults?: Defaults | undefined;
  /** Inside a `saga`: what undoes this step. Sees `output`, `outcome` and `idempotencyKey`. */
  readonly compensate?: readonly Step[] | undefined;
  /** Of `saga` and `try`: how long compensations or `finally` may take once they begin. */
  readonly cleanupTimeout?: Duration | undefined;
}

/** A DAG with its own output. */
export interface Body {
  readonly steps?: readonly Step[] | undefined;
  readonly output?: unknown;
}
/** Chosen when `when` (bare, sees `value`) is true, or when the value equals `equals` (default: the case's name). */
export interface SwitchCase extends Body {
  readonly when?: string | undefined;
  readonly equals?: unknown;
}
/** Chosen when one of `errors` matches (default: all). Sees `error`. */
export interface CatchClause extends Body {
  readonly errors?: readonly string[] | undefined;
}

const Steps: z.ZodType<readonly Step[]> = z.array(z.lazy(() => Step));
const body = { steps: Steps.optional(), output: Template.optional() };
export const Step: z.ZodType<Step> = z.strictObject({
  id: z.string().min(1).max(200),
  uses: z.string().min(1),
  description: z.string().optional(),
  with: Template.optional(),
  needs: z.array(z.string()).optional(),
  if: Bare.optional(),
  triggerRule: TriggerRule.optional(),
  ...policies,
  steps: Steps.optional(),
  // biome-ignore lint/suspicious/noThenProperty: `then` is the language's word for the branch of an if
  then: Steps.optional(),
  else: Steps.optional(),
  cases: z
    .record(
      z.string(),
      z.strictObject({ when: Bare.optional(), equals: Template.optional(), ...body }),
    )
    .optional(),
  default: z.strictObject(body).optional(),
  branches: z.record(z.string(), z.strictObject(body)).optional(),
  catch: z.array(z.strictObject({ errors: z.array(z.string()).optional(), ...body })).optional(),
  finally: Steps.optional(),
  update: z.record(z.string(), Template).optional(),
  output: Template.optional(),
  failFast: z.boolean().optional(),
  defaults: Defaults.optional(),
  compensate: Steps.optional(),
  cleanupTimeout: Duration.optional(),
});

export const WorkflowDefinition = z.strictObject({
  language: z.literal(1),
  name: z.string().regex(WORKFLOW_NAME),
  description: z.string().optional(),
  /** JSON Schema 2020-12. */
  input: z.record(z.string(), z.json()).optional(),
  /** What starts runs by itself: schedules, events, webhooks. */
  triggers: z.array(Trigger).max(100).optional(),
  concurrency: z
    .strictObject({
      key: Bare,
      limit: z.int().min(1),
      whenFull: z.enum(["queue", "reject", "cancelRunning"]).optional(),
    })
    .optional(),
  deadline: Duration.optional(),
  /** How long `finally` and compensations may take once the run was cancelled or its deadline passed; default 10m. */
  cleanupTimeout: Duration.optional(),
  priority: z.int().min(0).max(10).optional(),
  /** Templates over `input`; text when evaluated. */
  labels: z.record(z.string(), z.string()).optional(),
  /** Templates over `input`, evaluated once when the run starts; read as `vars.<name>`. */
  vars: z.record(z.string(), Template).optional(),
  defaults: Defaults.optional(),
  failFast: z.boolean().optional(),
  steps: Steps,
  finally: Steps.optional(),
  output: Template.optional(),
  /** Where a drawing has its nodes, by path of the step: kept for editors, nothing else reads it. */
  layout: z.record(z.string(), z.strictObject({ x: z.number(), y: z.number() })).optional(),
});
export type WorkflowDefinition = z.infer<typeof WorkflowDefinition>;
