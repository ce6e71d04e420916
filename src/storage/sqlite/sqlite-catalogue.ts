/** The Catalogue port over the store's writer and readers. */
import type { CallContext } from "#ports/call-context.ts";
import type { Catalogue, WorkflowText, WorkflowVersion } from "#ports/catalogue.ts";
import { FIND_WORKFLOW } from "./sql/find-workflow.ts";
import type { StoreParts } from "./store-parts.ts";

const DOING = "reading the catalogue";

export class SqliteCatalogue implements Catalogue {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  save(
    context: CallContext,
    workflow: WorkflowText,
  ): Promise<WorkflowVersion & { readonly created: boolean }> {
    const { name, hash, definition, atMs, triggers = [] } = workflow;
    return this.#parts.writer.call("saveWorkflow", {
      tenant: context.tenant,
      name,
      hash,
      definition,
      atMs,
      triggers,
    });
  }

  async find(
    context: CallContext,
    name: string,
    version: number | null,
  ): Promise<(WorkflowVersion & { readonly definition: string }) | null> {
    return this.#parts.read(
      DOING,
      (reader) =>
        reader.get<WorkflowVersion & { readonly definition: string }>(
          FIND_WORKFLOW,
          context.tenant,
          name,
          version,
        ) ?? null,
    );
  }

  list(
    context: CallContext,
    afterName: string | null,
    limit: number,
  ): Promise<readonly WorkflowVersion[]> {
    const { tenant } = context;
    return this.#parts.reader.call("workflows", { tenant, afterName: afterName ?? "", limit });
  }

  versions(context: CallContext, name: string): Promise<readonly WorkflowVersion[]> {
    return this.#parts.reader.call("versions", { tenant: context.tenant, name });
  }
}
