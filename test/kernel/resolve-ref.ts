/**
 * From references to values, given single fields of events: the values of a run on the bare kernel,
 * and the model that the engine's loader is held to.
 */
import type { StepError } from "#errors/step-error.ts";
import { NOT_LOADED, VALUE_LOST, type ValueRef } from "#kernel/value-ref.ts";

/** Field `field` of event `seq` as it was put or journaled, NOT_LOADED or VALUE_LOST. */
export type FieldLookup = (seq: number, field: string) => unknown;

/**
 * The value behind `ref`, NOT_LOADED or VALUE_LOST. `missing` collects the (seq, field) pairs that
 * were not loaded; loading them and asking again makes progress each time.
 */
export function resolveRef(
  ref: ValueRef,
  lookup: FieldLookup,
  missing: { readonly seq: number; readonly field: string }[] = [],
): unknown {
  if ("v" in ref) return ref.v;
  if ("each" in ref) return resolveEach(ref, lookup, missing);
  const whole = look(ref.at, ref.f, lookup, missing);
  if (ref.i === undefined || whole === NOT_LOADED || whole === VALUE_LOST) return whole;
  const element = (whole as readonly unknown[])[ref.i];
  return element === undefined ? null : element;
}

function look(
  seq: number,
  field: string,
  lookup: FieldLookup,
  missing: { readonly seq: number; readonly field: string }[],
): unknown {
  const value = lookup(seq, field);
  if (value === NOT_LOADED) missing.push({ seq, field });
  return value;
}

function resolveEach(
  ref: Extract<ValueRef, { readonly each: readonly number[] }>,
  lookup: FieldLookup,
  missing: { readonly seq: number; readonly field: string }[],
): unknown {
  const results: unknown[] = [];
  const failed: { readonly index: number; readonly error: StepError }[] = [];
  let worst: symbol | null = null;
  for (const seq of ref.each) {
    const chunk = look(seq, "results", lookup, missing);
    const failures = look(seq, "failed", lookup, missing);
    if (typeof chunk === "symbol" || typeof failures === "symbol") {
      worst = chunk === VALUE_LOST || failures === VALUE_LOST ? VALUE_LOST : (worst ?? NOT_LOADED);
      continue;
    }
    failed.push(...((failures ?? []) as typeof failed));
    for (const item of (chunk ?? []) as readonly ValueRef[]) {
      const value = resolveRef(item, lookup, missing);
      if (value === VALUE_LOST || value === NOT_LOADED)
        worst = value === VALUE_LOST ? VALUE_LOST : (worst ?? NOT_LOADED);
      results.push(value);
    }
  }
  return worst ?? { results, succeeded: ref.succeeded, failed };
}

/**
 * What a reference names inside its event: field `f` (`carry.<name>` for one carried value), or
 * element `i` of it. undefined where the event has no such field.
 */
export function valueInEvent(
  event: Readonly<Record<string, unknown>>,
  ref: { readonly f: string; readonly i?: number },
): unknown {
  const dot = ref.f.indexOf(".");
  const whole =
    dot < 0
      ? event[ref.f]
      : (event[ref.f.slice(0, dot)] as Readonly<Record<string, unknown>> | undefined)?.[
          ref.f.slice(dot + 1)
        ];
  return ref.i === undefined ? whole : (whole as readonly unknown[] | undefined)?.[ref.i];
}
