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

export function labelArgument(text: string, labels: Readonly<Record<string, string>> = {}) {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must look like name=value.");
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
}
