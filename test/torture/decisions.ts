/**
 * What operators decided about steps: an answered decision is in the journal, once, no attempt of
 * the step begins after it, and the step ends as it says.
 */
import type { RunEvent } from "#kernel/events.ts";

const OUTCOMES: Readonly<Record<string, string>> = {
  complete: "step.succeeded",
  skip: "step.skipped",
};

export class Decisions {
  readonly broken: string[] = [];
  readonly counts = { decided: 0 };
  readonly #ids = new Set<string>();
  /** `runId path` of decided steps to the outcome that must follow. */
  readonly #due = new Map<string, string>();

  addEvent(runId: string, event: RunEvent): void {
    if (!("path" in event) || event.path === undefined) return;
    const step = `${runId} ${event.path}`;
    if (event.type === "step.resolved") {
      this.counts.decided++;
      const decision = `${runId} ${event.id ?? ""}`;
      if (this.#ids.has(decision)) this.broken.push(`decision ${decision} was applied twice`);
      this.#ids.add(decision);
      const outcome = OUTCOMES[event.action];
      if (outcome !== undefined) this.#due.set(step, outcome);
      return;
    }
    const due = this.#due.get(step);
    if (due === undefined) return;
    if (event.type === "step.started")
      this.broken.push(`${step} began attempt ${event.attempt} although it was decided`);
    if (
      event.type === "step.succeeded" ||
      event.type === "step.failed" ||
      event.type === "step.skipped"
    ) {
      if (event.type !== due) this.broken.push(`${step} has ${event.type}, decided was ${due}`);
      this.#due.delete(step);
    }
  }

  /** All journals must have been added. `answered`: `runId id`. */
  compare(answered: ReadonlySet<string>): void {
    for (const decision of answered)
      if (!this.#ids.has(decision))
        this.broken.push(`decision ${decision} was answered and is lost`);
    for (const [step, due] of this.#due) this.broken.push(`${step} never came to its ${due}`);
  }
}
