/** What is asked of the thread that writes a copy, see copy-worker.ts. */
import type { CopyRow, CopyTable } from "#ports/store-copy.ts";

export type CopyRequest =
  | { readonly kind: "begin" | "discard" }
  | { readonly kind: "add"; readonly table: CopyTable; readonly rows: readonly CopyRow[] }
  | {
      readonly kind: "finish";
      readonly from: { readonly storeId: string; readonly atMs: number };
    };
