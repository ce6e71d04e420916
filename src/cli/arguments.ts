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
