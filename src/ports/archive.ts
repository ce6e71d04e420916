/**
 * Where runs go that leave the store, one file each.
 *
 *   A1. When save() resolves, the whole file survives kill -9 and power loss; killed in between,
 *       there is no file of that name. A file of the same run is replaced whole.
 */
import type { CallContext } from "./call-context.ts";

export interface Archive {
  /** `lines` are JSON texts. */
  save(
    context: CallContext,
    runId: string,
    lines: AsyncIterable<string>,
  ): Promise<{ readonly file: string; readonly bytes: number }>;
}
