/** The configuration of a stream's step: it was checked, with its defaults, when the step was added. */
import type { StreamStep } from "../pure/stream-value.ts";

/** `functions` stand in its function fields. */
export function stepConfig<Config>(
  step: StreamStep,
  functions: Readonly<Record<string, unknown>> = {},
): Config {
  return { ...step.with, ...functions } as Config;
}
