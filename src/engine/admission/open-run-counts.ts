/**
 * Open runs of this engine: how many, and where it counts for itself also by tenant and by workflow.
 *
 *   1. Where hosts share a store a run comes and goes more than once: it counts once while it is this
 *      host's, however often it is told of.
 */
import type { StartDemand } from "#ports/start-quotas.ts";

type Named = Pick<StartDemand, "tenant" | "workflow">;

export class OpenRunCounts {
  readonly #isByName: boolean;
  /** This host's runs by name; null: none comes twice. */
  readonly #runs: Map<string, Named> | null;
  #count = 0;
  /** By tenant, and by tenant and workflow; starts that are not durable yet count. */
  readonly #byName = new Map<string, number>();

  constructor(options: { readonly isShared: boolean; readonly isByName: boolean }) {
    this.#isByName = options.isByName;
    this.#runs = options.isShared ? new Map() : null;
  }

  get all(): number {
    return this.#runs?.size ?? this.#count;
  }

  /** `runKey` names it among the runs of all tenants. */
  came(runKey: string, { tenant, workflow }: Named): void {
    if (this.#runs?.has(runKey) === true) return;
    this.#runs?.set(runKey, { tenant, workflow });
    this.#count++;
    this.add({ tenant, workflow }, 1);
  }

  /** It has ended. */
  went(runKey: string, run: Named): void {
    if (this.#runs?.delete(runKey) === false) return;
    this.#count--;
    this.add(run, -1);
  }

  /** It may be another host's by now. */
  lost(runKey: string): void {
    const run = this.#runs?.get(runKey);
    if (run !== undefined) this.went(runKey, run);
  }

  /** This host's runs, where hosts share a store. */
  get runs(): readonly (readonly [runKey: string, tenant: string])[] {
    return [...(this.#runs ?? [])].map(([runKey, { tenant }]) => [runKey, tenant]);
  }

  /** Of a tenant, or of `tenant\nworkflow`. */
  of(name: string): number {
    return this.#byName.get(name) ?? 0;
  }

  add({ tenant, workflow }: Named, change: 1 | -1): void {
    if (!this.#isByName) return;
    for (const name of [tenant, `${tenant}\n${workflow}`]) {
      const open = this.of(name) + change;
      if (open > 0) this.#byName.set(name, open);
      else this.#byName.delete(name);
    }
  }
}
