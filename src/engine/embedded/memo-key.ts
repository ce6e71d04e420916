/**
 * The full key of a remembered result: SHA-256 over everything that the result depends on, in
 * canonical JSON (RFC 8785). Two steps have one key exactly when one result may stand for both.
 *
 *   K1. Tenant, node type and the version of its code are always part of it.
 *   K2. Scope `run` adds the run; scope `workflow` adds name and version of the definition, so that
 *       a changed definition begins anew.
 *   K3. Without a key of the user's it holds the whole configuration as it is journaled.
 *   K4. With a key of the user's it holds that, and the configuration as it is written.
 *   K5. Secrets are part of it as names and versions, never as values: a rotated one begins anew.
 */
import { createHash } from "node:crypto";
import type { MemoRequest } from "#kernel/events.ts";
import { canonicalJson } from "#workflow/canonical-json.ts";
import { type SecretUse, secretNamesIn } from "#workflow/expression/secret-uses.ts";

export interface MemoSubject {
  readonly tenant: string;
  readonly uses: string;
  /** Declared by the node type (define-node.ts). */
  readonly implementation: string;
  readonly runId: string;
  readonly workflow: string;
  readonly workflowVersion: number;
  readonly memo: MemoRequest;
  /** The evaluated `with`; not looked at where the user's key stands for it. */
  readonly config: unknown;
  /** What of the configuration is secret: names and versions. */
  readonly secrets: readonly SecretUse[] | null;
}

/** 64 hex digits. Throws RangeError for a configuration that is no JSON. */
export function memoKey(subject: MemoSubject): string {
  const { tenant, uses, implementation, memo, config } = subject;
  const { key, form } = memo;
  const secrets = subject.secrets ?? [];
  const by =
    key === undefined ? { config, secrets } : { key, form, secrets: secretNamesIn(secrets) };
  const text = canonicalJson(["memo-1", tenant, uses, implementation, withinOf(subject), by]);
  return createHash("sha256").update(text).digest("hex");
}

function withinOf({ memo, runId, workflow, workflowVersion }: MemoSubject): readonly unknown[] {
  switch (memo.scope) {
    case "run":
      return ["run", runId];
    case "workflow":
      return ["workflow", workflow, workflowVersion];
    case "tenant":
      return ["tenant"];
  }
}
