/** Attempts that admission lets start: what it had to say of them, and their start. */
import type { SecretName } from "#workflow/expression/secret-text.ts";
import { secretNamesIn } from "#workflow/expression/secret-uses.ts";
import type { Input } from "./inputs.ts";
import type { Live } from "./state.ts";
import { timeoutOf } from "./time-limits.ts";
import { emit, type Turn } from "./turn.ts";

/** Starts the attempts at `paths`; those that no longer wait for it are passed over. */
export function admit(
  turn: Turn,
  { paths, grants }: Extract<Input, { readonly kind: "admit" }>,
): void {
  if (turn.state.pausedAtMs !== null) return;
  for (const path of paths) {
    const instance = turn.state.steps.get(path);
    if (instance?.status !== "scheduled") continue;
    const { attempt, live } = instance;
    const grant = grants?.find((candidate) => candidate.path === path);
    if (grant !== undefined) emit(turn, { type: "slot.granted", ...grant, attempt });
    const rotated =
      live === null || (live.secrets === null && live.lent === null) ? null : rotatedOf(turn, live);
    if (instance.step.timeoutMs === null && rotated === null)
      emit(turn, { type: "step.started", path, attempt });
    else
      emit(turn, {
        ...{ type: "step.started", path, attempt },
        ...(instance.step.timeoutMs === null ? {} : timeoutOf(turn, instance)),
        ...(rotated === null ? {} : { secrets: rotated }),
      });
  }
}

/** Secrets that have another version than when the step was scheduled, as far as the host knows; null: none. */
function rotatedOf({ world }: Turn, { secrets, lent }: Live): readonly SecretName[] | null {
  const rotated: SecretName[] = [];
  const named = secrets === null ? [] : secretNamesIn(secrets);
  for (const { secret, version: scheduled } of [...named, ...(lent ?? [])]) {
    const version = world.secretVersion?.(secret) ?? null;
    const isKnown = version === null || rotated.some((one) => one.secret === secret);
    if (!isKnown && version !== scheduled) rotated.push({ secret, version });
  }
  return rotated.length === 0 ? null : rotated;
}
