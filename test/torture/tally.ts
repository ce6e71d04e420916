/**
 * Named values (`state.*`) side by side with the steps that changed them, and with what others were
 * told of them. What a value must come to is added up from the steps that were settled; the changes
 * in the journals, the stored values and the witness are then held against that.
 *
 *   N1. A step that succeeded has changed its value once, another has changed nothing.
 *   N2. A stored value is the sum of what the settled steps have added: none lost, none doubled.
 *   N3. Each step that adds one has a number of its own, from 1 without a gap.
 *   N4. The changes of a shared value are one chain of revisions, whose end is stored.
 *   N5. What a saga that failed has added is taken back, and nothing else is.
 *   N6. Others were told the number that the step ended with: the effect that the witness saw, code in
 *       the sandbox, a plugin. Here an attempt that a crash took may have been told it as well.
 */
import type { NamedValue } from "#engine/named-values.ts";
import type { RunEvent } from "#kernel/events.ts";
import type { Journal } from "./journals.ts";
import type { WitnessRecord } from "./witness-record.ts";

const WORKFLOW = "tally";

interface Counting {
  readonly scope: "run" | "workflow" | "tenant";
  readonly name: string;
  readonly by: number;
}

/** By the last id of a step's path, as workflows/tally.workflow.yaml has them. */
const COUNTING: Readonly<Record<string, Counting>> = {
  own: { scope: "run", name: "own", by: 1 },
  flow: { scope: "workflow", name: "flow", by: 1 },
  ticket: { scope: "tenant", name: "tickets", by: 1 },
  more: { scope: "tenant", name: "tickets", by: 1 },
  sum: { scope: "tenant", name: "sum", by: 3 },
  up: { scope: "tenant", name: "net", by: 1 },
  down: { scope: "tenant", name: "net", by: -1 },
};
const NUMBERED: ReadonlySet<string> = new Set(["flow", "tickets"]);
const COMPUTING: ReadonlySet<string> = new Set(["code", "plugin"]);

interface Change {
  readonly step: string;
  readonly revision: number;
  readonly to: number;
}

/** Of one name that runs share. */
interface Shared {
  sum: number;
  readonly numbers: number[];
  readonly changes: Change[];
}

export class Tally {
  readonly broken: string[] = [];
  readonly counts = { settled: 0, lost: 0, computed: 0, computedLost: 0, told: 0 };
  readonly #shared = new Map<string, Shared>();
  /** `runId path` of tickets to the number that the step ended with. */
  readonly #tickets = new Map<string, unknown>();

  /** Journals of other workflows say nothing here. */
  addJournal({ run, events }: Journal): void {
    if (run.workflow !== WORKFLOW) return;
    const changed = new Map<string, number>();
    const settled = new Map<string, string>();
    const completed = new Set<string>();
    for (const { event } of events) {
      this.#addLost(event);
      if (event.type === "variable.set" && event.path !== undefined) add(changed, event.path);
      if (event.type === "state.applied" && event.change !== undefined) {
        add(changed, event.path);
        const change = { step: `${run.id} ${event.path}`, revision: event.revision };
        this.#of(event.name).changes.push({ ...change, to: event.to ?? 0 });
      }
      if (event.type === "step.resolved" && event.action === "complete") {
        completed.add(event.path);
        this.#tickets.set(`${run.id} ${event.path}`, heldIn(event.output));
      }
      // Only attempts have a number, and what an operator has completed has counted nothing.
      if (event.type !== "step.succeeded" || event.attempt === undefined) continue;
      if (completed.has(event.path)) continue;
      const id = lastId(event.path);
      if (COUNTING[id] !== undefined) {
        settled.set(event.path, id);
        this.#addSettled(`${run.id} ${event.path}`, COUNTING[id], heldIn(event.output));
      }
      if (COMPUTING.has(id)) this.#addComputed(run.id, event.path, event.output);
    }
    for (const [path, times] of changed)
      if (times > 1) this.broken.push(`${run.id} ${path} has changed its value ${times} times`);
      else if (!settled.has(path))
        this.broken.push(`${run.id} ${path} has changed a value and did not succeed`);
    for (const path of settled.keys())
      if (!changed.has(path)) this.broken.push(`${run.id} ${path} succeeded and changed nothing`);
    this.#compareRun(run, events, settled);
  }

  /** All journals must have been added. */
  addRecord({ phase, runId, path, attempt, marks }: WitnessRecord): void {
    if (phase !== "begin" || marks?.number === undefined) return;
    this.counts.told++;
    this.#compareTold(runId, `${path} attempt ${attempt}`, marks.number);
  }

  /** All journals must have been added. `stored`: what the victim says that the values are. */
  compare(stored: readonly NamedValue[]): void {
    for (const [name, { sum, numbers, changes }] of this.#shared) {
      const held = stored.find((value) => value.name === name);
      if ((held?.value ?? 0) !== sum)
        this.broken.push(`"${name}" is ${held?.value}, its steps have added ${sum}`);
      if (NUMBERED.has(name)) this.#compareNumbers(name, numbers);
      this.#compareChain(name, changes, held?.revision ?? 0);
    }
  }

  #addLost(event: RunEvent): void {
    if (event.type !== "step.lost") return;
    const id = lastId(event.path);
    if (COUNTING[id] !== undefined) this.counts.lost++;
    if (COMPUTING.has(id)) this.counts.computedLost++;
  }

  #addSettled(step: string, { scope, name, by }: Counting, value: unknown): void {
    this.counts.settled++;
    if (name === "tickets") this.#tickets.set(step, value);
    if (scope === "run") return;
    const shared = this.#of(name);
    shared.sum += by;
    shared.numbers.push(Number(value));
  }

  #addComputed(runId: string, path: string, output: unknown): void {
    this.counts.computed++;
    const { of, twice } = (output ?? {}) as { readonly of?: unknown; readonly twice?: unknown };
    if (twice !== Number(of) * 2)
      this.broken.push(`${runId} ${path} gave ${JSON.stringify(output)}`);
    this.#compareTold(runId, path, of);
  }

  #compareTold(runId: string, path: string, number: unknown): void {
    const ticket = `${path.slice(0, path.lastIndexOf("."))}.ticket`;
    const ended = this.#tickets.get(`${runId} ${ticket}`);
    if (ended !== number)
      this.broken.push(`${runId} ${path} was told ${number}, its ticket is ${ended}`);
  }

  #compareRun(run: Journal["run"], events: Journal["events"], settled: Map<string, string>): void {
    const countOf = (id: string) => [...settled.values()].filter((other) => other === id).length;
    const own = countOf("own");
    if (run.status === "succeeded" && run.output !== own)
      this.broken.push(`${run.id} has counted ${run.output} itself, with ${own} steps`);
    const hasFailed = events.some(
      ({ event }) => event.type === "step.failed" && event.path === "block",
    );
    const [up, down] = [countOf("up"), countOf("down")];
    if (down !== (hasFailed ? up : 0))
      this.broken.push(
        `${run.id}: a saga that ${hasFailed ? "failed" : "did not fail"} has added ${up} and taken back ${down}`,
      );
  }

  #compareNumbers(name: string, numbers: readonly number[]): void {
    for (const [at, number] of numbers.toSorted((a, b) => a - b).entries())
      if (number !== at + 1) {
        this.broken.push(`"${name}" gave ${number} where ${at + 1} should be`);
        return;
      }
  }

  #compareChain(name: string, changes: readonly Change[], storedRevision: number): void {
    const bySeen = new Map<number, Change>();
    for (const change of changes) {
      const other = bySeen.get(change.revision);
      if (other !== undefined)
        this.broken.push(`${change.step} and ${other.step} have both changed the same "${name}"`);
      bySeen.set(change.revision, change);
    }
    let revision = 0;
    for (let left = bySeen.size; left > 0; left--) {
      const next = bySeen.get(revision);
      if (next === undefined) {
        this.broken.push(`nothing follows revision ${revision} of "${name}": ${left} changes do`);
        return;
      }
      revision = next.to;
    }
    if (revision !== storedRevision)
      this.broken.push(
        `"${name}" is at revision ${storedRevision}, its changes end at ${revision}`,
      );
  }

  #of(name: string): Shared {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const shared: Shared = { sum: 0, numbers: [], changes: [] };
    this.#shared.set(name, shared);
    return shared;
  }
}

function add(counts: Map<string, number>, path: string): void {
  counts.set(path, (counts.get(path) ?? 0) + 1);
}

function lastId(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function heldIn(output: unknown): unknown {
  return (output as { readonly value?: unknown } | null)?.value;
}
