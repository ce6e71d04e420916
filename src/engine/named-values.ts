/**
 * What an operator sees and changes of the values that runs of a workflow, or of a tenant, share
 * (`state.*` steps). Values of a single run are part of the run. Failures are LockstitchError with
 * the codes named at each method.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { SharedFilter, SharedScope } from "#ports/state-store.ts";

/** Without `workflow`: a value of the tenant. */
export interface NamedValueKey {
  readonly workflow?: string | undefined;
  readonly name: string;
}

export interface NamedValue {
  readonly scope: SharedScope;
  /** null: it belongs to the tenant. */
  readonly workflow: string | null;
  readonly name: string;
  readonly value: unknown;
  /** Grows with each change. */
  readonly revision: number;
  readonly changedAtMs: number;
  /** `run:ID/PATH`, or the principal of an operator. */
  readonly changedBy: string;
}

/** What an operator has done to a value. */
export interface NamedValueChange {
  readonly atMs: number;
  readonly by: string;
  readonly reason: string | null;
  /** undefined: there was none, or there is none any more. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface NamedValues {
  /** By scope, workflow and name. request_invalid for a cursor that is none. */
  list(
    context: CallContext,
    filter: SharedFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly NamedValue[]; readonly cursor: string | null }>;
  /** value_not_found. */
  get(context: CallContext, key: NamedValueKey): Promise<NamedValue>;
  /**
   * Steps that are settled later build on it. request_invalid for a name that no step could use,
   * payload_too_large, action_refused where the workflow or tenant is full.
   */
  set(
    context: CallContext,
    key: NamedValueKey,
    change: { readonly value: unknown; readonly reason?: string | undefined },
  ): Promise<NamedValue>;
  /** Answers what there was. value_not_found. */
  delete(context: CallContext, key: NamedValueKey, reason?: string): Promise<NamedValue>;
  /** Operators' changes of a value, newest first, of one that is gone too; steps' are in journals. */
  changes(
    context: CallContext,
    key: NamedValueKey,
    limit: number,
  ): Promise<readonly NamedValueChange[]>;
}
