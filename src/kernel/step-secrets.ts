/** What the journal says of the secrets of a step: names and versions, never a value. */
import type { SecretName } from "#workflow/expression/secret-text.ts";
import type { SecretUse } from "#workflow/expression/secret-uses.ts";

/** As they were known when the step was scheduled; what has changed since then, step.started says. */
export interface StepSecrets {
  /** Which texts of `input` hold secrets: `input` itself shows `[secret NAME]` there. */
  readonly secrets?: readonly SecretUse[];
  /** The secrets of the connection that `input` names; nothing of them stands in it. */
  readonly connectionSecrets?: readonly SecretName[];
}
