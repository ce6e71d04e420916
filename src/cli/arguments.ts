/** Parsers of options that are not text; a wrong one is a usage error that names what is right. */
import { InvalidArgumentError } from "commander";

/** A whole number within bounds. */
export function countArgument(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** `name=value` sets a label, `name-` takes it away. */
export function labelChanges(texts: readonly string[]): {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
} {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at > 0) set[text.slice(0, at)] = text.slice(at + 1);
    else if (at < 0 && text.length > 1 && text.endsWith("-")) remove.push(text.slice(0, -1));
    else
      throw new InvalidArgumentError(
        `${JSON.stringify(text)} must look like name=value, or name- to take the label away.`,
      );
  }
  return { set, remove };
}

export function labelArgument(text: string, labels: Readonly<Record<string, string>> = {}) {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must look like name=value.");
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
}

export function priorityArgument(text: string): number {
  return countArgument(0, 10)(text);
}
