/**
 * What the server needs of the language: text to definition, definition to the shape that is
 * drawn. Given by the composition root, because both need the host's node types.
 */
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { Problem } from "#workflow/problem.ts";

export interface ReadResult {
  /** null when there are problems. */
  readonly definition: WorkflowDefinition | null;
  /** SHA-256 of the canonical definition; null when there are problems. */
  readonly hash: string | null;
  readonly problems: readonly Problem[];
}

/** The drawn form of a definition: steps by path without items, groups for steps with inner steps. */
export interface WorkflowShape {
  readonly nodes: readonly {
    readonly path: string;
    readonly id: string;
    readonly uses: string;
    readonly kind: string;
    readonly parent: string | null;
    readonly isGroup: boolean;
  }[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly label: string | null;
    readonly implied: boolean;
  }[];
}

export interface WorkflowReader {
  /** Reads JSON or YAML text; `fileName` says which, and stands in the problems. */
  read(text: string, fileName: string): ReadResult;
  /** The shape of a saved definition; kept by `hash`, so asking again is cheap. */
  shape(definition: WorkflowDefinition, hash: string): WorkflowShape;
}
