/**
 * The evaluated `with` of a step. Control steps are checked against their schema here; pure and
 * effect steps by the chain that runs them.
 */
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import { secretText } from "#workflow/expression/secret-text.ts";
import { evaluateOptions, type Guarded, guarded } from "./outcome.ts";
import { readScope } from "./read-scope.ts";
import type { StepInstance } from "./state.ts";
import type { Turn } from "./turn.ts";

/** null: values are missing, see turn.needs. Function fields become callables. */
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
  const secrets = step.secrets.length === 0 ? undefined : secretScope(turn, step.secrets);
  const names = readScope(turn, instance.scope, step.with.reads, secrets);
  if (names === null) return null;
  const config = step.with.evaluate(names, evaluateOptions(turn, instance, "with"));
  if (step.functions.length === 0) return { config };
  const withFunctions: Record<string, unknown> = { ...(config as Record<string, unknown>) };
  for (const { field, expression } of step.functions) {
    const visible = readScope(turn, instance.scope, expression.reads);
    if (visible === null) return null;
    withFunctions[field] = expression.callable(
      visible,
      evaluateOptions(turn, instance, `with.${field}`),
    );
  }
  return { config: withFunctions };
}

/** `secrets`, as far as the step reads it: by name, without values. */
function secretScope(turn: Turn, names: readonly string[]): Readonly<Record<string, unknown>> {
  const { world } = turn;
  const versionOf = (name: string) => world.secretVersion?.(name) ?? null;
  return {
    secrets: Object.fromEntries(names.map((name) => [name, secretText(name, versionOf(name))])),
  };
}
