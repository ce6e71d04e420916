/**
 * Which mutants belong to a sample of one in `oneIn`. It depends on nothing but the mutant's own place
 * and text, so that the same source gives the same sample on every machine.
 */
import { createHash } from "node:crypto";

export interface SampledMutant {
  readonly mutatorName: string;
  readonly replacement?: string | undefined;
  readonly location: { readonly start: Place; readonly end: Place };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** `file` is the path inside the project. Lines and columns count from 0, as Stryker's runners see them. */
export function isInSample(file: string, mutant: SampledMutant, oneIn: number): boolean {
  const hash = createHash("sha256").update(mutantName(file, mutant)).digest();
  return hash.readUInt32BE(0) % oneIn === 0;
}

/** Unlike that of any other mutant of the same sources. */
export function mutantName(file: string, mutant: SampledMutant): string {
  const { start, end } = mutant.location;
  const place = `${start.line}:${start.column}-${end.line}:${end.column}`;
  return `${file} ${place} ${mutant.mutatorName} ${mutant.replacement ?? ""}`;
}
