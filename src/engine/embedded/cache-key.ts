/** Under which key an entry of `state.cache` lies in the store of remembered results. */
import { createHash } from "node:crypto";
import { canonicalJson } from "#workflow/canonical-json.ts";
import type { StateScope } from "#workflow/state-operation.ts";

interface Owner {
  readonly tenant: string;
  readonly runId: string;
  readonly workflow: string;
}

/**
 * The full key of a cache entry: of scope `workflow` all versions share one cache, other than
 * remembered results (memo-key.ts). The words in front keep the two apart.
 */
export function cacheKey(
  { tenant, runId, workflow }: Owner,
  { scope, key }: { readonly scope: StateScope; readonly key: string },
): string {
  const within = { run: ["run", runId], workflow: ["workflow", workflow], tenant: ["tenant"] };
  const text = canonicalJson(["cache-1", tenant, within[scope], key]);
  return createHash("sha256").update(text).digest("hex");
}
