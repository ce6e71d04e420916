/**
 * Values go from step to step by reference and are never copied, so whoever changed one would change
 * it for every other step, and let the run in memory differ from its journal. Built-in node types
 * change nothing they are handed, and hold nothing that they have answered (a test holds each of
 * them to it); code of others is handed values that cannot be changed, and what it answers becomes
 * such a value.
 *
 *   F1. What frozen() and heldStill() answer, and all that it holds, stays as it is: strict code that
 *       changes it gets a TypeError, which frozenFix() explains.
 *   F2. A value of the engine's is frozen to its end or nowhere. So frozen() does not look again at
 *       what is frozen already, and is asked before a schema of others sees the value (`z.readonly`
 *       freezes the outermost alone).
 *   F3. Functions, and instances of classes that a schema has made, are nobody else's: they stay.
 *   F4. What others have made may be frozen in part. heldStill() looks at all of it, and copies what
 *       no freeze holds still: getters, and proxies that refuse.
 */
import type { Json } from "#workflow/json.ts";
import type { NodeContext, NodeDefinition } from "./define-node.ts";

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

/**
 * `value`, which somebody else has made and may still hold, as it will stay. It must be plain JSON,
 * so that it ends.
 */
export function heldStill(value: Json): Json {
  return isHeldStill(value) ? value : (JSON.parse(JSON.stringify(value)) as Json);
}

function isHeldStill(value: Json): boolean {
  try {
    return hold(value);
  } catch {
    // A proxy that refuses to be frozen.
    return false;
  }
}

/** False: something in it is computed whenever it is read. */
function hold(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  Object.freeze(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) if (!hold(value[index])) return false;
    return true;
  }
  for (const key of Object.keys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined || !("value" in property) || !hold(property.value)) return false;
  }
  return true;
}

/** What a middleware can reach of an attempt, its context's raw configuration too. */
export function frozenContext(context: NodeContext & { readonly config?: unknown }): void {
  frozen(context.lastHeartbeat);
  frozen(context.config);
}

/** A user's node type: its code is handed what it cannot change. */
export function handedFrozen(definition: NodeDefinition): NodeDefinition {
  const { runPure, runEffect, operation } = definition;
  return {
    ...definition,
    isUsers: true,
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
  return `${error.message}: what a step is handed, and what it has answered, is shared with other steps and cannot be changed; work on a copy, structuredClone(value).`;
}
