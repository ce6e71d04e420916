/**
 * Named values that the runs of a workflow, or of a tenant, share. Steps change them with their
 * commits (TurnCommit.shared), operators through change(); nothing else does.
 *
 * Promises (test/contract/state-store.ts):
 *   V1. A use in a commit takes effect with its turn or not at all. It names the revision that its
 *       step has seen, and what it held; where there is another one by then, the turn is left out
 *       (fenced, and named as `stale`), also for a use that only looked. So a change is never lost,
 *       none is made twice, and what a step has read was there when it was settled. The revision alone
 *       does not tell: two hosts that change a value in one millisecond may give one number to both, and
 *       a turn decided on the change that was refused must not pass for one decided on the other.
 *   V2. Uses of one commit are taken in order, across its turns: a later one sees the earlier ones.
 *   V3. find() answers what was committed last; scopes, workflows and tenants never see each other.
 *   V4. change() is durable when it resolves, and says in the same transaction who made it.
 *   V5. Revisions of a name grow; 0 stands for one that holds nothing.
 *
 * Values are JSON text. Instants are epoch milliseconds.
 */
import type { CallContext } from "./call-context.ts";

export type SharedScope = "workflow" | "tenant";

/** Names one value of a tenant. `workflow` is "" for scope `tenant`. */
export interface SharedKey {
  readonly scope: SharedScope;
  readonly workflow: string;
  readonly name: string;
}

export interface SharedUse extends SharedKey {
  /** What the step saw; 0: there was none. */
  readonly revision: number;
  /** The JSON text that it saw there. Left out where a use before it in the turn has made it. */
  readonly seen?: string | undefined;
  /** null: it only looked. `value` null: the name holds nothing from now on. */
  readonly change: { readonly revision: number; readonly value: string | null } | null;
  readonly path: string;
  readonly atMs: number;
}

export interface SharedEntry extends SharedKey {
  readonly revision: number;
  readonly value: string;
  readonly changedAtMs: number;
  /** `run:ID/PATH`, or the principal of an operator. */
  readonly changedBy: string;
}

/** An operator's change. */
export interface SharedChange extends SharedKey {
  readonly value: string | null;
  readonly reason: string | null;
}

/** What an operator has done, for those who ask later; the newest 1,000 of a tenant are kept. */
export interface SharedChangeFacts extends SharedKey {
  readonly atMs: number;
  readonly by: string;
  readonly reason: string | null;
  /** null: there was none, or there is none any more. */
  readonly before: string | null;
  readonly after: string | null;
}

/** `bytes` of JSON text. */
export interface SharedUsage {
  readonly names: number;
  readonly bytes: number;
}

export interface SharedFilter {
  readonly scope?: SharedScope | undefined;
  readonly workflow?: string | undefined;
  /** Names that begin so. */
  readonly prefix?: string | undefined;
}

export interface StateStore {
  find(context: CallContext, key: SharedKey): Promise<SharedEntry | null>;
  /** What the workflow, or the tenant itself, keeps. */
  usage(context: CallContext, of: Omit<SharedKey, "name">): Promise<SharedUsage>;
  /** Of all tenants, by scope: for metrics. */
  totals(): Promise<Readonly<Record<SharedScope, SharedUsage>>>;
  /** By scope, workflow and name; `cursor` is opaque, from the answer before. */
  list(
    context: CallContext,
    filter: SharedFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly SharedEntry[]; readonly cursor: string | null }>;
  /** Answers what there was before; null: nothing. */
  change(context: CallContext, change: SharedChange): Promise<SharedEntry | null>;
  /** Operators' changes of one value, newest first. */
  changes(
    context: CallContext,
    key: SharedKey,
    limit: number,
  ): Promise<readonly SharedChangeFacts[]>;
}
