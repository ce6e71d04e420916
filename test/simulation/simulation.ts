/**
 * Deterministic simulation: the real kernel and the real engine on a simulated clock, executor and
 * store, with everything going wrong that a seed can think of; then a calm in which every run must
 * end; then a reading of the journals. One seed always plays the same.
 *
 * What a world is checked for:
 *   W1. Every start, signal and cancel that was answered is in a journal, once.
 *       So is every decision of an operator.
 *   W2. Every run ends in the calm; none is stuck.
 *   W3. Each step instance has one outcome; no attempt runs before its start is durable.
 *   W4. A step instance keeps one idempotency key through attempts, retries and restarts, and no
 *       two share one.
 *   W5. No attempt ever saw an output that is not the journaled one.
 *   W6. Folding a journal from nothing gives the state that its head says.
 *   W7. Admission keeps its limits: L1 to L4 (limit-witness.ts).
 *   W8. A `finally` that began is never cancelled, unless its cleanupTimeout has passed.
 *   W9. An attempt is handed the secrets it asks for, and no journal holds one; the journal names
 *       those of the connection that a step uses, and their versions.
 *   W13. Of attempts whose step was lost twice in a row, one process never runs two at a time.
 *   W10. A remembered result is the output of the attempt that it names; no attempt runs beside
 *       another one of its memo key, nor after one that has succeeded and does not expire.
 *   W11. A step that an operator has decided about begins nothing more and ends as decided, or with
 *       what ended before it.
 *   W12. An attempt is handed the newest details that its step's earlier ones had told, crashes or
 *       not, and is never failed for silence before its heartbeatTimeout is over.
 *   W14. Sagas undo what they have to, once and in reverse: S1 to S5 (compensation-witness.ts).
 *   W15. Runs that continue are one chain: N1 to N4 (chain-witness.ts).
 *   W16. Time limits cut off in time and not before, and nobody starves: T1 to T3 (time-witness.ts).
 *   W17. Nothing happens to a run that was terminated.
 *   W18. Large values stay what they are, whoever computes with them: V1, V2 (large-witness.ts).
 *   W20. No journal says that the store was away: whatever had to be read was read later.
 *   W21. Loops through streams get every item once: I1 to I3 (stream-witness.ts).
 *   W22. Instants and events start what they have to, once and in time: R1 to R5 (trigger-witness.ts).
 *   W19. Priorities and checkpoints are what operators made them: P1, P2, C1, C2 (steering-witness.ts).
 */
import { z } from "zod";
import { blobLink, hasBlobs, parseEvents, type StoredEvent } from "#engine/embedded/event-blobs.ts";
import { memoKey } from "#engine/embedded/memo-key.ts";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type { AttemptRequest, AttemptRunner, PureComputer } from "#engine/embedded/options.ts";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { agendaWants } from "#kernel/agenda-wants.ts";
import type { EventOf, RunEvent } from "#kernel/events.ts";
import { evolve } from "#kernel/evolve.ts";
import { stepOfPath } from "#kernel/history.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import { newState } from "#kernel/state.ts";
import { statusOf } from "#kernel/status.ts";
import { VALUE_FIELDS } from "#kernel/value-fields.ts";
import { ConnectionName, parseConnections } from "#nodes/connections/connection-schema.ts";
import { ConnectionBook } from "#nodes/connections/connections.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Clock } from "#ports/clock.ts";
import type { TurnRecord } from "#ports/journal.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { pick, type Random, randomDefinition, seededRandom } from "../kernel/random-definition.ts";
import { lastOfChain, readChains } from "./chain-witness.ts";
import { CompensationWitness } from "./compensation-witness.ts";
import {
  damageIn,
  LargeCounts,
  largePadding,
  readLarge,
  simulatedComputer,
} from "./large-witness.ts";
import { BULKHEAD_LIMIT, LimitWitness } from "./limit-witness.ts";
import { type Entry, endOf, type RunHistory, stepsOf } from "./run-history.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { decisionBroken, handedDetails, silenceBroken } from "./simulated-operator.ts";
import { type CommitFault, SimulatedDisk } from "./simulated-store.ts";
import { SteeringWitness } from "./steering-witness.ts";
import { readStreams, StreamCounts, simulatedStreams } from "./stream-witness.ts";
import { readTimes } from "./time-witness.ts";
import { type BegunRun, simulatedTriggers, TriggerWitness } from "./trigger-witness.ts";

const SECRET = "a-secret-of-the-simulation";
const SECRETS: Secrets = {
  resolve: async () => ({ value: SECRET, version: "1" }),
  version: () => "1",
  list: async () => ["KEY"],
  places: () => [],
};

const NODES = createRegistry([
  defineNode({
    type: "value",
    title: "Value",
    description: "Gives its value.",
    category: "user",
    icon: "dot",
    config: z.looseObject({}),
    output: z.unknown(),
    pure: true,
    run: (config) => (config as { value?: unknown }).value ?? null,
  }),
  defineNode({
    type: "boom",
    title: "Boom",
    description: "Fails.",
    category: "user",
    icon: "dot",
    config: z.looseObject({}),
    output: z.unknown(),
    pure: true,
    run: () => {
      throw new Error("boom");
    },
  }),
  defineNode({
    type: "work",
    title: "Work",
    description: "An effect that the simulation performs.",
    category: "user",
    icon: "dot",
    config: z.looseObject({ connection: ConnectionName.optional() }),
    output: z.unknown(),
    pure: false,
    run: async () => null,
  }),
]);

const GENERATE = { pure: "value", failing: "boom", effect: "work", depthMax: 2 };
/** What some worlds have more of, so that rare meetings are not left to chance alone. */
type Theme = "operators" | "sagas" | "large" | "streams" | null;

function themeOf(seed: number): Theme {
  if (seed % 7 === 0) return "streams";
  if (seed % 7 === 4) return "large";
  if (seed % 7 === 5) return "operators";
  return seed % 7 === 6 ? "sagas" : null;
}

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

export interface SimulationReport {
  readonly runs: number;
  readonly crashes: number;
  readonly commits: number;
  readonly faults: number;
  readonly attempts: number;
  readonly repeats: number;
  /** Attempts whose result is remembered. */
  readonly memoAttempts: number;
  /** Attempts that were handed details of an earlier one, and those that were failed for silence. */
  readonly handed: number;
  readonly silences: number;
  /** Attempts that ran alone because their step had been lost twice in a row. */
  readonly quarantined: number;
  readonly events: Readonly<Record<string, number>>;
  /** What was met of everything else that must not stay unmet, by name. */
  readonly met: Readonly<Record<string, number>>;
}

/** Plays one seed. Throws SimulationFailure; its message says what was violated. */
export async function simulate(seed: number): Promise<SimulationReport> {
  const world = new SimulatedWorld(seed);
  await world.play();
  return world.report();
}

/** What one process lives on: dies with it. */
class ProcessClock implements Clock {
  isAlive = true;
  /** Told once it has died. */
  onDeath: () => void = () => {};
  readonly #clock: SimulatedClock;
  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }
  nowMs(): number {
    return this.#clock.nowMs();
  }
  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }
  after(delayMs: number, wake: () => void): () => void {
    return this.#clock.after(delayMs, () => {
      if (this.isAlive) wake();
    });
  }
}

interface Execution {
  readonly runId: string;
  readonly path: string;
  readonly count: number;
}

/** Something that a client wants done, until it is answered. */
interface Operation {
  readonly what: string;
  perform(engine: Engine): Promise<void>;
  isAnswered: boolean;
  underWay: Engine | null;
}

class SimulatedWorld {
  readonly #theme: Theme;
  readonly #random: Random;
  readonly #clock = new SimulatedClock();
  readonly #disk: SimulatedDisk;
  readonly #definitions = new Map<string, WorkflowDefinition>();
  readonly #operations: Operation[] = [];
  readonly #keys = new Map<string, Execution>();
  readonly #keyOfStep = new Map<string, string>();
  /** Nonces by run and path: what executions gave, journaled or not. */
  readonly #seenNonces: { readonly by: string; readonly nonce: string }[] = [];
  /** Attempts at work in each process that run in quarantine. */
  readonly #suspects = new Map<ProcessClock, Set<string>>();
  readonly #limits = new LimitWitness((what) => this.#violate(`W7 ${what}`));
  readonly #compensations = new CompensationWitness((what) => this.#violate(`W14 ${what}`));
  readonly #large = new LargeCounts();
  readonly #streams = new StreamCounts();
  /** Computations under way. */
  #computing = 0;
  readonly #triggers = new TriggerWitness((what) => this.#violate(`W22 ${what}`));
  /** Of a world that fires schedules and emits events; null: the reads would move its other seeds. */
  readonly #triggerChance: Random | null;
  #emitted = 0;
  readonly #steering = new SteeringWitness((what) => this.#violate(`W19 ${what}`));
  /** Durable turns never change: each is parsed once, and the values behind its blobs are put in. */
  readonly #parsed = new WeakMap<TurnRecord, readonly RunEvent[]>();
  readonly #chains = {
    ...{ continued: 0, carried: 0, childrenContinued: 0, cancelled: 0, outputs: 0 },
  };
  readonly #times = { cleanups: 0, cutOff: 0, timeouts: 0, deadlines: 0, pausedLimits: 0 };
  /** When each turn became durable, by run and first event. */
  readonly #durableMs = new Map<string, number>();
  readonly #met: Record<string, number> = {};
  /** Of a world in which the store cannot be read now and then; null: it always can. */
  readonly #readChance: Random | null;
  #leapMs = 0;
  /** Memo keys of attempts at work in each process, and what they came to. */
  readonly #memoKeys = new Map<ProcessClock, Map<string, string>>();
  readonly #lasting = new Map<string, string>();
  readonly #answered = {
    starts: new Set<string>(),
    signals: new Set<string>(),
    cancels: new Set<string>(),
    terminations: new Set<string>(),
    resolutions: new Set<string>(),
    priorities: new Map<string, number[]>(),
  };
  #engine: Engine | null = null;
  #process: ProcessClock | null = null;
  #isCalm = false;
  #ids = 0;
  #crashes = 0;
  #faults = 0;
  #attempts = 0;
  #memoAttempts = 0;
  #handed = 0;
  #silences = 0;
  #quarantined = 0;
  #repeats = 0;
  #violation: string | null = null;
  #signals = 0;
  readonly #events: Record<string, number> = {};

  constructor(seed: number) {
    this.#theme = themeOf(seed);
    this.#random = seededRandom(seed);
    // A stream of its own: the other worlds stay as they are.
    this.#readChance = seed % 6 === 2 ? seededRandom(~seed) : null;
    this.#triggerChance = seed % 10 === 0 ? seededRandom(seed + 7_919) : null;
    this.#disk = new SimulatedDisk(this.#clock, {
      onCommit: ({ turns }) => this.#commitFault(turns.length),
      onRead: (operation) => this.#readFault(operation),
      onPut: () => (this.#isCalm || this.#random() < 0.95 ? 0 : "unavailable"),
    });
    this.#disk.data.onTurn = (turn) => {
      const { runId, record } = turn;
      if (record === null) return;
      const nowMs = this.#clock.monotonicMs();
      const events = this.#eventsOf(record);
      this.#durableMs.set(`${runId} ${record.firstSeq}`, nowMs);
      this.#limits.durable(runId, events, nowMs);
      this.#steering.durable(turn, events);
    };
  }

  async play(): Promise<void> {
    this.#prepare();
    this.#open();
    const until = this.#clock.monotonicMs() + 20_000;
    while (this.#clock.monotonicMs() < until) {
      await this.#move();
      this.#check();
    }
    this.#isCalm = true;
    await this.#calm();
    this.#read();
    this.#process = this.#die();
  }

  report(): SimulationReport {
    return {
      runs: this.#answered.starts.size,
      crashes: this.#crashes,
      commits: 0,
      faults: this.#faults,
      attempts: this.#attempts,
      repeats: this.#repeats,
      memoAttempts: this.#memoAttempts,
      handed: this.#handed,
      silences: this.#silences,
      quarantined: this.#quarantined,
      events: this.#events,
      met: {
        ...this.#met,
        ...this.#limits.counts,
        ...prefixed("large.", this.#large),
        ...prefixed("streams.", this.#streams),
        ...prefixed("triggers.", this.#triggers.counts),
        ...prefixed("steered.", this.#steering.counts),
        ...prefixed("undone.", this.#compensations.counts),
        ...prefixed("chain.", this.#chains),
        ...prefixed("time.", this.#times),
      },
    };
  }

  // The world's parts

  #prepare(): void {
    this.#definitions.set(
      "leaf",
      randomDefinition(this.#random, "leaf", {
        ...{ ...GENERATE, depthMax: 1, children: [] },
        ...{ manyReaders: this.#theme === "large", streams: this.#theme === "streams" },
      }),
    );
    const count = 1 + Math.floor(this.#random() * 2);
    for (let i = 0; i < count; i++)
      this.#definitions.set(
        `flow-${i}`,
        randomDefinition(this.#random, `flow-${i}`, {
          ...{ ...GENERATE, children: ["leaf"], runKeys: true },
          ...{ manySagas: this.#theme === "sagas", manyReaders: this.#theme === "large" },
          streams: this.#theme === "streams",
        }),
      );
    if (this.#triggerChance !== null)
      this.#definitions.set("tick", this.#ticking(this.#triggerChance));
    for (const definition of this.#definitions.values())
      this.#want(`save ${definition.name}`, async (engine) => {
        await engine.saveWorkflow(LOCAL_CONTEXT, definition);
      });
    const runs = 2 + Math.floor(this.#random() * 3);
    for (let i = 0; i < runs; i++) this.#wantStart(`run-${i}`, `flow-${i % count}`);
  }

  #ticking(random: Random): WorkflowDefinition {
    const untilMs = this.#clock.nowMs() + 18_000;
    const triggers = simulatedTriggers(untilMs, [
      { every: 2_000, overlap: "allow" },
      { every: 1_500, overlap: pick(random, ["skip", "queue", "cancelRunning"] as const) },
      { every: 1_000, overlap: "allow", catchUp: "2s", jitter: "700ms" },
    ]);
    const steps = [{ id: "work", uses: "work", with: {} }];
    return { language: 1, name: "tick", triggers: [...triggers], steps };
  }

  /** What becomes of triggers meanwhile: events, pauses and runs by hand. */
  #trigger(random: Random): void {
    const key = { workflow: "tick", id: pick(random, ["s0", "s1", "s2"]) };
    const chance = random();
    if (chance < 0.6) {
      const event = this.#triggers.event(this.#emitted++);
      return this.#want(`emit ${event.id}`, async (engine) => {
        if ((await engine.findWorkflow(LOCAL_CONTEXT, "tick")) === null)
          throw new LockstitchError("store_unavailable", "not saved yet");
        await engine.triggers.emit(LOCAL_CONTEXT, event);
        this.#triggers.answered(event);
      });
    }
    const name = `${key.id} ${this.#emitted++}`;
    this.#want(`schedule ${name}`, async ({ triggers }) => {
      if (chance < 0.75) await triggers.pause(LOCAL_CONTEXT, key);
      else if (chance < 0.9) await triggers.resume(LOCAL_CONTEXT, key);
      else await triggers.fire(LOCAL_CONTEXT, key, name);
    });
  }

  /** Whether all schedules have come to their end; what is paused is resumed. */
  #isTicking(): boolean {
    if (this.#triggerChance === null) return false;
    const { triggers } = this.#disk.data;
    const { items } = triggers.list("default", { kind: "schedule", limit: 10 });
    const paused = items.filter((row) => row.paused !== null);
    for (const row of paused)
      this.#want(`resume ${row.id}`, async (engine) => {
        await engine.triggers.resume(LOCAL_CONTEXT, row);
      });
    return paused.length > 0 || triggers.nextDueAtMs() !== null;
  }

  /** W22. */
  #readTriggers(histories: ReadonlyMap<string, RunHistory>): void {
    if (this.#triggerChance === null) return;
    const runs: BegunRun[] = [];
    for (const history of histories.values()) {
      const { runId, entries } = history;
      const [first] = entries;
      if (first?.event.type !== "run.queued" || first.event.trigger === undefined) continue;
      const { trigger } = first.event;
      const endedMs = endOf(history)?.durableMs ?? null;
      runs.push({ runId, trigger, atMs: first.atMs, begunMs: first.durableMs, endedMs });
    }
    this.#triggers.readEvents(runs);
    const { triggers } = this.#disk.data;
    for (const { id, spec, createdAtMs } of triggers.list("default", { kind: "schedule", limit: 9 })
      .items) {
      const marks = triggers.marks("default", { workflow: "tick", id }, 200);
      const of = { marks, runs, savedAtMs: createdAtMs, looseMs: this.#leapMs };
      this.#triggers.readSchedule({ ...(JSON.parse(spec) as object), id }, of);
    }
  }

  #want(what: string, perform: (engine: Engine) => Promise<void>): void {
    this.#operations.push({ what, perform, isAnswered: false, underWay: null });
  }

  #wantStart(id: string, workflow: string): void {
    this.#want(`start ${id}`, async (engine) => {
      if ((await engine.findWorkflow(LOCAL_CONTEXT, workflow)) === null)
        throw new LockstitchError("store_unavailable", "not saved yet");
      await engine.start(LOCAL_CONTEXT, { workflow, id, input: { id } });
      if (this.#disk.data.head("default", id) === null)
        this.#violate(`W1: start of ${id} was answered before it was durable`);
      this.#answered.starts.add(id);
    });
  }

  /** Resolves on the simulated clock: nobody may wait for it but by moving time. */
  #open(): void {
    const process = new ProcessClock(this.#clock);
    this.#process = process;
    this.#memoKeys.set(process, new Map());
    this.#suspects.set(process, new Set());
    void openEmbeddedEngine({
      firesSchedules: this.#triggerChance !== null,
      store: this.#disk.open(),
      clock: process,
      random: { next: this.#random },
      ids: {
        runId: () => `run-made-${this.#ids++}`,
        commitId: () => `commit-${this.#ids++}`,
      },
      logger: QUIET,
      nodes: NODES,
      services: SERVICES,
      secrets: SECRETS,
      runner: this.#runner(process),
      computer: this.#computer(process),
      streams: simulatedStreams({
        isAlive: () => process.isAlive,
        pass: async () => {
          const tookMs = this.#random() < 0.3 ? 3_000 : this.#random() * 200;
          await new Promise<void>((resolve) => void process.after(tookMs, resolve));
        },
        ...{ random: this.#random, counts: this.#streams },
      }),
      defer: (work) => void process.after(0, work),
      limits: {
        ...{ loadedRunsMax: 3, abortGraceMs: 200, attemptsMax: 4 },
        checkpointEvents: this.#theme === "sagas" ? 6 : 12,
        splitTurnsMin: 2,
        // Of large values none is kept, or a few.
        ...(this.#theme === "large" ? { cacheSizeMax: pick(this.#random, [1, 2, 8]) << 20 } : {}),
      },
      admission: { bulkheads: { work: BULKHEAD_LIMIT } },
    }).then(
      (engine) => {
        if (process.isAlive) this.#engine = engine;
      },
      (fault) => this.#violate(`the engine does not open: ${(fault as Error).stack}`),
    );
  }

  #die(): ProcessClock | null {
    if (this.#process !== null) {
      this.#process.isAlive = false;
      this.#process.onDeath();
      this.#computing = 0;
    }
    this.#engine = null;
    return null;
  }

  #runner(process: ProcessClock): AttemptRunner {
    return {
      run: (request) =>
        process.isAlive ? this.#execute(process, request) : new Promise<never>(() => {}),
    };
  }

  #computer(process: ProcessClock): PureComputer {
    return simulatedComputer(NODES, {
      isAlive: () => process.isAlive,
      pass: async () => {
        this.#computing++;
        const isSlow = this.#random() < 0.6;
        const tookMs = isSlow ? 2_000 + this.#random() * 8_000 : this.#random() * 200;
        await new Promise<void>((resolve) => void process.after(tookMs, resolve));
        this.#computing--;
      },
      onDeath: (lost) => {
        process.onDeath = lost;
      },
      counts: this.#large,
    });
  }

  async #execute(process: ProcessClock, request: AttemptRequest): Promise<AttemptOutcome> {
    const { signal } = request;
    this.#attempts++;
    this.#witness(request);
    const { token } = (request.config ?? {}) as { readonly token?: string };
    if (token !== undefined && token !== `Bearer ${SECRET}`)
      this.#violate(`W9: ${request.runId} ${request.path} was handed the secret ${token}`);
    this.#witnessDetails(request);
    const damage = damageIn(request.config);
    if (damage !== null)
      this.#violate(`W18 V1 ${request.runId} ${request.path} was handed ${damage}`);
    const quiet = this.#beat(process, request);
    const leave = this.#enterMemo(process, request, signal);
    const leaveQuarantine = this.#enterQuarantine(process, request, signal);
    const flags = (request.config ?? {}) as Parameters<LimitWitness["begin"]>[2];
    const end = signal.aborted
      ? () => {}
      : this.#limits.begin(process, request, flags, this.#clock.monotonicMs());
    // An aborted attempt may still be at work when its slot is free.
    signal.addEventListener("abort", end);
    const dice = this.#random();
    const done = this.#compensations.begin(request);
    // What a crash finds half done.
    const isUndoing = request.path.includes(".compensate[");
    const failing = this.#theme === "sagas" && isUndoing ? 0.4 : 0.18;
    if (dice >= failing && this.#random() < 0.5) done.isDone = true;
    await new Promise<void>((resolve) => {
      const isSlow = this.#random() < (this.#theme === null ? 0.12 : 0.35);
      const workMs = isSlow ? 8_000 + this.#random() * 8_000 : this.#random() * 400;
      const cancel = process.after(workMs, resolve);
      signal.addEventListener("abort", () => {
        if (this.#random() < 0.7) return;
        cancel();
        resolve();
      });
    });
    end();
    leave();
    quiet();
    leaveQuarantine();
    if (dice < 0.12) return failure("http.503", true);
    if (dice < failing) return failure("user.no", false);
    done.isDone = true;
    const nonce = `nonce-${this.#ids++}`;
    const echo = token === undefined ? {} : { token };
    if (this.#theme === "large" && this.#random() < 0.8)
      return { ok: true, output: { nonce, ...echo, padding: largePadding(nonce) } };
    return {
      ok: true,
      output: dice < 0.4 ? { nonce, ...echo, padding: "p".repeat(400) } : { nonce, ...echo },
    };
  }

  /** Some attempts give signs of life, often or seldom, with details or without; answers what ends that. */
  #beat(process: ProcessClock, request: AttemptRequest): () => void {
    const { runId, path, attempt } = request;
    if (this.#random() < (this.#theme === "sagas" ? 0.8 : 0.5)) return () => {};
    const everyMs = pick(this.#random, [700, 2_500, 6_000]);
    let count = 0;
    let cancel = () => {};
    const beat = () => {
      const long = count % 3 === 2 ? { padding: "b".repeat(400) } : {};
      if (this.#random() < 0.3) request.progress(count / 10, `${count}`);
      else request.heartbeat({ runId, path, attempt, count, ...long });
      count++;
      cancel = process.after(everyMs, beat);
    };
    cancel = process.after(this.#random() * 300, beat);
    request.signal.addEventListener("abort", () => cancel());
    return () => cancel();
  }

  #witnessDetails(request: AttemptRequest): void {
    const { runId, path, attempt, lastHeartbeat } = request;
    const expected = handedDetails(this.#journal(runId), { path, attempt });
    if (expected !== null) this.#handed++;
    if (JSON.stringify(lastHeartbeat ?? null) !== JSON.stringify(expected))
      this.#violate(
        `W12: ${runId} ${path} #${attempt} was handed ${JSON.stringify(lastHeartbeat)}, not ${JSON.stringify(expected)}`,
      );
  }

  /** W13; answers what ends it. */
  #enterQuarantine(
    process: ProcessClock,
    { runId, path }: AttemptRequest,
    signal: AbortSignal,
  ): () => void {
    let lost = 0;
    for (const { event } of this.#journal(runId))
      if ("path" in event && event.path === path) {
        if (event.type === "step.lost") lost++;
        else if (event.type === "step.retry_scheduled" || event.type === "step.resolved") lost = 0;
      }
    const suspects = this.#suspects.get(process);
    const leave = () => void suspects?.delete(`${runId} ${path}`);
    if (lost < 2 || signal.aborted || suspects === undefined) return leave;
    this.#quarantined++;
    if (suspects.size > 0) this.#violate(`W13: ${runId} ${path} runs beside ${[...suspects]}`);
    suspects.add(`${runId} ${path}`);
    signal.addEventListener("abort", leave);
    return leave;
  }

  /** W10 for the attempts at work; answers what ends it. */
  #enterMemo(process: ProcessClock, request: AttemptRequest, signal: AbortSignal): () => void {
    const { runId, path } = request;
    const key = this.#memoKeyOf(runId, path);
    const keys = this.#memoKeys.get(process);
    if (key === null || keys === undefined || signal.aborted) return () => {};
    const step = `${runId} ${path}`;
    const other = keys.get(key);
    if (other !== undefined) this.#violate(`W10: ${step} runs beside ${other}, its memo's leader`);
    keys.set(key, step);
    this.#memoAttempts++;
    const leave = () => {
      if (keys.get(key) === step) keys.delete(key);
    };
    signal.addEventListener("abort", leave);
    return leave;
  }

  /** The full key of a step's memo, from its journal alone; null: nothing is remembered of it. */
  #memoKeyOf(runId: string, path: string): string | null {
    const journal = this.#journal(runId);
    const scheduled = journal.find(
      ({ event }) => event.type === "step.scheduled" && event.path === path,
    )?.event;
    const queued = journal[0]?.event;
    if (scheduled?.type !== "step.scheduled" || queued?.type !== "run.queued") return null;
    const { memo, input: config = null, secrets = null } = scheduled;
    if (memo === undefined) return null;
    const { workflow, version: workflowVersion } = queued;
    const at = { tenant: "default", uses: "work", implementation: "1", runId };
    return memoKey({ ...at, workflow, workflowVersion, memo, config, secrets });
  }

  #witness(request: AttemptRequest): void {
    const step = `${request.runId} ${request.path}`;
    const known = this.#keys.get(request.idempotencyKey);
    if (known !== undefined && `${known.runId} ${known.path}` !== step)
      this.#violate(`W4: ${step} and ${known.runId} ${known.path} share an idempotency key`);
    const key = this.#keyOfStep.get(step);
    if (key !== undefined && key !== request.idempotencyKey)
      this.#violate(`W4: ${step} repeats with another idempotency key`);
    if (known !== undefined) this.#repeats++;
    this.#keyOfStep.set(step, request.idempotencyKey);
    this.#keys.set(request.idempotencyKey, {
      runId: request.runId,
      path: request.path,
      count: (known?.count ?? 0) + 1,
    });
    for (const [nonce] of JSON.stringify(request.config ?? null).matchAll(/nonce-\d+/g))
      this.#seenNonces.push({ by: step, nonce });
    const isStarted = this.#journal(request.runId).some(
      ({ event }) =>
        event.type === "step.started" &&
        event.path === request.path &&
        event.attempt === request.attempt,
    );
    if (!isStarted)
      this.#violate(`W3: ${step} attempt ${request.attempt} runs before its start is durable`);
  }

  #readFault(operation: string): number | "unavailable" {
    if (this.#isCalm) return 0;
    // Values are mostly in the cache. An engine that cannot open is not opened again here.
    const failing = operation === "turnAt" || operation === "getBlob" ? 0.3 : 0.05;
    if (this.#readChance !== null && this.#engine !== null && this.#readChance() < failing) {
      this.#meet("fault.unread");
      return "unavailable";
    }
    return this.#random() < 0.8 ? 0 : this.#random() * 30;
  }

  #commitFault(turns: number): CommitFault {
    const delayMs = this.#random() < 0.7 ? 0 : this.#random() * 20;
    if (this.#isCalm) return { kind: "none", delayMs };
    const dice = this.#random();
    if (dice > 0.15) return { kind: "none", delayMs };
    this.#faults++;
    this.#meet(dice < 0.05 ? "fault.unavailable" : dice < 0.1 ? "fault.unknown" : "fault.refused");
    if (dice < 0.05) return { kind: "unavailable", delayMs };
    if (dice < 0.1) return { kind: "unknown", isCommitted: this.#random() < 0.5, delayMs };
    // For a lasting reason a group is refused, then each of its runs is let in alone.
    return turns > 1 ? { kind: "refused", runId: null, delayMs } : { kind: "none", delayMs };
  }

  // Time passes

  async #move(): Promise<void> {
    const dice = this.#random();
    // What is lost while it is computed must not be left to chance.
    // Sagas meet more crashes, between more checkpoints.
    const isUndoing = this.#theme === "sagas" && this.#random() < 0.02;
    if (isUndoing || dice < (this.#computing > 0 ? 0.06 : 0.012)) return this.#crash();
    if (dice < 0.02) {
      const byMs = Math.floor((this.#random() - 0.3) * 5_000);
      this.#leapMs += Math.abs(byMs);
      this.#limits.leap(byMs);
      this.#meet("fault.clockJump");
      this.#clock.jumpWallClock(byMs);
    }
    if (dice < (this.#theme === "operators" ? 0.2 : 0.1)) this.#somethingHappens();
    if (this.#triggerChance !== null && this.#triggerChance() < 0.04)
      this.#trigger(this.#triggerChance);
    this.#tryOperations();
    await this.#clock.settle();
    if (!this.#clock.wakeNext()) await this.#clock.advanceBy(50 + this.#random() * 200);
    await this.#clock.settle();
  }

  #crash(): void {
    this.#crashes++;
    this.#die();
    this.#disk.crash(Math.floor(this.#random() * (this.#disk.unsyncedBatches + 1)));
    for (const operation of this.#operations) operation.underWay = null;
    this.#open();
  }

  #tryOperations(): void {
    const engine = this.#engine;
    if (engine === null) return;
    for (const operation of this.#operations) {
      if (operation.isAnswered || operation.underWay === engine) continue;
      operation.underWay = engine;
      void this.#tryOperation(operation, engine);
    }
  }

  async #tryOperation(operation: Operation, engine: Engine): Promise<void> {
    try {
      await operation.perform(engine);
      if (engine !== this.#engine) return;
      // The answer is lost on its way: whoever asked asks again.
      const isLost = this.#theme === "operators" && !this.#isCalm && this.#random() < 0.3;
      if (isLost) operation.underWay = null;
      else operation.isAnswered = true;
    } catch (fault) {
      if (engine !== this.#engine) return;
      operation.underWay = null;
      const code = fault instanceof LockstitchError ? fault.code : null;
      if (code === "store_unavailable" || code === "shutting_down" || code === "run_not_found")
        return;
      operation.isAnswered = true;
      if (
        code === null ||
        code === "internal" ||
        code === "journal_refused" ||
        code === "store_corrupt"
      )
        this.#violate(`${operation.what}: ${(fault as Error).stack}`);
    }
  }

  #somethingHappens(): void {
    const runs = [...this.#answered.starts];
    if (runs.length === 0) return;
    const runId = this.#currentOf(pick(this.#random, runs));
    if (this.#theme === "operators" && this.#random() < 0.6) return this.#wantResolved(runId);
    const dice = this.#random();
    if (dice < 0.45) return this.#wantSignal(runId, pick(this.#random, ["go", "on"]));
    if (dice < 0.6)
      return this.#want(
        `pause ${runId}`,
        async (engine) => void (await engine.pause(LOCAL_CONTEXT, runId)),
      );
    if (dice < 0.8)
      return this.#want(
        `resume ${runId}`,
        async (engine) => void (await engine.resume(LOCAL_CONTEXT, runId)),
      );
    if (dice < 0.85) return this.#wantCancel(runId);
    if (dice < 0.86) return this.#wantTerminated(runId);
    if (dice < 0.91) return this.#wantLabel(runId);
    this.#wantResolved(runId);
  }

  #wantSignal(runId: string, name: string): void {
    const id = `signal-${this.#signals++}`;
    this.#want(`signal ${id}`, async (engine) => {
      const payload = { big: "s".repeat(300), id };
      // Whoever got no answer asks again, and follows the run to where it goes on.
      const to = this.#currentOf(runId);
      await engine.signal(LOCAL_CONTEXT, to, { name, id, payload });
      this.#answered.signals.add(`${runId} ${id}`);
    });
  }

  /** The run that goes on in the place of `runId`, as far as is durable. */
  #currentOf(runId: string): string {
    for (let at = runId; ; ) {
      const last = this.#journal(at).at(-1)?.event;
      if (last?.type !== "run.continued") return at;
      if (this.#disk.data.head("default", last.toRunId) === null) return at;
      at = last.toRunId;
    }
  }

  #wantTerminated(runId: string): void {
    this.#want(`terminate ${runId}`, async (engine) => {
      await engine.terminate(LOCAL_CONTEXT, runId);
      this.#answered.terminations.add(runId);
    });
  }

  #meet(what: string): void {
    this.#met[what] = (this.#met[what] ?? 0) + 1;
  }

  /** An operator decides about a step that the run's journal names, whether that fits or not. */
  #wantResolved(runId: string): void {
    const paths = new Set(
      this.#journal(runId).flatMap(({ event }) =>
        event.type.startsWith("step.") && "path" in event ? [event.path] : [],
      ),
    );
    // Those that have not had their turn stand in no journal.
    const workflow = this.#workflowOf(runId)?.split(" ")[0] ?? "";
    for (const { id } of this.#definitions.get(workflow)?.steps ?? []) paths.add(id);
    if (paths.size === 0) return;
    const atWork = this.#theme === "operators" && this.#random() < 0.7 ? this.#atWork(runId) : [];
    const path = pick(this.#random, atWork.length > 0 ? atWork : [...paths]);
    const action = pick(this.#random, ["retry", "retry", "skip", "complete", "fail"] as const);
    const id = `resolve-${this.#ids++}`;
    this.#want(`${action} ${runId} ${path}`, async (engine) => {
      await engine.resolveStep(LOCAL_CONTEXT, runId, path ?? "", { action, id, output: { id } });
      // A retry of a step that is on its way already changes nothing.
      if (action !== "retry") this.#answered.resolutions.add(`${runId} ${id}`);
    });
  }

  /** Steps of the run with an attempt that runs. */
  #atWork(runId: string): string[] {
    const running = new Set<string>();
    for (const { event } of this.#journal(runId)) {
      if (!event.type.startsWith("step.") || !("path" in event)) continue;
      if (event.type === "step.started" && event.control === undefined) running.add(event.path);
      else if (event.type !== "step.heartbeat") running.delete(event.path);
    }
    return [...running];
  }

  #wantLabel(runId: string): void {
    const value = `${this.#ids++}`;
    const turn = Number(value) % 4;
    if (turn === 0)
      return this.#want(`prioritize ${runId}`, async (engine) => {
        const priority = Number(value) % 11;
        await engine.prioritize(LOCAL_CONTEXT, runId, { priority });
        const { priorities } = this.#answered;
        priorities.set(runId, [...(priorities.get(runId) ?? []), priority]);
      });
    if (turn === 1) return this.#wantCheckpoint(runId, Number(value) % 8 === 1);
    this.#want(
      `label ${runId}`,
      async (engine) =>
        void (await engine.label(LOCAL_CONTEXT, runId, { set: { value }, remove: ["no"] })),
    );
  }

  #wantCheckpoint(runId: string, pin: boolean): void {
    this.#want(`checkpoint ${runId}`, async (engine) => {
      const { seq } = await engine.care.checkpoint(LOCAL_CONTEXT, runId, { pin });
      const marks = await engine.care.checkpoints(LOCAL_CONTEXT, runId);
      if (pin && !marks.some((mark) => mark.seq === seq && mark.isPinned))
        this.#violate(`a pinned checkpoint of run ${runId} is gone`);
    });
  }

  #wantCancel(runId: string): void {
    this.#want(`cancel ${runId}`, async (engine) => {
      await engine.cancel(LOCAL_CONTEXT, runId);
      this.#answered.cancels.add(runId);
    });
  }

  // The calm

  async #calm(): Promise<void> {
    if (this.#random() < 0.5) this.#crash();
    for (let round = 0; round < 4_000; round++) {
      this.#check();
      this.#tryOperations();
      const open = this.#openRuns();
      const isIdle = open.length === 0 && !this.#hasUnborn() && !this.#isTicking();
      if (isIdle && this.#operations.every(({ isAnswered }) => isAnswered)) return;
      if (round % 5 === 0) await this.#help(open);
      await this.#clock.advanceBy(500);
    }
    const stuck = [];
    for (const runId of this.#openRuns())
      stuck.push(`${runId}: ${JSON.stringify(await this.#explain(runId))}`);
    this.#violate(
      `W2: stuck after the calm: ${stuck.join("; ")} ${this.#operations.filter(({ isAnswered }) => !isAnswered).map(({ what }) => what)}`,
    );
    this.#check();
  }

  async #explain(runId: string): Promise<unknown> {
    let answer: unknown = "no answer";
    void this.#engine?.explain(LOCAL_CONTEXT, runId).then(
      (explained) => {
        answer = explained.sentence;
      },
      (fault) => {
        answer = String(fault);
      },
    );
    await this.#clock.advanceBy(100);
    return answer;
  }

  /** Whether a run is still to begin that another has made durable. */
  #hasUnborn(): boolean {
    const { data } = this.#disk;
    return data
      .messages(10_000)
      .some(
        ({ kind, toRunId }) => kind.endsWith("_start") && data.head("default", toRunId) === null,
      );
  }

  #openRuns(): string[] {
    return this.#disk.data.openRuns(null, 1_000).map(({ runId }) => runId);
  }

  /** People do what the runs wait for, and nobody keeps a run paused. */
  async #help(open: readonly string[]): Promise<void> {
    const engine = this.#engine;
    if (engine === null) return;
    for (const runId of open) {
      if (this.#disk.data.head("default", runId)?.status === "paused")
        this.#want(`resume ${runId}`, async (to) => void (await to.resume(LOCAL_CONTEXT, runId)));
      this.#wantSignal(runId, "go");
      this.#wantSignal(runId, "on");
    }
    void engine.approvals(LOCAL_CONTEXT).then((approvals) => {
      for (const { runId, path } of approvals)
        this.#want(`approve ${runId} ${path}`, async (to) => {
          await to.decideApproval(LOCAL_CONTEXT, runId, path, { approved: this.#random() < 0.7 });
        });
    });
  }

  // Reading

  #journal(runId: string): Entry[] {
    return this.#disk.data.turns("default", runId, 0, 100_000).flatMap((turn) => {
      const { firstSeq, atMs } = turn;
      const durableMs = this.#durableMs.get(`${runId} ${firstSeq}`) ?? 0;
      return this.#eventsOf(turn).map((event, index) => ({
        ...{ event, seq: firstSeq + index, atMs, durableMs },
      }));
    });
  }

  #eventsOf(turn: TurnRecord): readonly RunEvent[] {
    let events = this.#parsed.get(turn);
    if (events === undefined) {
      events = parseEvents(turn.events).map((event) => this.#whole(event));
      this.#parsed.set(turn, events);
    }
    return events;
  }

  /** The event as the kernel made it. */
  #whole(stored: StoredEvent): RunEvent {
    if (!hasBlobs(stored)) return stored as unknown as RunEvent;
    const whole: Record<string, unknown> = { ...stored };
    for (const field of VALUE_FIELDS) {
      const link = blobLink(stored, field);
      if (link === null) continue;
      const content = this.#disk.data.blob("default", link.hash);
      if (content === null)
        this.#violate(`B1 an event refers to blob ${link.hash}, which is not there`);
      else whole[field] = JSON.parse(new TextDecoder().decode(content));
    }
    return whole as unknown as RunEvent;
  }

  #histories(): Map<string, RunHistory> {
    const runs = this.#disk.data.heads("default", { limit: 10_000 }).items;
    const histories = new Map<string, RunHistory>();
    for (const { runId, workflow: name } of runs) {
      const workflow = this.#definitions.get(name);
      if (workflow === undefined) continue;
      const steps = stepsOf(workflow);
      histories.set(runId, { runId, workflow, steps, entries: this.#journal(runId) });
    }
    return histories;
  }

  #read(): void {
    const runs = this.#disk.data
      .heads("default", { limit: 10_000 })
      .items.map(({ runId }) => runId);
    for (const runId of this.#answered.starts)
      if (this.#disk.data.head("default", runId) === null)
        this.#violate(`W1: run ${runId} was answered and is lost`);
    const outputs = new Set<string>();
    for (const runId of runs) this.#readRun(runId, outputs);
    this.#readTogether();
    for (const { by, nonce } of this.#seenNonces)
      if (!outputs.has(nonce))
        this.#violate(`W5: ${by} saw ${nonce}, which is no journaled output`);
    this.#check();
  }

  /** What takes all journals, and the witnesses beside them. */
  #readTogether(): void {
    const histories = this.#histories();
    this.#compensations.read(histories.values());
    this.#readTriggers(histories);
    readChains(histories, this.#chains, (what) => this.#violate(`W15 ${what}`));
    for (const history of histories.values()) {
      const violate = (what: string) => this.#violate(`W16 ${what}`);
      readTimes(history, this.#leapMs, { counts: this.#times, violate });
      readLarge(history, this.#large, (what) => this.#violate(`W18 ${what}`));
      readStreams(history, this.#streams, (what) => this.#violate(`W21 ${what}`));
      const { runId } = history;
      this.#steering.readPriorities(history, this.#answered.priorities.get(runId) ?? []);
      this.#steering.readMarks(runId, this.#disk.data.checkpointMarks("default", runId));
      for (const { step } of history.steps.values())
        for (const word of CONSTRUCTS) if (word in step) this.#meet(`has.${word}`);
      for (const word of CONSTRUCTS) if (word in history.workflow) this.#meet(`has.run.${word}`);
    }
    for (const answered of this.#answered.signals) this.#readAnswered(histories, answered);
    for (const runId of this.#answered.terminations) {
      const history = histories.get(runId);
      const end = history === undefined ? null : endOf(history)?.event;
      if (end === null) this.#violate(`W17: ${runId} was terminated and goes on`);
      if (end?.type === "run.cancelled" && end.terminated === true) this.#meet("terminated");
    }
  }

  /** W1 of a signal: some run of its chain has received it. */
  #readAnswered(histories: ReadonlyMap<string, RunHistory>, answered: string): void {
    const [runId = "", id] = answered.split(" ");
    const last = lastOfChain(histories, runId);
    for (let at: string | undefined = runId; at !== undefined; ) {
      const entries: readonly Entry[] = histories.get(at)?.entries ?? [];
      if (entries.some(({ event }) => event.type === "signal.received" && event.id === id)) return;
      const end: RunEvent | undefined = entries.at(-1)?.event;
      at = at !== last?.runId && end?.type === "run.continued" ? end.toRunId : undefined;
    }
    this.#violate(`W1: ${id} to ${runId} was answered and is lost`);
  }

  #checkConnection(runId: string, event: RunEvent): void {
    if (event.type !== "step.scheduled" || event.input === undefined) return;
    const name = (event.input as { readonly connection?: unknown } | null)?.connection;
    const said = JSON.stringify(event.connectionSecrets ?? []);
    const wanted = name === "shop" ? JSON.stringify([{ secret: "KEY", version: "1" }]) : "[]";
    if (said !== wanted) this.#violate(`W9: ${runId} ${event.path} names the secrets ${said}`);
    if (said !== "[]") this.#meet("connectionSecrets");
  }

  #readRun(runId: string, outputs: Set<string>): void {
    const journal = this.#journal(runId);
    const head = this.#disk.data.head("default", runId);
    const cutOff = new Set<string>();
    const settled = new Set<string>();
    const signals = new Set<string>();
    const unread = new Set<string>();
    const attempts = new Map<string, number | null>();
    for (const [index, { event, seq }] of journal.entries()) {
      this.#events[event.type] = (this.#events[event.type] ?? 0) + 1;
      if (JSON.stringify(event).includes(SECRET))
        this.#violate(`W9: run ${runId} shows a secret at event ${seq}`);
      if (JSON.stringify(event).includes("(simulated)"))
        this.#violate(`W20: run ${runId} tells what the store suffered at event ${seq}`);
      this.#checkConnection(runId, event);
      if (seq !== index + 1) this.#violate(`W6: run ${runId} has a gap at event ${index + 1}`);
      if (SETTLING.has(event.type) && "path" in event && event.path !== undefined) {
        if (settled.has(event.path)) this.#violate(`W3: ${runId} ${event.path} has two outcomes`);
        settled.add(event.path);
      }
      if (event.type === "scope.cancel_requested" && event.reason === "cleanup")
        cutOff.add(event.path);
      if (
        event.type === "scope.closed" &&
        event.outcome === "cancelled" &&
        /(^|\.)finally$/.test(event.path) &&
        !cutOff.has(event.path)
      )
        this.#violate(`W8: ${runId} ${event.path} was cancelled`);
      if (event.type === "signal.received") {
        if (signals.has(event.id)) this.#violate(`W1: ${runId} received ${event.id} twice`);
        signals.add(event.id);
      }
      if (event.type === "signal.received") unread.add(event.id);
      if (event.type === "signal.consumed" || event.type === "signal.unconsumed")
        unread.delete(event.id);
      if (event.type === "step.started" && event.control === undefined)
        attempts.set(event.path, event.attempt);
      if (event.type === "step.retry_scheduled" || event.type === "step.lost")
        if (attempts.has(event.path)) attempts.set(event.path, null);
      if (event.type === "step.retry_scheduled" && event.error.code === "heartbeat_timeout")
        this.#silences++;
      if (event.type === "step.resolved") attempts.delete(event.path);
      if (event.type === "step.memo_hit") {
        this.#readHit(runId, event);
        attempts.delete(event.path);
      }
      // What a person gives is no attempt's result.
      if (event.type === "step.resolved" && event.action === "complete")
        attempts.delete(event.path);
      if (
        event.type === "step.succeeded" &&
        event.attempt !== undefined &&
        event.outputRef === undefined
      )
        this.#readLasting(runId, event.path);
      if (event.type === "step.succeeded" && attempts.has(event.path))
        if (attempts.get(event.path) !== event.attempt)
          this.#violate(`W3: ${runId} ${event.path} succeeded by an attempt that was over`);
      if (event.type === "step.succeeded")
        for (const [nonce] of JSON.stringify(event.output ?? null).matchAll(/nonce-\d+/g))
          outputs.add(nonce);
    }
    if (unread.size > 0) this.#violate(`W1: ${runId} lost received signals ${[...unread]}`);
    const resolved = journal.flatMap(({ event }) =>
      event.type === "step.resolved" ? [event.id ?? ""] : [],
    );
    if (new Set(resolved).size !== resolved.length)
      this.#violate(`W1: ${runId} was told the same about a step twice: ${resolved}`);
    for (const answered of this.#answered.resolutions) {
      const [to, id = ""] = answered.split(" ");
      if (to === runId && !resolved.includes(id))
        this.#violate(`W1: ${id} to ${runId} was answered and is lost`);
    }
    if (this.#answered.cancels.has(runId) && !journal.some(({ event }) => ENDING.has(event.type)))
      this.#violate(`W1: the cancel of ${runId} was answered and is lost`);
    this.#fold(runId, journal, head?.status ?? null);
  }

  #readHit(runId: string, { path, key, from }: EventOf<"step.memo_hit">): void {
    const scheduled = this.#journal(runId).find(
      ({ event }) => event.type === "step.scheduled" && event.path === path,
    )?.event;
    const scope = scheduled?.type === "step.scheduled" ? scheduled.memo?.scope : undefined;
    const isWithin =
      scope === "tenant" ||
      (scope === "run" && from.runId === runId) ||
      (scope === "workflow" && this.#workflowOf(runId) === this.#workflowOf(from.runId));
    if (!isWithin)
      this.#violate(`W10: ${runId} ${path} has a result of ${from.runId}, out of its scope`);
    const output = this.#outputOf(runId, path);
    const given = this.#journal(from.runId).find(
      ({ event }) =>
        event.type === "step.succeeded" && event.path === from.path && event.attempt !== undefined,
    );
    const isSame =
      given?.event.type === "step.succeeded" &&
      given.atMs === from.atMs &&
      JSON.stringify(given.event.output ?? null) === JSON.stringify(output);
    if (
      !isSame ||
      key !== this.#memoKeyOf(runId, path) ||
      key !== this.#memoKeyOf(from.runId, from.path)
    )
      this.#violate(
        `W10: ${runId} ${path} has a result that ${from.runId} ${from.path} did not give`,
      );
  }

  #workflowOf(runId: string): string | null {
    const queued = this.#journal(runId)[0]?.event;
    return queued?.type === "run.queued" ? `${queued.workflow} ${queued.version}` : null;
  }

  #outputOf(runId: string, path: string): unknown {
    for (const { event } of this.#journal(runId))
      if (event.type === "step.succeeded" && event.path === path) return event.output ?? null;
    return undefined;
  }

  /** Of one key that never expires one attempt succeeds. */
  #readLasting(runId: string, path: string): void {
    const key = this.#memoKeyOf(runId, path);
    if (key === null || this.#expires(runId, path)) return;
    const other = this.#lasting.get(key);
    if (other !== undefined)
      this.#violate(`W10: ${runId} ${path} did again what ${other} had done`);
    this.#lasting.set(key, `${runId} ${path}`);
  }

  #expires(runId: string, path: string): boolean {
    return this.#journal(runId).some(
      ({ event }) =>
        event.type === "step.scheduled" && event.path === path && event.memo?.ttlMs !== undefined,
    );
  }

  #fold(runId: string, journal: readonly Entry[], status: string | null): void {
    const first = journal[0]?.event;
    const definition =
      first?.type === "run.queued" ? this.#definitions.get(first.workflow) : undefined;
    if (definition === undefined)
      return this.#violate(`W6: run ${runId} does not begin with run.queued`);
    const plan = compilePlan(definition, NODES);
    const decided = decisionBroken(journal);
    if (decided !== null) this.#violate(`W11: ${runId} ${decided}`);
    const silent = silenceBroken(
      journal,
      (path) => stepOfPath(plan, path)?.heartbeatTimeoutMs ?? null,
    );
    if (silent !== null) this.#violate(`W12: ${runId} ${silent}`);
    const state = newState(runId, plan);
    for (const { event, atMs } of journal) evolve(state, event, atMs);
    const labels = JSON.stringify(this.#disk.data.head("default", runId)?.labels);
    if (labels !== JSON.stringify(state.labels))
      this.#violate(`W6: run ${runId} folds to ${JSON.stringify(state.labels)}, not to ${labels}`);
    if (statusOf(state) !== status)
      this.#violate(`W6: run ${runId} folds to ${statusOf(state)}, its head says ${status}`);
    if (agendaWants(state)) this.#violate(`W6: run ${runId} ended with work left`);
  }

  #violate(what: string): void {
    this.#violation ??= what;
  }

  #check(): void {
    if (this.#violation !== null) throw new SimulationFailure(this.#violation);
  }
}

/** Policies and fields of the language that some world must use. */
const CONSTRUCTS = [
  ...["compensate", "cleanupTimeout", "concurrency", "rateLimit", "circuitBreaker", "memo"],
  ...["priority", "deadline", "timeout", "heartbeatTimeout", "retry", "onError", "finally"],
];

function prefixed(
  prefix: string,
  counts: Readonly<Record<string, number>> | object,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [`${prefix}${name}`, count as number]),
  );
}

/** A cancel that finds the run ending already changes nothing, and is answered. */
const ENDING: ReadonlySet<string> = new Set([
  "run.cancel_requested",
  "run.stop_requested",
  "run.deadline_passed",
]);

const SETTLING: ReadonlySet<string> = new Set([
  "step.succeeded",
  "step.failed",
  "step.skipped",
  "step.blocked",
  "step.cancelled",
]);

function failure(code: string, retryable: boolean): AttemptOutcome {
  return { ok: false, error: { code, message: "simulated", retryable } };
}

const SHOP = { kind: "redis", host: "shop.example", password: { secret: "KEY" } };

const SERVICES = {
  fileRoot: null,
  connections: new ConnectionBook(parseConnections({ shop: SHOP }).connections, SECRETS),
  http: {
    allowPrivate: false,
    allowCidrs: [],
    allowHosts: [],
    denyHosts: [],
    redirectsMax: 0,
    responseBytesMax: 0,
    timeoutMs: 0,
    callsPerRunMax: 0,
  },
};
