/**
 * Heartbeats: an attempt is given the newest details that an attempt before it has in the journal,
 * whatever became of that one, and never those of another step.
 */
import type { RunEvent } from "#kernel/events.ts";
import type { WitnessRecord } from "./witness-record.ts";

export class Beats {
  readonly broken: string[] = [];
  readonly counts = { beats: 0, handedOn: 0 };
  readonly #newest = new Map<string, unknown>();
  /** `runId path attempt` to what it must be given. */
  readonly #due = new Map<string, unknown>();

  addEvent(runId: string, event: RunEvent): void {
    if (event.type === "step.heartbeat" && event.value !== undefined) {
      this.counts.beats++;
      this.#newest.set(`${runId} ${event.path}`, event.value);
    }
    if (event.type !== "step.started") return;
    const newest = this.#newest.get(`${runId} ${event.path}`);
    if (newest !== undefined) this.#due.set(`${runId} ${event.path} ${event.attempt}`, newest);
  }

  /** When all journals have been added. */
  addRecord({ phase, key, runId, path, attempt, given }: WitnessRecord): void {
    if (phase !== "begin" || given === undefined) return;
    const name = `${runId} ${path} ${attempt}`;
    const due = this.#due.get(name) ?? null;
    if (given !== due)
      this.broken.push(`${name} was given "${given}" of a heartbeat, the journal has "${due}"`);
    if (given === null) return;
    this.counts.handedOn++;
    if (!given.startsWith(`${key} `))
      this.broken.push(`${name} was given another step's heartbeat`);
  }
}
