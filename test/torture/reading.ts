/**
 * Journals and witness side by side: what must hold whatever died when. Each promise that was
 * broken leaves a line under its name; `counts` says how much there was to break.
 *
 *   T1 lost         A start that was answered has its run.
 *   T2 stuck        Every run ends in the calm.
 *   T3 doubled      A step instance has one outcome, a run one end, a chunk of items is stored once,
 *                   a journal has no gap.
 *   T4 otherValue   What an effect was given is the journaled output of the step it came from.
 *   T5 signals      An answered signal or approval is in the journal; none is there twice.
 *   T6 otherKey     All attempts of a step instance carry one key, which no other instance has.
 *   T7 undurable    An effect that began has its start in the journal; no attempt begins twice.
 *   T8 unwitnessed  A journaled output is one that the witness saw.
 *   T9 undone       A failed saga undoes what it did, once, the last first (undoing.ts).
 *   T10 chains      A chain of continued runs comes to its last link once (chains.ts).
 *   T11 overrun     No concurrency key and no rate limit lets through too many (limits.ts).
 *   T12 recalled    A remembered result is used instead of another execution (recall.ts).
 *   T13 decisions   What an operator decided about a step is how it ends (decisions.ts).
 *   T14 beats       An attempt is given the newest heartbeat of those before it (beats.ts).
 *   T15 counted     A settled step has changed its named value once, the others never (tally.ts).
 */
import type { NamedValue } from "#engine/named-values.ts";
import type { EventOf, RunEvent } from "#kernel/events.ts";
import { Beats } from "./beats.ts";
import { Chains } from "./chains.ts";
import { Decisions } from "./decisions.ts";
import type { Journal } from "./journals.ts";
import { Limits } from "./limits.ts";
import { Recall } from "./recall.ts";
import { Tally } from "./tally.ts";
import { Undoing } from "./undoing.ts";
import type { GoneRecord, WitnessRecord } from "./witness-record.ts";
import type { Acknowledged } from "./workload.ts";

export type Broken =
  | "lost"
  | "stuck"
  | "doubled"
  | "otherValue"
  | "signals"
  | "otherKey"
  | "undurable"
  | "unwitnessed"
  | "undone"
  | "chains"
  | "overrun"
  | "recalled"
  | "decisions"
  | "beats"
  | "counted";

const SETTLING: ReadonlySet<string> = new Set([
  "step.succeeded",
  "step.failed",
  "step.skipped",
  "step.blocked",
  "step.cancelled",
]);
const ENDING: ReadonlySet<string> = new Set(["run.succeeded", "run.failed", "run.cancelled"]);

export class Reading {
  readonly #undoing = new Undoing();
  readonly #chains = new Chains();
  readonly #limits = new Limits();
  readonly #recall = new Recall();
  readonly #decisions = new Decisions();
  readonly #beats = new Beats();
  readonly #tally = new Tally();
  readonly broken: Record<Broken, string[]> = {
    lost: [],
    stuck: [],
    doubled: [],
    otherValue: [],
    signals: [],
    otherKey: [],
    undurable: [],
    unwitnessed: [],
    undone: this.#undoing.broken,
    chains: this.#chains.broken,
    overrun: this.#limits.broken,
    recalled: this.#recall.broken,
    decisions: this.#decisions.broken,
    beats: this.#beats.broken,
    counted: this.#tally.broken,
  };
  readonly counts = {
    runs: 0,
    events: 0,
    outcomes: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    lostAttempts: 0,
    hostLost: 0,
    signalsReceived: 0,
    signalsSentByRuns: 0,
    approvals: 0,
    effects: 0,
    repeats: 0,
    valuesSeen: 0,
  };
  readonly rules = {
    undoing: this.#undoing.counts,
    chains: this.#chains.counts,
    limits: this.#limits.counts,
    recall: this.#recall.counts,
    decisions: this.#decisions.counts,
    beats: this.#beats.counts,
    tally: this.#tally.counts,
  };
  readonly #runs = new Set<string>();
  readonly #started = new Set<string>();
  /** `runId path` to the nonce of its journaled output, or the hash of one in the blob store. */
  readonly #outputs = new Map<string, string>();
  readonly #givenByOperators = new Map<string, string>();
  readonly #settled = new Set<string>();
  readonly #signals = new Set<string>();
  readonly #sent: string[] = [];

  addJournal(journal: Journal): void {
    const { run, events } = journal;
    this.#tally.addJournal(journal);
    this.counts.runs++;
    this.counts.events += events.length;
    this.#runs.add(run.id);
    if (run.status === "succeeded" || run.status === "failed" || run.status === "cancelled")
      this.counts[run.status]++;
    const consumed = new Set<string>();
    const chunks = new Set<string>();
    let ends = 0;
    for (const [at, { seq, event }] of events.entries()) {
      if (seq !== at + 1) this.broken.doubled.push(`${run.id} has a gap before event ${seq}`);
      this.#undoing.addEvent(run.id, seq, event);
      this.#chains.addEvent(run.id, event);
      this.#recall.addEvent(run.id, event);
      this.#decisions.addEvent(run.id, event);
      this.#beats.addEvent(run.id, event);
      if (event.type === "step.resolved") this.#addCompleted(run.id, event);
      if (ENDING.has(event.type)) ends++;
      if (SETTLING.has(event.type)) this.#addOutcome(run.id, event);
      if (event.type === "step.started")
        this.#started.add(`${run.id} ${event.path} ${event.attempt}`);
      if (event.type === "step.items_stored" || event.type === "step.results_stored") {
        const chunk = `${run.id} ${event.path} ${event.type} ${event.from}`;
        if (chunks.has(chunk)) this.broken.doubled.push(`${chunk} twice`);
        chunks.add(chunk);
      }
      if (event.type === "step.lost") this.counts.lostAttempts++;
      if (event.type === "signal.received") this.#addSignal(run.id, event.id);
      if (event.type === "signal.consumed") {
        if (consumed.has(event.id))
          this.broken.signals.push(`${run.id} consumed signal ${event.id} twice`);
        consumed.add(event.id);
      }
    }
    if (ends > 1) this.broken.doubled.push(`${run.id} ended ${ends} times`);
  }

  addStuck(runId: string, explained: string): void {
    this.broken.stuck.push(`${runId}: ${explained}`);
  }

  compareAcknowledged({ starts, signals, approvals, decisions }: Acknowledged): void {
    this.#decisions.compare(decisions);
    for (const runId of starts)
      if (!this.#runs.has(runId)) this.broken.lost.push(`${runId} was answered and is lost`);
    for (const signal of [...signals, ...this.#sent])
      if (!this.#signals.has(signal))
        this.broken.signals.push(`signal ${signal} was answered and is lost`);
    for (const approval of approvals)
      if (!this.#settled.has(approval))
        this.broken.signals.push(`approval ${approval} was answered and is lost`);
    this.counts.signalsSentByRuns = this.#sent.length;
    this.counts.approvals = approvals.size;
  }

  /** What the victim says that named values hold. All journals must have been added. */
  compareValues(stored: readonly NamedValue[]): void {
    this.#tally.compare(stored);
  }

  /** All journals must have been added. */
  async compareWitness(records: AsyncIterable<WitnessRecord | GoneRecord>): Promise<void> {
    const keyOf = new Map<string, string>();
    const stepOf = new Map<string, string>();
    const begun = new Set<string>();
    const givenBy = new Map(this.#givenByOperators);
    const hashOf = new Map<string, string>();
    const seen: { readonly by: string; readonly nonce: string }[] = [];
    for await (const record of records) {
      if (record.phase === "gone") {
        this.#limits.addGone(record);
        continue;
      }
      this.#undoing.addRecord(record);
      this.#limits.addRecord(record);
      this.#recall.addRecord(record);
      this.#beats.addRecord(record);
      this.#tally.addRecord(record);
      const step = `${record.runId} ${record.path}`;
      const attempt = `${step} ${record.attempt}`;
      if (record.phase === "end") {
        if (typeof record.nonce === "string") {
          givenBy.set(record.nonce, step);
          hashOf.set(record.nonce, record.hash ?? "");
          if (record.hash !== undefined) givenBy.set(record.hash, step);
        }
        continue;
      }
      this.counts.effects++;
      if (begun.has(attempt)) this.broken.undurable.push(`${attempt} began twice`);
      begun.add(attempt);
      if (!this.#started.has(attempt))
        this.broken.undurable.push(`${attempt} began and has no step.started`);
      if (stepOf.has(record.key)) this.counts.repeats++;
      if ((keyOf.get(step) ?? record.key) !== record.key)
        this.broken.otherKey.push(`${attempt} came with another key`);
      if ((stepOf.get(record.key) ?? step) !== step)
        this.broken.otherKey.push(`${attempt} has the key of ${stepOf.get(record.key)}`);
      keyOf.set(step, record.key);
      stepOf.set(record.key, step);
      for (const nonce of record.sees ?? []) seen.push({ by: attempt, nonce });
    }
    for (const rule of [this.#undoing, this.#chains, this.#limits, this.#recall]) rule.compare();
    this.counts.valuesSeen = seen.length;
    for (const { by, nonce } of seen) {
      const giver = givenBy.get(nonce);
      const journaled = giver === undefined ? undefined : this.#outputs.get(giver);
      if (journaled !== nonce && journaled !== (hashOf.get(nonce) ?? null))
        this.broken.otherValue.push(`${by} saw ${nonce} of ${giver ?? "nobody"}`);
    }
    for (const [step, nonce] of this.#outputs)
      if (givenBy.get(nonce) !== step)
        this.broken.unwitnessed.push(`${step} is journaled with ${nonce}, which it did not give`);
  }

  /** An operator's output stands for that of the step. */
  #addCompleted(runId: string, event: EventOf<"step.resolved">): void {
    if (event.action !== "complete" || !isRecord(event.output)) return;
    const step = `${runId} ${event.path}`;
    const nonce = String(event.output["nonce"]);
    this.#outputs.set(step, nonce);
    this.#givenByOperators.set(nonce, step);
  }

  #addOutcome(runId: string, event: RunEvent): void {
    if (!("path" in event) || event.path === undefined) return;
    const step = `${runId} ${event.path}`;
    this.counts.outcomes++;
    if (this.#settled.has(step)) this.broken.doubled.push(`${step} has two outcomes`);
    this.#settled.add(step);
    if (event.type === "step.failed" && event.error.code === "host_lost") this.counts.hostLost++;
    // Only attempts have a number: outputs of scopes and waits were given by others.
    if (event.type !== "step.succeeded" || event.attempt === undefined) return;
    const { output } = event;
    if ("outputBlob" in event && isRecord(event.outputBlob))
      this.#outputs.set(step, String(event.outputBlob["hash"]));
    else if (isRecord(output) && typeof output["nonce"] === "string")
      this.#outputs.set(step, output["nonce"]);
    else if (isRecord(output) && output["name"] === "letter")
      this.#sent.push(`${String(output["runId"])} ${String(output["id"])}`);
  }

  #addSignal(runId: string, id: string): void {
    this.counts.signalsReceived++;
    const signal = `${runId} ${id}`;
    if (this.#signals.has(signal)) this.broken.signals.push(`${signal} was received twice`);
    this.#signals.add(signal);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
