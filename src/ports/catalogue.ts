/**
 * The catalogue: workflow definitions and their immutable versions, by name and tenant.
 *
 *   C1. Saving a definition whose hash is the newest version's changes nothing and answers that version.
 *   C2. Versions count from 1 without gaps and never change.
 *   C3. What save() answered survives kill -9 and power loss.
 */
import type { CallContext } from "./call-context.ts";
import type { TriggerText } from "./triggers.ts";

export interface WorkflowVersion {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the canonical definition, hex. */
  readonly hash: string;
  readonly createdAtMs: number;
}

/** A definition to keep. */
export interface WorkflowText {
  readonly name: string;
  readonly hash: string;
  /** Canonical JSON text. */
  readonly definition: string;
  readonly atMs: number;
  /** What starts it from now on (ports/triggers.ts, T2); absent: nothing does. */
  readonly triggers?: readonly TriggerText[];
}

export interface Catalogue {
  save(
    context: CallContext,
    workflow: WorkflowText,
  ): Promise<WorkflowVersion & { readonly created: boolean }>;
  /** The newest version without `version`; null when there is none. */
  find(
    context: CallContext,
    name: string,
    version: number | null,
  ): Promise<(WorkflowVersion & { readonly definition: string }) | null>;
  /** Newest version of each name, by name, after `afterName`. */
  list(
    context: CallContext,
    afterName: string | null,
    limit: number,
  ): Promise<readonly WorkflowVersion[]>;
  /** Newest first. */
  versions(context: CallContext, name: string): Promise<readonly WorkflowVersion[]>;
}
