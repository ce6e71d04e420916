/**
 * A step's functions while its stream is read: made anew for every batch, so that the fuel of one
 * evaluation bounds a batch and not the whole stream, and `uuid()` differs between batches.
 */
import { compileExpression } from "#workflow/expression/compile.ts";
import type { Expression } from "#workflow/expression/expression.ts";
import type { StreamFunction } from "../pure/stream-value.ts";

type Callable = (...args: readonly unknown[]) => unknown;

export interface BatchFunctions {
  readonly callables: Readonly<Record<string, Callable>>;
  /** Before each batch: `first` is the index of its first record; added to indexes where `isShifted`. */
  renew(first: number): void;
}

export function batchFunctions(
  functions: Readonly<Record<string, StreamFunction>>,
  { isShifted }: { readonly isShifted: boolean },
): BatchFunctions {
  const made = Object.entries(functions).map(([name, written]) => {
    return { name, written, expression: compileExpression(written.source), current: unmade };
  });
  let shift = 0;
  const callables: Record<string, Callable> = {};
  for (const one of made)
    callables[one.name] = (item, place, ...more) =>
      one.current(item, typeof place === "number" ? place + shift : place, ...more);
  return {
    callables,
    renew(first) {
      if (isShifted) shift = first;
      for (const one of made) one.current = callableOf(one.expression, one.written, first);
    },
  };
}

function callableOf(expression: Expression, written: StreamFunction, first: number): Callable {
  const { scope, seed } = written;
  return expression.callable(scope, seed === null ? {} : { seed: `${seed}@${first}` });
}

const unmade: Callable = () => {
  throw new Error("the functions of a batch are made before it");
};
