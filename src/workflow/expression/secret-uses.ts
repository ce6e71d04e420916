/**
 * Between a configuration as it was evaluated, with secrets in its texts, and as it is journaled
 * and used.
 *
 *   Y1. In the journal a text shows `[secret NAME]` in place of each secret; which texts mean it
 *       stands beside the configuration (SecretUse), never in it: no user data can look like one.
 *   Y2. resolveSecretTexts() gives exactly what evaluating with the values would have given.
 */
import { FUNCTIONS } from "./functions.ts";
import { withMachine } from "./run.ts";
import { DEFERRED_FUNCTIONS, type SecretName, type SecretPart, SecretText } from "./secret-text.ts";
import { setOwn, valueError } from "./value.ts";

/**
 * One text of a configuration that holds secrets: where it stands, and what it is made of in order;
 * a number stands for that many characters of the text as it is shown.
 */
export interface SecretUse {
  readonly at: readonly (string | number)[];
  readonly parts: readonly (number | Exclude<SecretPart, string>)[];
}

/** The secrets of a configuration in order, each once. */
export function secretNamesIn(uses: readonly SecretUse[]): readonly SecretName[] {
  return namesInParts(uses.flatMap(({ parts }) => parts));
}

function namesInParts(parts: readonly (number | SecretPart)[]): readonly SecretName[] {
  const names = new Map<string, SecretName>();
  const visit = (part: number | SecretPart): void => {
    if (typeof part === "string" || typeof part === "number") return;
    if ("secret" in part) names.set(part.secret, part);
    else part.args.flat().forEach(visit);
  };
  parts.forEach(visit);
  return [...names.values()];
}

/** How a text with secrets is shown. */
export function shownSecretText(parts: readonly SecretPart[]): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      if ("secret" in part) return `[secret ${part.secret}]`;
      return `${part.call}(${part.args.map(shownSecretText).join(", ")})`;
    })
    .join("");
}

/** An evaluated value as it is journaled, with what its texts stand for. */
export function extractSecretTexts(value: unknown): {
  readonly shown: unknown;
  readonly uses: readonly SecretUse[];
} {
  const uses: SecretUse[] = [];
  const visit = (item: unknown, at: readonly (string | number)[]): unknown => {
    if (typeof item !== "object" || item === null) return item;
    if (item instanceof SecretText) {
      const parts = SecretText.partsOf(item);
      uses.push({
        at,
        parts: parts.map((part) => (typeof part === "string" ? part.length : part)),
      });
      return shownSecretText(parts);
    }
    if (Array.isArray(item)) return mapList(item, (child, index) => visit(child, [...at, index]));
    return mapObject(item, (child, key) => visit(child, [...at, key]));
  };
  return { shown: visit(value, []), uses };
}

export interface SecretSource {
  /** The value of a secret. */
  secret(name: string): string;
  /** Is told what a function made of secrets: that is a secret as well. */
  made(names: readonly string[], text: string): void;
}

/**
 * The configuration with the texts that were meant. Shares with `shown` what does not change.
 * Throws ExpressionError where a deferred call refuses its arguments.
 */
export function resolveSecretTexts(
  shown: unknown,
  uses: readonly SecretUse[],
  source: SecretSource,
): unknown {
  let whole = shown;
  for (const use of uses)
    whole = replaced(whole, use.at, (text) => textOfParts(written(use, text), source));
  return whole;
}

/** The parts of a text, given how it is shown. */
function written({ parts }: SecretUse, shown: unknown): readonly SecretPart[] {
  const text = String(shown);
  let from = 0;
  return parts.map((part) => {
    const begin = from;
    from += typeof part === "number" ? part : shownSecretText([part]).length;
    return typeof part === "number" ? text.slice(begin, from) : part;
  });
}

function textOfParts(parts: readonly SecretPart[], source: SecretSource): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      if ("secret" in part) return source.secret(part.secret);
      const call = DEFERRED_FUNCTIONS.has(part.call) ? FUNCTIONS.get(part.call) : undefined;
      if (call === undefined) throw valueError(`there is no function ${part.call}() of secrets`);
      const args = part.args.map((arg) => textOfParts(arg, source));
      const text = String(withMachine({}, undefined, () => call(args)));
      source.made(
        namesInParts([part]).map(({ secret }) => secret),
        text,
      );
      return text;
    })
    .join("");
}

function replaced(
  value: unknown,
  at: readonly (string | number)[],
  change: (text: unknown) => string,
): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return change(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return value.with(Number(key), replaced(value[Number(key)], rest, change));
  const copy = { ...(value as Record<string, unknown>) };
  setOwn(copy, String(key), replaced(copy[String(key)], rest, change));
  return copy;
}

function mapList(list: readonly unknown[], map: (item: unknown, index: number) => unknown) {
  let copy: unknown[] | null = null;
  for (const [index, item] of list.entries()) {
    const made = map(item, index);
    if (made !== item) copy ??= [...list];
    if (copy !== null) copy[index] = made;
  }
  return copy ?? list;
}

function mapObject(source: object, map: (item: unknown, key: string) => unknown): object {
  let copy: Record<string, unknown> | null = null;
  for (const [key, item] of Object.entries(source)) {
    const made = map(item, key);
    if (made !== item) copy ??= { ...source } as Record<string, unknown>;
    if (copy !== null) setOwn(copy, key, made);
  }
  return copy ?? source;
}
