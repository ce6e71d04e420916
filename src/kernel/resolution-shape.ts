/** An operator's decision about a step that has not settled yet, as the state keeps it (plain data). */
import type { EventOf } from "./events.ts";
import { refOf, type ValueRef } from "./value-ref.ts";

export interface Resolution {
  readonly action: "skip" | "complete" | "fail";
  readonly by: string;
  readonly reason: string | null;
  readonly output: ValueRef;
  readonly port: string | null;
  readonly message: string | null;
}

type Resolutions = Readonly<Record<string, Resolution>> | null;

/** `resolutions` with what event `seq` decided; a retry leaves nothing to remember. */
export function withResolution(
  resolutions: Resolutions,
  event: EventOf<"step.resolved">,
  seq: number,
): Resolutions {
  const { action, by, reason = null, port = null, message = null } = event;
  if (action === "retry") return resolutions;
  const output = refOf(event.output, seq, "output");
  return { ...resolutions, [event.path]: { action, by, reason, output, port, message } };
}

/** `resolutions` without those about `path`; null once nothing is left. */
export function withoutResolution(resolutions: Resolutions, path: string): Resolutions {
  if (resolutions === null || !Object.hasOwn(resolutions, path)) return resolutions;
  const { [path]: _settled, ...rest } = resolutions;
  return Object.keys(rest).length === 0 ? null : rest;
}

/** Ids of decisions stand beside those of signals, which are the callers' to choose. */
export function resolutionId(id: string): string {
  return `resolve\u0000${id}`;
}
