/**
 * What clients do to the victim while it dies: keep runs open, send signals (most of them more than
 * once, under one id), decide approvals. Every answer is a promise of the victim's, and is kept
 * here for the reading afterwards. Calls that get no answer are repeated until there is one.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import type { RunSummary } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { pick, type Random } from "../kernel/random-definition.ts";
import { pause } from "./pause.ts";

const WORKFLOWS = new URL("./workflows/", import.meta.url);
const REPEAT_AFTER_MS = 40;
/** Two minutes without an answer: the victim is gone for good. */
const REPEATS = 3_000;
/** A decision may come too early or too late for its step, or meet a closing server. */
const MAY_REFUSE: ReadonlySet<string> = new Set([
  ...["step_not_found", "step_settled", "action_refused", "run_terminal"],
  ...["store_unavailable", "shutting_down"],
]);
const LOOK_EVERY_MS = 150;

/** How often each workflow is started; receivers are started with their sender. */
const MIX = [
  ...["fan", "fan", "fan", "fan", "fan", "fan", "nest", "nest", "nest", "nest", "talk", "talk"],
  ...["sender", "sender", "family", "family", "family", "family"],
  ...["trip", "trip", "chain", "lineage", "desk", "desk", "recall", "recall"],
  ...["tally", "tally", "tally", "tally"],
];
const KINDS = [...new Set(MIX)];
/** What an operator decides about. */
const DECIDED = { fan: { items: 48, id: "first" }, tally: { items: 20, id: "ticket" } };
/** So many runs started one after another ask the same questions. */
const RUNS_PER_TOPIC = 24;

export interface Acknowledged {
  /** Runs whose start was answered. */
  readonly starts: Set<string>;
  /** `runId signalId` of answered signals. */
  readonly signals: Set<string>;
  /** `runId path` of answered approvals. */
  readonly approvals: Set<string>;
  /** `runId id` of answered decisions about steps. */
  readonly decisions: Set<string>;
}

export class Workload {
  readonly acknowledged: Acknowledged = {
    starts: new Set(),
    signals: new Set(),
    approvals: new Set(),
    decisions: new Set(),
  };
  /** Answers that may not be. */
  readonly complaints: string[] = [];
  readonly client: LockstitchClient;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #deciding = new Set<string>();
  readonly #token: string;
  #runs = 0;
  #picked = 0;
  #startsAreOn = true;
  #openRunsAim: number;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: {
    baseUrl: string;
    random: Random;
    openRunsAim: number;
    token: string;
  }) {
    this.#random = options.random;
    this.#openRunsAim = options.openRunsAim;
    this.#token = options.token;
    this.client = new LockstitchClient({
      baseUrl: options.baseUrl,
      repeats: REPEATS,
      sleep: () => pause(REPEAT_AFTER_MS),
    });
  }

  /** Saves the workflows, then keeps going until `end`. */
  async begin(): Promise<void> {
    // A parent is checked against the children that exist.
    const files = readdirSync(WORKFLOWS).toSorted((one, other) => rank(one) - rank(other));
    for (const file of files)
      await this.client.saveWorkflow(
        file.split(".")[0] ?? file,
        readFileSync(new URL(file, WORKFLOWS), "utf8"),
      );
    this.#looking = this.#keepGoing();
  }

  /** Number of started runs, answered or not. */
  get runsBegun(): number {
    return this.#runs;
  }

  /** Starts one run; resolves when that was answered. An answer that may not be is a complaint. */
  async startOne(): Promise<void> {
    await this.#run(this.#startAny());
  }

  /** Many calls at once, for a kill in their midst. */
  burst(count: number): void {
    for (let i = 0; i < count; i++) void this.startOne();
  }

  /** No new runs from now on; signals and approvals go on. */
  stopStarting(): void {
    this.#startsAreOn = false;
  }

  /** Resolves when nothing of it is under way. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#looking;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async openRuns(): Promise<readonly RunSummary[]> {
    const open = ["queued", "running", "waiting", "paused"] as const;
    return (await this.client.list({ status: open, limit: 1_000 })).items;
  }

  async #startAny(): Promise<void> {
    // The first runs are one of each, so that a short torture has them all.
    const workflow = KINDS[this.#picked++] ?? pick(this.#random, MIX);
    if (workflow === "sender") {
      const to = await this.#start("receiver", {});
      await this.#start("sender", { to });
      return;
    }
    const input = this.#inputOf(workflow);
    const runId = await this.#start(workflow, input);
    if (workflow === "talk") this.#talkTo(runId);
  }

  #inputOf(workflow: string): object {
    if (workflow === "nest") return { number: Math.floor(this.#random() * 3) };
    if (workflow === "recall")
      return { topic: `${this.#token}-${Math.floor(this.#runs / RUNS_PER_TOPIC)}` };
    return {};
  }

  async #start(workflow: string, input: object): Promise<string> {
    const number = this.#runs++;
    const name = `${workflow}-${this.#token}-${number}`;
    // Half of the runs are named by their caller, half by the key of the call.
    const named = number % 2 === 0 ? { id: name } : { idempotencyKey: name };
    const request = { workflow, input, ...named };
    const { run } = await this.client.start(request);
    this.acknowledged.starts.add(run.id);
    if (this.#random() < 0.3)
      void this.#run(
        this.client.start(request).then(({ run: again, created }) => {
          if (created || again.id !== run.id)
            this.complaints.push(
              `start ${name} was repeated and made ${again.id} beside ${run.id}`,
            );
        }),
      );
    return run.id;
  }

  #talkTo(runId: string): void {
    for (const key of ["0", "1", "2"]) {
      const id = `word-${key}`;
      const times = 1 + Math.floor(this.#random() * 3);
      for (let i = 0; i < times; i++)
        void this.#run(
          this.client.signal(runId, { name: "word", key, id, payload: { key, runId } }).then(
            () => void this.acknowledged.signals.add(`${runId} ${id}`),
            (fault: unknown) => {
              // The run ends when it has heard every word: this one too, from a call of the same id.
              if (!(fault instanceof LockstitchError) || fault.code !== "run_terminal") throw fault;
            },
          ),
        );
    }
  }

  async #keepGoing(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#look().catch((fault: unknown) => this.complaints.push(`look: ${fault}`));
      await pause(LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    if (this.#startsAreOn) {
      const open = await this.openRuns();
      for (const kind of ["fan", "tally"] as const) {
        const runs = open.filter(({ workflow }) => workflow === kind);
        if (runs.length > 0) this.#resolve(pick(this.#random, runs).id, DECIDED[kind]);
      }
      const parents = open.filter(({ parentRunId }) => parentRunId === null);
      const missing = this.#openRunsAim - parents.length - this.#underWay.size;
      for (let i = 0; i < Math.min(missing, 8); i++) void this.startOne();
    }
    for (const { runId, path } of await this.client.approvals()) this.#decide(runId, path);
  }

  /** An operator completes or skips a step, wherever it stands; it may have ended long ago. */
  #resolve(runId: string, { items, id: step }: { items: number; id: string }): void {
    const path = `each[${Math.floor(this.#random() * items)}].${step}`;
    const action = this.#random() < 0.5 ? "complete" : "skip";
    const output =
      action === "complete" ? { output: { nonce: `nonce-${randomUUID()}`, value: -1 } } : {};
    const id = randomUUID();
    void this.#run(
      this.client.resolveStep(runId, path, { action, id, ...output }).then(
        () => void this.acknowledged.decisions.add(`${runId} ${id}`),
        (fault: unknown) => {
          const code = fault instanceof LockstitchError ? fault.code : "";
          if (!MAY_REFUSE.has(code)) throw fault;
        },
      ),
    );
  }

  #decide(runId: string, path: string): void {
    const approval = `${runId} ${path}`;
    if (this.#deciding.has(approval)) return;
    this.#deciding.add(approval);
    void this.#run(
      this.client.decideApproval(runId, path, { approved: this.#random() < 0.7 }).then(
        () => void this.acknowledged.approvals.add(approval),
        (fault: unknown) => {
          const code = fault instanceof LockstitchError ? fault.code : null;
          // Not answered: the next look shows whether it still waits.
          if (code === "store_unavailable" || code === "shutting_down")
            this.#deciding.delete(approval);
          // It was decided by the call that got no answer.
          else if (code !== "not_waiting" && code !== "run_terminal") throw fault;
        },
      ),
    );
  }

  #run(work: Promise<void>): Promise<void> {
    const kept: Promise<void> = work
      .catch((fault: unknown) => {
        this.complaints.push(String(fault));
      })
      .finally(() => void this.#underWay.delete(kept));
    this.#underWay.add(kept);
    return kept;
  }
}

function rank(file: string): number {
  return file.startsWith("leaf") || file.startsWith("chain") ? 0 : 1;
}
