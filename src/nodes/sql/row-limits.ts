/** Counts rows and their size against the limits of one query. Used on both sides of a process border. */
import { NodeError } from "#errors/step-error.ts";

/** What a limit is called, or null while there is room. */
export type PassedLimit = "rows" | "rowsSize" | null;

export class RowLimits {
  readonly #rowsMax: number;
  readonly #sizeMax: number;
  #rows = 0;
  #size = 0;

  constructor({ rowsMax, sizeMax }: { readonly rowsMax: number; readonly sizeMax: number }) {
    this.#rowsMax = rowsMax;
    this.#sizeMax = sizeMax;
  }

  /** Whether one more row fits; it is counted if so. */
  add(row: unknown): PassedLimit {
    const size = JSON.stringify(row).length + 1;
    if (this.#rows >= this.#rowsMax) return "rows";
    if (this.#size + size > this.#sizeMax) return "rowsSize";
    this.#rows += 1;
    this.#size += size;
    return null;
  }
}

export function overLimit(
  limit: Exclude<PassedLimit, null>,
  { rowsMax, sizeMax }: { readonly rowsMax: number; readonly sizeMax: number },
): NodeError {
  const message =
    limit === "rows"
      ? `The statement gives more than ${rowsMax} rows; add LIMIT, raise rowsMax, or set overflow: cut.`
      : `The statement's rows have more than ${sizeMax} characters of JSON; select less, or set overflow: cut.`;
  const max = limit === "rows" ? rowsMax : sizeMax;
  return new NodeError("limit_exceeded", message, { details: { limit, max } });
}
