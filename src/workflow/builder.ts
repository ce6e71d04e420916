/**
 * The TypeScript form of a workflow: a function that describes the steps and gives the same
 * canonical definition as YAML and JSON. It runs once, when the definition is made; what it refers
 * to (`fetch.output.body`) is text for the run.
 *
 *   const flow = workflow("greet", { input: z.object({ name: z.string() }) }, (w) => {
 *     const hello = w.step("hello", "template", { text: `Hello ${w.input.name}` });
 *     return hello.output;
 *   });
 *
 * What a body function returns is its scope's output. The definition is checked where it is used,
 * as every other form is.
 */
import { z } from "zod";
import {
  bareOf,
  type Expr,
  plainOf,
  type Ref,
  ref,
  type Template,
  type ValueOf,
} from "./builder-ref.ts";
import type { Defaults, Step } from "./definition.ts";
import type { TypedNode, TypedWorkflow } from "./typed.ts";

type Fields = Readonly<Record<string, unknown>>;
type Bare = string | Expr;

/** A finished step: what others may read of it. */
export interface StepHandle<Output = unknown> {
  readonly id: string;
  readonly output: Ref<Output>;
  readonly status: Ref<string>;
  readonly error: Ref<{ code: string; message: string; details: unknown }>;
  readonly attempts: Ref<number>;
  /** For `needs`: this step's port. */
  port(name: string): string;
}

type WithKey<Policy> = Policy extends { key: string }
  ? Omit<Policy, "key"> & { readonly key: Bare }
  : Policy extends { key?: string | undefined }
    ? Omit<Policy, "key"> & { readonly key?: Bare }
    : Policy;

type KeyedPolicies = "memo" | "concurrency" | "rateLimit" | "circuitBreaker";

export interface StepOptions extends Omit<Defaults, "onError" | KeyedPolicies> {
  readonly memo?: WithKey<Defaults["memo"]>;
  readonly concurrency?: WithKey<Defaults["concurrency"]>;
  readonly rateLimit?: WithKey<Defaults["rateLimit"]>;
  readonly circuitBreaker?: WithKey<Defaults["circuitBreaker"]>;
  readonly description?: string;
  readonly needs?: readonly (string | Pick<StepHandle, "id">)[];
  readonly if?: Bare;
  readonly triggerRule?: Step["triggerRule"];
  readonly onError?: "continue" | { readonly fallback: unknown };
  /** Inside a saga: what undoes this step. */
  readonly compensate?: Describe<CompensationNames>;
}

/** What a compensation sees of the step that it undoes. */
export interface CompensationNames {
  /** null where the outcome is unknown. */
  readonly output: Ref;
  readonly outcome: Ref<"succeeded" | "unknown">;
  readonly idempotencyKey: Ref<string>;
}

/** Options of steps that own scopes. */
export interface ScopeOptions extends StepOptions {
  readonly failFast?: boolean;
  readonly defaults?: Defaults;
  /** Of `try` and `saga`. */
  readonly cleanupTimeout?: string | number;
}

/** Describes the steps of a scope; what it returns is the scope's output. */
export type Describe<Names = void> = (w: ScopeBuilder, names: Names) => unknown;

/** A body: its steps, or only an output. */
export type BodyForm = Describe | { readonly output?: unknown };

export interface CaseOptions {
  readonly when?: Bare;
  readonly equals?: unknown;
  readonly steps?: Describe;
  /** Instead of what `steps` returns. */
  readonly output?: unknown;
}

export interface CatchOptions {
  readonly errors?: readonly string[];
  readonly steps?: Describe<{ readonly error: Ref<{ code: string; message: string }> }>;
  /** Instead of what `steps` returns. */
  readonly output?: unknown;
}

export interface WorkflowOptions<Input> {
  /** A Zod schema, or a JSON Schema (2020-12). */
  readonly input?: z.ZodType<unknown, Input> | Fields;
  readonly description?: string;
  readonly triggers?: readonly Fields[];
  readonly concurrency?: {
    readonly key: Bare;
    readonly limit: number;
    readonly whenFull?: "queue" | "reject" | "cancelRunning";
  };
  readonly deadline?: string | number;
  readonly cleanupTimeout?: string | number;
  readonly priority?: number;
  readonly labels?: Readonly<Record<string, unknown>>;
  readonly vars?: Fields;
  readonly defaults?: Defaults;
  readonly failFast?: boolean;
  /** Where a drawing has its nodes. */
  readonly layout?: { readonly [node: string]: { readonly x: number; readonly y: number } };
}

/** The canonical definition of a workflow that `describe` builds. */
export function workflow<Input = unknown, Output = unknown>(
  name: string,
  options: WorkflowOptions<Input>,
  describe: (w: WorkflowBuilder<Input>) => Output,
): TypedWorkflow<Input, ValueOf<Output>> {
  const { input, concurrency, ...rest } = options;
  const root = new WorkflowBuilder<Input>();
  const output = describe(root);
  const limit = concurrency && { ...concurrency, key: bareOf(concurrency.key) };
  return plainOf({
    language: 1,
    name,
    ...rest,
    input: input === undefined ? undefined : inputSchema(input),
    concurrency: limit,
    steps: root.steps,
    finally: root.last,
    output,
  }) as TypedWorkflow<Input, ValueOf<Output>>;
}

function inputSchema(input: z.ZodType | Fields): unknown {
  if (!(input instanceof z.ZodType)) return input;
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input" });
  return schema;
}

/** Describes one scope. Steps stand in the order in which they are called. */
export class ScopeBuilder {
  readonly steps: unknown[] = [];

  /** A step of a node type of your own: its `with` and its output are typed by the type's schemas. */
  step<Config, Output>(
    id: string,
    uses: TypedNode<Config, Output>,
    config: Template<Config>,
    options?: StepOptions,
  ): StepHandle<Output>;
  /** A step of any type. `Output` types the references to its output. */
  step<Output = unknown>(
    id: string,
    uses: string,
    config?: Fields | Ref,
    options?: StepOptions,
  ): StepHandle<Output>;
  step(
    id: string,
    uses: string | TypedNode,
    config?: unknown,
    options: StepOptions = {},
  ): StepHandle {
    const type = typeof uses === "string" ? uses : uses.type;
    return this.#add(id, type, config as Fields | undefined, options, {});
  }

  /** One instance for each item. */
  forEach<Item = unknown>(
    id: string,
    config: { readonly items: unknown; readonly as?: string } & Fields,
    describe: Describe<{ readonly item: Ref<Item>; readonly index: Ref<number> }>,
    options: ScopeOptions = {},
  ): StepHandle<{ results: unknown[]; succeeded: number; failed: unknown[] }> {
    const names = { item: ref<Item>(config.as ?? "item"), index: ref<number>("index") };
    return this.#add(id, "for_each", config, options, body(describe, names));
  }

  /** Passes while the condition holds. `describe` returns the next carried values and the output. */
  while<Carry = Record<string, unknown>>(
    id: string,
    config: { readonly condition: Bare; readonly maxIterations: number } & Fields,
    describe: (
      w: ScopeBuilder,
      names: { readonly carry: Ref<Carry>; readonly index: Ref<number> },
    ) => undefined | { readonly update?: Fields; readonly output?: unknown },
    options: ScopeOptions = {},
  ): StepHandle<{ passes: number; carry: Carry; output: unknown }> {
    const inner = new ScopeBuilder();
    const names = { carry: ref<Carry>("carry"), index: ref<number>("index") };
    const { update, output } = describe(inner, names) ?? {};
    const written = { ...config, condition: bareOf(config.condition) };
    return this.#add(id, "while", written, options, { steps: inner.steps, update, output });
  }

  /** Named branches at the same time. */
  parallel<Name extends string>(
    id: string,
    branches: { readonly [Key in Name]: BodyForm },
    config?: { readonly join?: "all" | "any" | "first" },
    options: ScopeOptions = {},
  ): StepHandle<Record<Name, unknown>> {
    const bodies = mapFields<BodyForm>(branches, bodyOf);
    return this.#add(id, "parallel", config, options, { branches: bodies });
  }

  /** Chooses port true or false; `then` and `else` may hold steps. `output` is that of either. */
  if(
    id: string,
    condition: Bare,
    scopes: { readonly then?: Describe; readonly else?: Describe; readonly output?: unknown } = {},
    options: ScopeOptions = {},
  ): StepHandle {
    const list = (describe: Describe | undefined) => describe && body(describe, undefined).steps;
    return this.#add(id, "if", { condition: bareOf(condition) }, options, {
      // biome-ignore lint/suspicious/noThenProperty: `then` is the language's word for the branch of an if
      then: list(scopes.then),
      else: list(scopes.else),
      output: scopes.output,
    });
  }

  /** Chooses the first case that fits, else `default`. A case without steps is a bare port. */
  switch(
    id: string,
    value: unknown,
    cases: { readonly [port: string]: CaseOptions },
    fallback?: BodyForm,
    options: ScopeOptions = {},
  ): StepHandle {
    const built = mapFields<CaseOptions>(cases, ({ when, equals, steps, output }) => ({
      when: when === undefined ? undefined : bareOf(when),
      equals,
      ...optionalBody(steps, undefined, output),
    }));
    const last = fallback && bodyOf(fallback);
    return this.#add(id, "switch", { value }, options, { cases: built, default: last });
  }

  /** A block whose failure is caught; `finally` runs last. */
  try(
    id: string,
    describe: Describe,
    handlers: { readonly catch?: readonly CatchOptions[]; readonly finally?: Describe } = {},
    options: ScopeOptions = {},
  ): StepHandle {
    const names = { error: ref<{ code: string; message: string }>("error") };
    const clauses = handlers.catch?.map(({ errors, steps, output }) => ({
      errors,
      ...optionalBody(steps, names, output),
    }));
    return this.#add(id, "try", undefined, options, {
      ...body(describe, undefined),
      catch: clauses,
      finally: handlers.finally && body(handlers.finally, undefined).steps,
    });
  }

  /** Steps that are undone, last one first, when they fail or are cancelled: see `compensate`. */
  saga(id: string, describe: Describe, options: ScopeOptions = {}): StepHandle {
    return this.#add(id, "saga", undefined, options, body(describe, undefined));
  }

  #add<Output>(
    id: string,
    uses: string,
    config: Fields | Ref | undefined,
    options: ScopeOptions,
    scopes: Fields,
  ): StepHandle<Output> {
    const { needs, if: condition, compensate, ...rest } = options;
    this.steps.push(
      plainOf({
        id,
        uses,
        with: config,
        needs: needs?.map((need) => (typeof need === "string" ? need : quoted(need.id))),
        if: condition === undefined ? undefined : bareOf(condition),
        ...policiesOf(rest),
        ...scopes,
        compensate: compensate && body(compensate, COMPENSATION).steps,
      }),
    );
    return handleOf(id);
  }
}

const COMPENSATION: CompensationNames = {
  output: ref("output"),
  outcome: ref("outcome"),
  idempotencyKey: ref("idempotencyKey"),
};

/** The root scope: knows the input and takes the steps of `finally`. */
export class WorkflowBuilder<Input> extends ScopeBuilder {
  readonly input: Ref<Input> = ref("input");
  readonly vars: Ref = ref("vars");
  readonly run: Ref<{ id: string; status: string; startedAt: string; now: string }> = ref("run");
  last: unknown[] | undefined;

  /** Steps that run when all others have settled, whatever became of them. */
  finally(describe: Describe): void {
    this.last = body(describe, undefined).steps;
  }
}

function policiesOf(options: Omit<ScopeOptions, "needs" | "if" | "compensate">): Fields {
  const fields: Record<string, unknown> = { ...options };
  for (const name of ["memo", "concurrency", "rateLimit", "circuitBreaker"] as const) {
    const policy = options[name];
    if (policy?.key !== undefined) fields[name] = { ...policy, key: bareOf(policy.key) };
  }
  return fields;
}

function body<Names>(
  describe: Describe<Names>,
  names: Names,
): { readonly steps: unknown[]; readonly output: unknown } {
  const inner = new ScopeBuilder();
  const output = describe(inner, names);
  return { steps: inner.steps, output };
}

function bodyOf(form: BodyForm): Fields {
  return typeof form === "function" ? body(form, undefined) : { output: form.output };
}

/** A body that may have an output without steps. */
function optionalBody<Names>(
  describe: Describe<Names> | undefined,
  names: Names,
  output: unknown,
): Fields {
  if (describe === undefined) return { output };
  const described = body(describe, names);
  return output === undefined ? described : { ...described, output };
}

function mapFields<From, To = unknown>(
  fields: { readonly [name: string]: From },
  change: (field: From) => To,
): { readonly [name: string]: To } {
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, change(one)]));
}

function handleOf<Output>(id: string): StepHandle<Output> {
  const steps = ref<Record<string, unknown>>("steps") as unknown as Readonly<Record<string, Ref>>;
  const self = steps[id] as unknown as Omit<StepHandle<Output>, "id" | "port">;
  return {
    id,
    output: self.output,
    status: self.status,
    error: self.error,
    attempts: self.attempts,
    port: (name) => `${quoted(id)}.${name}`,
  };
}

/** How `needs` writes an id. */
function quoted(id: string): string {
  return /^[A-Za-z_]\w*$/.test(id) ? id : `[${JSON.stringify(id)}]`;
}
