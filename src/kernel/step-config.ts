/**
 * The evaluated `with` of a step. Control steps are checked against their schema here; pure and
 * effect steps by the chain that runs them.
 */
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import type { Scope } from "#workflow/expression/expression.ts";
import { type SecretName, secretText } from "#workflow/expression/secret-text.ts";
import { FarConfig } from "./far-config.ts";
import { evaluateOptions, type Guarded, guarded } from "./outcome.ts";
import { readPacked, readScope, readValue } from "./read-scope.ts";
import type { StepInstance } from "./state.ts";
import type { Turn } from "./turn.ts";

/**
 * null: values are missing, see turn.needs. Function fields become callables. Of a pure step that
 * reads a packed value the answer is a FarConfig.
 */
export function evaluateConfig(turn: Turn, instance: StepInstance): Guarded<unknown> | null {
  const config = guarded(() => evaluate(turn, instance));
  if (!config.ok) return config;
  if (config.value === null) return null;
  const control = CONTROL_STEPS.get(instance.step.kind);
  if (control === undefined) return { ok: true, value: config.value.config };
  const parsed = control.config.safeParse(config.value.config ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const field = issue === undefined ? "" : issue.path.join(".");
  return {
    ok: false,
    error: {
      code: "config_invalid",
      message: `"${instance.path}" (${instance.step.uses}): with${field === "" ? "" : `.${field}`}: ${issue?.message ?? "does not fit"}`,
      retryable: false,
    },
  };
}

function evaluate(turn: Turn, instance: StepInstance): { readonly config: unknown } | null {
  const { step } = instance;
  if (step.kind !== "pure") return evaluateHere(turn, instance, readValue);
  const { packed } = turn;
  const config = evaluateHere(turn, instance, readPacked);
  if (turn.packed === packed || turn.world.computesFar?.(step.uses) === true) return config;
  return evaluateHere(turn, instance, readValue);
}

type Read = typeof readValue;

function evaluateHere(
  turn: Turn,
  instance: StepInstance,
  read: Read,
): { readonly config: unknown } | null {
  const { step } = instance;
  const { packed } = turn;
  const secrets = step.secrets.length === 0 ? undefined : secretScope(turn, step.secrets);
  const names = readScope(turn, instance.scope, step.with.reads, secrets, read);
  if (names === null) return null;
  const scopes: Scope[] | null = step.functions.length === 0 ? null : [];
  for (const { expression } of step.functions) {
    const visible = readScope(turn, instance.scope, expression.reads, undefined, read);
    if (visible === null) return null;
    scopes?.push(visible);
  }
  if (turn.packed > packed) return { config: farConfig(turn, instance, names, scopes ?? []) };
  const config = step.with.evaluate(names, evaluateOptions(turn, instance, "with"));
  return { config: scopes === null ? config : withFunctions(turn, instance, config, scopes) };
}

/** `config` with its function fields as callables, each of which sees its scope. */
function withFunctions(
  turn: Turn,
  instance: StepInstance,
  config: unknown,
  scopes: readonly Scope[],
): Record<string, unknown> {
  const whole: Record<string, unknown> = { ...(config as Record<string, unknown>) };
  for (const [at, { field, expression }] of instance.step.functions.entries())
    whole[field] = expression.callable(
      scopes[at] ?? {},
      evaluateOptions(turn, instance, `with.${field}`),
    );
  return whole;
}

function farConfig(
  turn: Turn,
  instance: StepInstance,
  names: Scope,
  scopes: readonly Scope[],
): FarConfig {
  const { functions, definition } = instance.step;
  const seedOf = (what: string) => evaluateOptions(turn, instance, what).seed;
  const written = definition.with ?? {};
  const fields = new Set(functions.map(({ field }) => field));
  const template =
    fields.size === 0
      ? written
      : Object.fromEntries(Object.entries(written).filter(([field]) => !fields.has(field)));
  return new FarConfig({
    template,
    seed: seedOf("with"),
    names,
    functions: functions.map(({ field, expression }, at) => ({
      ...{ field, source: expression.source, names: scopes[at] ?? {} },
      seed: seedOf(`with.${field}`),
    })),
  });
}

/** `secrets`, as far as the step reads it: by name, without values. */
function secretScope(turn: Turn, names: readonly string[]): Readonly<Record<string, unknown>> {
  const { world } = turn;
  const versionOf = (name: string) => world.secretVersion?.(name) ?? null;
  return {
    secrets: Object.fromEntries(names.map((name) => [name, secretText(name, versionOf(name))])),
  };
}

/** Names and versions of the secrets of connections that `config` names in `fields`; null: none. */
export function connectionSecrets(
  { world }: Turn,
  fields: ReadonlySet<string>,
  config: unknown,
): readonly SecretName[] | null {
  const found: SecretName[] = [];
  for (const field of fields) {
    const name = (config as Readonly<Record<string, unknown>> | null)?.[field];
    if (typeof name === "string") found.push(...(world.connectionSecrets?.(name) ?? []));
  }
  return found.length === 0 ? null : found;
}
