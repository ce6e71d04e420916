/**
 * Places for runs that this host is about to start, where hosts count together: asked for in one call at
 * a time, with all that came meanwhile, so that a thousand starts at once are a few round trips.
 *
 *   1. A start that is refused leaves nothing; one that comes to nothing gives its place back.
 *   2. While the store does not answer a start fails: nobody knows whether it has room.
 */
import type { StartDemand, StartQuotas, StartRefusal } from "#ports/start-quotas.ts";

interface Asking {
  readonly demand: StartDemand;
  readonly resolve: (refusal: StartRefusal | null) => void;
  readonly reject: (error: unknown) => void;
}

/** The port takes no more. */
const DEMANDS_MAX = 500;

export class StartPlaces {
  readonly #port: StartQuotas;
  readonly #held = new Set<string>();
  #waiting: Asking[] = [];
  #isAsking = false;

  constructor(port: StartQuotas) {
    this.#port = port;
  }

  /** Whether a place is held for the run: the commit that creates it takes it. */
  holds(tenant: string, runId: string): boolean {
    return this.#held.size > 0 && this.#held.has(`${tenant}/${runId}`);
  }

  /** null: a place is held until done() is called. Rejects with store_unavailable. */
  async reserve(demand: StartDemand): Promise<StartRefusal | null> {
    const refusal = await new Promise<StartRefusal | null>((resolve, reject) => {
      this.#waiting.push({ demand, resolve, reject });
      void this.#ask();
    });
    if (refusal === null) this.#held.add(`${demand.tenant}/${demand.runId}`);
    return refusal;
  }

  /** The start has come to an end; `isCreated`: its run is there, and has taken the place. */
  done({ tenant, runId }: Pick<StartDemand, "tenant" | "runId">, isCreated: boolean): void {
    this.#held.delete(`${tenant}/${runId}`);
    // What cannot be given back is free again by itself, a minute later.
    if (!isCreated) void this.#port.giveBack([{ tenant, runId }]).catch(() => undefined);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const asked = this.#waiting.slice(0, DEMANDS_MAX);
      this.#waiting = this.#waiting.slice(DEMANDS_MAX);
      try {
        const answers = await this.#port.reserve(asked.map(({ demand }) => demand));
        for (const [at, { resolve }] of asked.entries()) resolve(answers[at] ?? null);
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#isAsking = false;
  }
}
