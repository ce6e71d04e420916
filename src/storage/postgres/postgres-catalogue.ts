/** The Catalogue port: hosts that save under one name at once take turns by the row of that name. */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Catalogue, WorkflowText, WorkflowVersion } from "#ports/catalogue.ts";
import { FIND_SAME_WORKFLOW } from "./sql/find-same-workflow.ts";
import { FIND_WORKFLOW } from "./sql/find-workflow.ts";
import { LIST_VERSIONS } from "./sql/list-versions.ts";
import { LIST_WORKFLOWS } from "./sql/list-workflows.ts";
import { SAVE_WORKFLOW } from "./sql/save-workflow.ts";
import type { StoreParts } from "./store-parts.ts";
import { bringTriggers } from "./trigger-changes.ts";

const READING = "reading the catalogue";
const SAVING = "saving a workflow";

type Found = WorkflowVersion & { readonly definition: Buffer };

export class PostgresCatalogue implements Catalogue {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async save(
    { tenant }: CallContext,
    { name, hash, definition, atMs, triggers = [] }: WorkflowText,
  ): Promise<WorkflowVersion & { readonly created: boolean }> {
    const { sessions } = this.#parts;
    const values = [tenant, name, hash, atMs, Buffer.from(definition)];
    const version = await sessions.transaction(SAVING, async (ask) => {
      const [made] = (await ask<{ version: number }>(SAVE_WORKFLOW, ...values)).rows;
      if (made === undefined) return null;
      await bringTriggers(ask, { tenant, workflow: name, nowMs: atMs }, triggers);
      return made.version;
    });
    if (version !== null) return { name, version, hash, createdAtMs: atMs, created: true };
    const same = await sessions.get<Pick<WorkflowVersion, "version" | "createdAtMs">>(
      ...([SAVING, FIND_SAME_WORKFLOW, tenant, name, hash] as const),
    );
    if (same === undefined)
      throw new LockstitchError("store_corrupt", `the newest version of ${name} has lost its row`);
    return { name, ...same, hash, created: false };
  }

  async find(
    { tenant }: CallContext,
    name: string,
    version: number | null,
  ): Promise<(WorkflowVersion & { readonly definition: string }) | null> {
    const values = [tenant, name, version];
    const row = await this.#parts.sessions.get<Found>(READING, FIND_WORKFLOW, ...values);
    return row === undefined ? null : { ...row, definition: row.definition.toString("utf8") };
  }

  async list(
    { tenant }: CallContext,
    afterName: string | null,
    limit: number,
  ): Promise<readonly WorkflowVersion[]> {
    const values = [tenant, afterName ?? "", limit];
    return await this.#parts.sessions.all<WorkflowVersion>(READING, LIST_WORKFLOWS, ...values);
  }

  async versions({ tenant }: CallContext, name: string): Promise<readonly WorkflowVersion[]> {
    return await this.#parts.sessions.all<WorkflowVersion>(READING, LIST_VERSIONS, tenant, name);
  }
}
