/**
 * What one attempt logs: numbered, bounded, without the values of its secrets. Made when a node
 * first logs; an attempt that never does has none.
 *
 *   A1. An attempt keeps LOG_LINES_MAX lines and LOG_BYTES_MAX bytes. The first line beyond says
 *       so at once, and the attempt's last line how many were dropped: never silently, also where
 *       the process dies in between.
 *   A2. Nothing here throws, waits, or fails a step.
 */
import type { Redactor } from "#nodes/redactor.ts";
import type { LogLevel, StepLogWrite } from "#ports/step-logs.ts";
import { cutText, LOG_FIELDS_MAX, LOG_TEXT_MAX, logText, plainFields } from "./log-fields.ts";

export const LOG_LINES_MAX = 10_000;
/** UTF-8 bytes of texts and fields. */
export const LOG_BYTES_MAX = 1024 * 1024;

export interface AttemptLogHost {
  readonly path: string;
  readonly attempt: number;
  readonly redactor: Redactor | null;
  nowMs(): number;
  /** False: there is no room for it now. */
  keep(line: StepLogWrite, must: boolean): boolean;
}

export class AttemptLog {
  readonly #host: AttemptLogHost;
  #lines = 0;
  #bytes = 0;
  #dropped = 0;
  #isFull = false;

  constructor(host: AttemptLogHost) {
    this.#host = host;
  }

  add(level: LogLevel, message: unknown, given: unknown): void {
    if (this.#isFull) {
      this.#dropped++;
      return;
    }
    const { redactor } = this.#host;
    // Values are looked for before the text is cut; the redactor finds the piece of one at an end.
    const whole = logText(message).slice(0, 4 * LOG_TEXT_MAX);
    const text = cutText(redactor === null ? whole : redactor.text(whole));
    const fields = fieldsText(plainFields(given), redactor);
    const bytes = Buffer.byteLength(text) + (fields === null ? 0 : Buffer.byteLength(fields));
    this.#isFull = this.#lines >= LOG_LINES_MAX || this.#bytes + bytes > LOG_BYTES_MAX;
    if (this.#isFull || !this.#keep(level, text, fields)) return this.#drop();
    this.#bytes += bytes;
  }

  /** The attempt is over. */
  end(): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped === 1 ? "1 line" : `${this.#dropped} lines`;
    this.#dropped = 0;
    this.#keep("warn", `${count} dropped`, null, true);
  }

  #drop(): void {
    if (this.#dropped++ > 0) return;
    const why = this.#isFull
      ? `an attempt keeps ${LOG_LINES_MAX} lines, ${LOG_BYTES_MAX / 1024} KiB`
      : "more is logged than can be written";
    this.#keep("warn", `lines are dropped from here on: ${why}`, null, true);
  }

  #keep(level: LogLevel, text: string, fields: string | null, must = false): boolean {
    const { path, attempt } = this.#host;
    const line = this.#lines + 1;
    const atMs = this.#host.nowMs();
    const isKept = this.#host.keep({ path, attempt, line, atMs, level, text, fields }, must);
    if (isKept) this.#lines = line;
    return isKept;
  }
}

/** JSON text, or null. */
function fieldsText(fields: unknown, redactor: Redactor | null): string | null {
  if (fields === null) return null;
  const text = JSON.stringify(redactor === null ? fields : redactor.value(fields));
  // Escapes, and the names that stand in the place of values, may have made it longer.
  return text.length <= 6 * LOG_FIELDS_MAX ? text : null;
}
