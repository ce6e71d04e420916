/**
 * Values go from step to step by reference and are never copied, so whoever changed one would change
 * it for every other step, and let the run in memory differ from its journal. Built-in node types
 * change nothing they are handed (a test holds each of them to it); code of others is handed values
 * that cannot be changed.
 *
 *   F1. What frozen() answers, and all that it holds, stays as it is: strict code that changes it
 *       gets a TypeError, which frozenFix() explains.
 *   F2. A value is frozen once: a value within that is frozen already is not looked at again.
 *   F3. Functions, and instances of classes that a schema has made, are nobody else's: they stay.
 */
import type { NodeDefinition } from "./define-node.ts";

export function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || !isPlain(value)) return value;
  // A schema may have frozen the outermost, and nothing else (`z.readonly`).
  freezeInner(Object.freeze(value));
  return value;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || !isPlain(value))
    return;
  freezeInner(Object.freeze(value));
}

function freezeInner(value: object): void {
  if (Array.isArray(value)) for (const item of value) freeze(item);
  else for (const key in value) freeze((value as Readonly<Record<string, unknown>>)[key]);
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A user's node type: its code is handed what it cannot change. */
export function handedFrozen(definition: NodeDefinition): NodeDefinition {
  const { runPure, runEffect, operation } = definition;
  return {
    ...definition,
    runPure: runPure === null ? null : (config) => runPure(frozen(config)),
    runEffect:
      runEffect === null
        ? null
        : (config, context) => {
            frozen(context.lastHeartbeat);
            return runEffect(frozen(config), context);
          },
    operation: operation === null ? null : (config) => operation(frozen(config)),
  };
}

const CHANGES_FROZEN =
  /^Cannot (assign to read only property|add property|delete property|(re)?define property)/;

/** What to do about an error that a change of a frozen value has thrown; null: it is another one. */
export function frozenFix(error: unknown): string | null {
  if (!(error instanceof TypeError) || !CHANGES_FROZEN.test(error.message)) return null;
  return `${error.message}: what a step is handed is shared with other steps and cannot be changed; work on a copy, structuredClone(value).`;
}
