/** Labels of a run that has begun: set and taken away together, journaled with who and why. */
import type { Input } from "./inputs.ts";
import { emit, type Turn } from "./turn.ts";

type LabelInput = Extract<Input, { readonly kind: "label" }>;

/** Changes nothing where the labels stay what they are. */
export function decideLabel(turn: Turn, input: LabelInput): void {
  const { state } = turn;
  const { set, remove, labelsMax, by, reason } = input;
  const kept = Object.entries(state.labels).filter(([name]) => !remove.includes(name));
  const labels: Record<string, string> = Object.fromEntries([...kept, ...Object.entries(set)]);
  const count = Object.keys(labels).length;
  if (count > labelsMax) {
    turn.refusal = {
      code: "input_invalid",
      message: `Run ${state.runId} would have ${count} labels; at most ${labelsMax} are allowed (labelsMax): remove some.`,
    };
    return;
  }
  turn.applied = !isSame(state.labels, labels);
  if (turn.applied)
    emit(turn, { type: "run.labelled", labels, by, ...(reason === null ? {} : { reason }) });
}

function isSame(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(after);
  return (
    names.length === Object.keys(before).length &&
    names.every((name) => Object.hasOwn(before, name) && before[name] === after[name])
  );
}
