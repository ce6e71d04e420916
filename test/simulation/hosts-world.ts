/**
 * The world of several hosts on one simulated disk: hosts die and come back, stop in good order, fall
 * asleep, are cut off, have clocks of their own; the disk is away for all; commits are slow, refused or without
 * an answer; clients call any host that is there. What must hold, judged by the disk, the journals and
 * the attempts alone:
 *
 *   M1. Whoever begins an attempt owns its run at that instant.
 *   M2. Every acknowledged start is a run, and every run ends.
 *   M3. A journal has no gap, and one outcome for each step instance: a value that an execution gave.
 *   M4. All executions of a step instance carry one idempotency key.
 *   M5. What a host has under way is told to stop before another one begins it, unless it is asleep.
 *   M6. No open run is without a host that has a lease for longer than UNOWNED_MS, while there is a
 *       host that reaches the disk, and need not be patient after an outage.
 *   M7. Instants and events start what they have to, once and not before the disk's clock says so,
 *       whatever the hosts' own clocks show: R1 to R5 (trigger-witness.ts).
 *   M8. Limits hold on all hosts together: L1 to L3 (hosts-limits.ts).
 *   M9. Rates too: T1 and T2 (hosts-rates.ts).
 *  M10. Start quotas too: P1 to P4 (hosts-starts.ts).
 */
import { parseEvents } from "#engine/embedded/event-blobs.ts";
import type { AttemptRequest, EngineOptions } from "#engine/embedded/options.ts";
import { isTerminal } from "#engine/embedded/run-facts.ts";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import type { TriggerOrigin } from "#kernel/run-links.ts";
import type { Clock } from "#ports/clock.ts";
import type { TurnCommit } from "#ports/journal.ts";
import { RESERVED_MS } from "#ports/start-quotas.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { aheadClock } from "../../src/system/ahead-clock.ts";
import { context, driven, nodes, work, workflow } from "../engine/engine-fixture.ts";
import { pick, type Random, seededRandom } from "../kernel/random-definition.ts";
import { HostsLimits, LIMITED, RELAY } from "./hosts-limits.ts";
import { HostsRates, PACED } from "./hosts-rates.ts";
import { AT_THE_END, HostsStarts, QUOTAS, QUOTED } from "./hosts-starts.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedHost } from "./simulated-hosts.ts";
import { SimulatedOwners } from "./simulated-owners.ts";
import { type CommitFault, SimulatedDisk, type StoreFaults } from "./simulated-store.ts";
import { type BegunRun, simulatedTriggers, TriggerWitness } from "./trigger-witness.ts";

const LEASE_MS = 10_000;
/** After a lease: looks come every second, and a load that met a cut pauses for up to five before it is tried again. */
const UNOWNED_MS = 10_000;
const HOSTS = 3;
const ROUNDS = 40;
const CALM_MS = 300_000;
const STEP_MS = 500;
/** Schedules end when about this much has been played. */
const TICKING_MS = 100_000;
/** A host halves the time that a quick beat took. */
const CLOCK_LOOSE_MS = 600;

/** The same name as the failure of the other worlds: scripts look for it. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

export interface HostsReport {
  runs: number;
  kills: number;
  cuts: number;
  outages: number;
  stops: number;
  stalls: number;
  /** Attempts that were made again. */
  repeats: number;
  /** Calls that were answered, of those about a run of another host's too. */
  calls: number;
  suspensions: number;
  /** Instants that fired, and events that started a run. */
  instants: number;
  events: number;
  /** Runs that failed because their hosts died again and again. */
  givenUp: number;
  /** What became of limits that hosts share. */
  settles: number;
  handOvers: number;
  reclaimed: number;
  full: number;
  refused: number;
  displaced: number;
  keyedRuns: number;
  passedOn: number;
  /** Attempts with a rate, and windows that were used up. */
  paced: number;
  windowsFull: number;
  /** Runs with a quota of starts, how often they used it up, and starts that were refused for it. */
  quotedRuns: number;
  quotaFull: number;
  quotaRefused: number;
}

const FAN: WorkflowDefinition = workflow("fan", {
  steps: [
    {
      ...{ id: "each", uses: "for_each", with: { items: [1, 2, 3, 4], as: "n", concurrency: 2 } },
      steps: [work("a", "give"), work("b", "give", { needs: ["a"] })],
    },
    work("last", "give", { needs: ["each"] }),
  ],
});
const NAP: WorkflowDefinition = workflow("nap", {
  steps: [
    work("a", "give"),
    { id: "nap", uses: "wait.for", needs: ["a"], with: { duration: "8s" } },
    work("b", "give", { needs: ["nap"] }),
  ],
});
const TALK: WorkflowDefinition = workflow("talk", {
  steps: [
    work("a", "give"),
    { id: "go", uses: "wait.signal", needs: ["a"], with: { name: "go" } },
    work("b", "give", { needs: ["go"] }),
  ],
});
const CHILD: WorkflowDefinition = workflow("child", {
  steps: [
    work("a", "give"),
    { id: "nap", uses: "wait.for", needs: ["a"], with: { duration: "9s" } },
  ],
});
const FAMILY: WorkflowDefinition = workflow("family", {
  steps: [
    { id: "one", uses: "workflow.run", with: { workflow: "child" } },
    work("last", "give", { needs: ["one"] }),
  ],
});
const tickOf = (untilMs: number): WorkflowDefinition =>
  workflow("tick", {
    triggers: [
      ...simulatedTriggers(untilMs, [
        { every: 7_000, overlap: "allow" },
        { every: 5_000, overlap: "skip" },
        { every: 11_000, overlap: "queue", jitter: "3s" },
      ]),
    ],
    steps: [work("a", "give")],
  });
const KINDS = [
  FAN,
  FAN,
  NAP,
  NAP,
  TALK,
  TALK,
  FAMILY,
  FAMILY,
  ...LIMITED,
  ...LIMITED,
  PACED,
  PACED,
  ...QUOTED,
];
/** Where attempts wait for nothing else, tokens are used as soon as they come. */
const MANY_PACED = [...KINDS, ...KINDS.map(() => PACED)];

interface UnderWay {
  readonly instance: string;
  readonly host: SimulatedHost;
  readonly signal: AbortSignal;
}

/** Whether it goes on beside `host`, and could have been told. */
function isAtWork({ host: other, signal }: UnderWay, host: SimulatedHost, nowMs: number): boolean {
  return other !== host && other.isAlive && other.stalledUntilMs < nowMs && !signal.aborted;
}

interface Host {
  readonly name: string;
  process: { readonly host: SimulatedHost; readonly engine: Engine } | null;
}

export async function playHosts(seed: number): Promise<HostsReport> {
  return await new HostsWorld(seed).play();
}

class HostsWorld {
  readonly #random: Random;
  readonly #clock = new SimulatedClock();
  readonly #disk: SimulatedDisk;
  readonly #owners: SimulatedOwners;
  readonly #hosts: readonly Host[];
  readonly #processes: SimulatedHost[] = [];
  readonly #started = new Set<string>();
  /** By workflow: when a start failed last, for another reason than that there was no room. */
  readonly #failedMs = new Map<string, number>();
  /** Starts without an answer so far, and who was asked. */
  readonly #starting = new Set<{ readonly id: string; readonly host: SimulatedHost }>();
  readonly #given = new Map<string, { readonly keys: Set<string>; readonly values: Set<string> }>();
  readonly #underWay = new Set<UnderWay>();
  readonly #triggers = new TriggerWitness((what) => {
    this.#fault ??= new SimulationFailure(`M7: ${what}`);
  });
  /** Runs of triggers, as they became durable. */
  readonly #triggered = new Map<string, { -readonly [Field in keyof BegunRun]: BegunRun[Field] }>();
  /** Events without an answer so far. */
  readonly #unanswered = new Map<string, ReturnType<TriggerWitness["event"]>>();
  #events = 0;
  readonly #unownedSinceMs = new Map<string, number>();
  readonly #report: HostsReport = {
    ...{
      runs: 0,
      kills: 0,
      cuts: 0,
      outages: 0,
      stops: 0,
      stalls: 0,
      repeats: 0,
      calls: 0,
      suspensions: 0,
      instants: 0,
      events: 0,
    },
    ...{ givenUp: 0, settles: 0, handOvers: 0, reclaimed: 0, full: 0, refused: 0 },
    ...{ displaced: 0, keyedRuns: 0, passedOn: 0, paced: 0, windowsFull: 0 },
    ...{ quotedRuns: 0, quotaFull: 0, quotaRefused: 0 },
  };
  #isCalm = false;
  #takenSinceMs = 0;
  #values = 0;
  #fault: SimulationFailure | null = null;
  readonly #attemptsMax: { readonly bulkhead: number; readonly tenant: number };
  readonly #limits: HostsLimits;
  readonly #rates = new HostsRates((what) => {
    this.#fault ??= new SimulationFailure(`M9: ${what}`);
  });
  readonly #starts = new HostsStarts({
    violate: (what) => {
      this.#fault ??= new SimulationFailure(`M10: ${what}`);
    },
    givenAtMs: (run) => this.#disk.data.starts.givenAtMs(run),
  });

  constructor(seed: number) {
    this.#random = seededRandom(seed * 104_729);
    // Now and then none: an attempt without a gate begins in other ways.
    const isLimited = seed % 3 !== 0;
    const most = () => (isLimited ? this.#between(2, 9) : Number.POSITIVE_INFINITY);
    this.#attemptsMax = { bulkhead: most(), tenant: most() };
    this.#limits = new HostsLimits(
      this.#attemptsMax,
      () => this.#clock.monotonicMs(),
      (what) => {
        this.#fault ??= new SimulationFailure(`M8: ${what}`);
      },
    );
    this.#disk = new SimulatedDisk(this.#clock);
    this.#owners = new SimulatedOwners(LEASE_MS, () => this.#clock.nowMs());
    this.#disk.data.owners = this.#owners;
    this.#disk.data.onTurn = (turn) => {
      this.#limits.durable(turn);
      this.#starts.durable(turn, this.#clock.nowMs());
      this.#witnessTurn(turn);
    };
    this.#hosts = Array.from({ length: HOSTS }, (_, at) => ({ name: `h${at + 1}`, process: null }));
  }

  async play(): Promise<HostsReport> {
    for (const host of this.#hosts) await this.#bring(host);
    for (const definition of [CHILD, RELAY]) {
      const saved = this.#anybody()?.saveWorkflow(context, definition);
      if (saved !== undefined) await driven(this.#clock, saved);
    }
    await this.#saveTicking();
    for (let round = 0; round < ROUNDS; round++) {
      await this.#act();
      await this.#pass(this.#between(0, 6_000));
    }
    await this.#calm();
    await this.#judge();
    for (const { process } of this.#hosts) if (process !== null) process.host.isAlive = false;
    const { settled, givenByOthers, reclaimed } = this.#disk.data.slots.counts;
    return Object.assign(
      this.#report,
      this.#limits.counts,
      this.#rates.counts,
      this.#starts.counts,
      {
        ...{ settles: settled, handOvers: givenByOthers, reclaimed },
      },
    );
  }

  #between(least: number, most: number): number {
    return Math.floor(least + this.#random() * (most - least));
  }

  async #act(): Promise<void> {
    const chance = this.#random();
    if (chance < 0.45) for (let left = this.#between(1, 4); left > 0; left--) this.#start();
    else if (chance < 0.6) this.#steer();
    else if (chance < 0.72) this.#kill(pick(this.#random, this.#hosts));
    else if (chance < 0.82) this.#cut(pick(this.#random, this.#hosts));
    else if (chance < 0.85) this.#outage();
    else if (chance < 0.88) this.#stall(pick(this.#random, this.#hosts));
    else if (chance < 0.93) this.#stop(pick(this.#random, this.#hosts));
    else this.#emit();
    for (const host of this.#hosts)
      if (host.process === null && this.#random() < 0.35) await this.#bring(host);
  }

  /** Time passes in steps; after each the disk is looked at. */
  async #pass(durationMs: number): Promise<void> {
    for (let leftMs = durationMs; leftMs > 0; leftMs -= STEP_MS) {
      await this.#clock.advanceBy(Math.min(leftMs, STEP_MS));
      this.#watchOwners();
      if (this.#fault !== null) throw this.#fault;
    }
  }

  /** M6. */
  #watchOwners(): void {
    const nowMs = this.#clock.monotonicMs();
    const mayTake = this.#hosts.some(
      ({ process }) =>
        process !== null &&
        !process.host.isCut &&
        !process.host.isPatient &&
        process.host.stalledUntilMs < nowMs,
    );
    if (!mayTake) this.#takenSinceMs = nowMs;
    const open = new Set(this.#disk.data.openKeys());
    for (const run of this.#unownedSinceMs.keys())
      if (!open.has(run)) this.#unownedSinceMs.delete(run);
    for (const run of open) {
      const { owner } = this.#owners.of(run);
      if (owner !== null && this.#owners.isHeld(owner)) this.#unownedSinceMs.delete(run);
      else if (!this.#unownedSinceMs.has(run)) this.#unownedSinceMs.set(run, nowMs);
      // A host that comes back may itself lapse within a lease; the one after that must do.
      const sinceMs = Math.max(
        this.#unownedSinceMs.get(run) ?? nowMs,
        this.#takenSinceMs + LEASE_MS,
      );
      if (nowMs - sinceMs > UNOWNED_MS)
        this.#fault ??= new SimulationFailure(`M6: nobody drives ${run} for ${nowMs - sinceMs} ms`);
    }
  }

  async #bring(slot: Host): Promise<void> {
    const random = this.#random;
    const host: SimulatedHost = new SimulatedHost({
      ...{ name: slot.name, data: this.#disk.data, owners: this.#owners, clock: this.#clock },
      network: {
        delayMs: () => this.#between(0, 20),
        isLost: () => random() < 0.5,
        isAnswerLost: () => !this.#isCalm && random() < 0.03,
      },
      others: () => this.#processes,
    });
    this.#processes.push(host);
    const store = this.#disk.join(host, this.#faultsOf(host));
    const skewMs = this.#between(-120_000, 120_000);
    const own: Clock = {
      nowMs: () => this.#clock.nowMs() + skewMs,
      monotonicMs: () => this.#clock.monotonicMs(),
      after: (delayMs, wake) =>
        this.#clock.after(delayMs, () => {
          if (host.stalledUntilMs <= this.#clock.monotonicMs()) {
            if (host.isAlive) wake();
          } else void host.awake().then(wake);
        }),
    };
    const clock = aheadClock(own);
    let last = 0;
    const engine = await driven(
      this.#clock,
      openHostEngine(
        {
          ...{ store, clock, nodes },
          admission: this.#admission(),
          random: { next: () => random() },
          ids: {
            runId: () => `run_${host.host}_${++last}`,
            commitId: () => `commit_${host.host}_${++last}`,
          },
          runner: { run: (request) => this.#attempt(host, request) },
          logger: {
            ...{ debug: () => {}, info: () => {}, warn: () => {} },
            error: (_fields, message) => {
              if (message.startsWith("the lease has run out")) this.#report.suspensions++;
            },
          },
          computer: {
            compute: async (uses, config) => {
              const definition = nodes.definition(uses);
              if (definition?.runPure == null) throw new Error(uses);
              return { ok: true, output: definition.runPure(definition.config.parse(config)) };
            },
            close: async () => {},
          },
          services: {
            fileRoot: null,
            http: {
              ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
              ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
            },
          },
          defer: (deferred) => queueMicrotask(deferred),
        },
        { hosts: host, takesRuns: true, onStoreClock: clock.adjust },
      ),
    );
    slot.process = { host, engine };
  }

  #admission(): NonNullable<EngineOptions["admission"]> {
    const { bulkhead, tenant } = this.#attemptsMax;
    if (bulkhead === Number.POSITIVE_INFINITY) return { quotas: QUOTAS };
    return {
      quotas: QUOTAS,
      bulkheads: { work: { limit: bulkhead, types: ["test.*"] } },
      tenantAttemptsMax: tenant,
    };
  }

  #faultsOf(host: SimulatedHost): StoreFaults {
    const away = (): number | "unavailable" => (host.isCut ? "unavailable" : this.#between(0, 10));
    return {
      onRead: away,
      onPut: away,
      onCommit: (): CommitFault => {
        const delayMs = this.#between(1, 30);
        if (host.isCut) return { kind: "unavailable", delayMs };
        const chance = this.#isCalm ? 1 : this.#random();
        if (chance < 0.03) return { kind: "unknown", isCommitted: this.#random() < 0.5, delayMs };
        if (chance < 0.05) return { kind: "unavailable", delayMs };
        if (chance < 0.07) return { kind: "none", delayMs: this.#between(500, 14_000) };
        return { kind: "none", delayMs };
      },
    };
  }

  /** M1, M5. Takes a while, and mostly stops soon when it is told to. */
  async #attempt(host: SimulatedHost, request: AttemptRequest): Promise<AttemptOutcome> {
    const { runId, path, idempotencyKey, signal } = request;
    const { owner } = this.#owners.of(`default\n${runId}`);
    if (owner !== host.host)
      this.#fault ??= new SimulationFailure(
        `M1: host ${host.host} begins ${runId} ${path} of ${owner}`,
      );
    const instance = `${runId} ${path}`;
    for (const other of this.#underWay)
      if (other.instance === instance && isAtWork(other, host, this.#clock.monotonicMs()))
        this.#fault ??= new SimulationFailure(
          `M5: hosts ${other.host.host} and ${host.host} do ${instance} at once`,
        );
    const mine = { instance, host, signal };
    this.#underWay.add(mine);
    const isAwake = () => host.isAlive && host.stalledUntilMs < this.#clock.monotonicMs();
    const ended = [
      this.#limits.begin(runId, path, () => isAwake() && !signal.aborted),
      this.#rates.begin(runId, path, this.#clock.monotonicMs()),
    ];
    const known = this.#given.get(`${runId} ${path}`) ?? { keys: new Set(), values: new Set() };
    this.#given.set(`${runId} ${path}`, known);
    if (known.keys.size > 0) this.#report.repeats++;
    known.keys.add(idempotencyKey);
    const value = `value-${++this.#values}`;
    // Who does not listen gives a result all the same, when nobody waits for it any more.
    const listens = this.#random() < 0.97;
    const takesMs = this.#between(1, !listens ? 25_000 : this.#random() < 0.1 ? 15_000 : 1_500);
    const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
    this.#clock.after(takesMs, () => {
      known.values.add(value);
      resolve({ ok: true, output: value });
    });
    signal.addEventListener("abort", () => {
      const error = { code: "aborted", message: "told to", retryable: false } as const;
      if (listens) resolve({ ok: false, error });
    });
    return await promise.finally(() => {
      this.#underWay.delete(mine);
      for (const end of ended) end();
    });
  }

  async #saveTicking(): Promise<void> {
    const tick = tickOf(this.#clock.nowMs() + TICKING_MS);
    for (;;) {
      // Until somebody has answered.
      const saving = this.#anybody()?.saveWorkflow(context, tick);
      if (saving === undefined) throw new Error("nobody is there");
      if (
        (await driven(
          this.#clock,
          saving.catch(() => null),
        )) !== null
      )
        return;
    }
  }

  #emit(): void {
    const event = this.#triggers.event(this.#events++);
    this.#unanswered.set(event.id, event);
    this.#emitAgain(event);
  }

  #emitAgain(event: ReturnType<TriggerWitness["event"]>): void {
    const emitting = this.#anybody()?.triggers.emit(context, event);
    emitting?.then(
      () => {
        this.#triggers.answered(event);
        this.#unanswered.delete(event.id);
      },
      () => undefined,
    );
  }

  /** Of a run that a trigger starts: when it began, and when it ended, by the disk's clock. */
  #witnessTurn({ runId, record, status }: TurnCommit): void {
    const nowMs = this.#clock.nowMs();
    if (record?.firstSeq === 1) {
      const [first] = parseEvents(record.events);
      const { trigger } = (first ?? {}) as { readonly trigger?: TriggerOrigin };
      if (trigger !== undefined)
        this.#triggered.set(runId, {
          ...{ runId, trigger, atMs: nowMs, begunMs: nowMs, endedMs: null },
        });
    }
    const run = this.#triggered.get(runId);
    if (run !== undefined && isTerminal(status)) run.endedMs ??= nowMs;
  }

  get #isTicking(): boolean {
    return this.#unanswered.size > 0 || this.#disk.data.triggers.nextDueAtMs() !== null;
  }

  /** M7. */
  #judgeTriggers(): void {
    const runs = [...this.#triggered.values()];
    this.#triggers.readEvents(runs);
    const { triggers } = this.#disk.data;
    const { items } = triggers.list("default", { kind: "schedule", limit: 9 });
    for (const { id, spec, createdAtMs: savedAtMs } of items) {
      const marks = triggers.marks("default", { workflow: "tick", id }, 200);
      const of = { marks, runs, savedAtMs, looseMs: CLOCK_LOOSE_MS };
      this.#triggers.readSchedule({ ...(JSON.parse(spec) as object), id }, of);
    }
    if (this.#isTicking) throw new SimulationFailure("M7: a schedule or an event has no end");
    if (this.#fault !== null) throw this.#fault;
    this.#report.instants = this.#triggers.counts.fired;
    this.#report.events = this.#triggers.counts.events;
  }

  /** A host that is there, whatever it can reach. */
  #anybody(): Engine | null {
    const there = this.#hosts.filter(({ process }) => process !== null);
    return there.length === 0 ? null : (pick(this.#random, there).process?.engine ?? null);
  }

  #start(): void {
    const isLimited = this.#attemptsMax.bulkhead < Number.POSITIVE_INFINITY;
    const definition = pick(this.#random, isLimited ? KINDS : MANY_PACED);
    const id = `${definition.name}-${++this.#report.runs}`;
    this.#startAs(definition, id);
    if (!QUOTED.includes(definition)) return;
    // More at once than there may be, and the same at another host.
    for (let left = this.#between(1, 4); left > 0; left--)
      this.#startAs(
        definition,
        this.#random() < 0.3 ? id : `${definition.name}-${++this.#report.runs}`,
      );
  }

  #startAs(definition: WorkflowDefinition, id: string): void {
    const there = this.#hosts.flatMap(({ process }) => (process === null ? [] : [process]));
    if (there.length === 0) return;
    const { host, engine } = pick(this.#random, there);
    const starting = { id, host };
    this.#starting.add(starting);
    const answered = QUOTED.includes(definition)
      ? this.#starts.ask(id, () => this.#clock.monotonicMs())
      : () => {};
    engine
      .start(context, { workflow: definition, id })
      .then(
        () => {
          this.#started.add(id);
          answered(null);
        },
        (error: unknown) => {
          answered((error as { code?: string }).code ?? "internal");
          if ((error as { code?: string }).code === "queue_full")
            this.#limits.refused(definition.name, this.#hasRival(definition.name, id));
          else this.#failedMs.set(definition.name, this.#clock.monotonicMs());
        },
      )
      .finally(() => this.#starting.delete(starting));
  }

  /** One that is being started, or whose start has failed just now: its host may have the slot still. */
  #hasRival(name: string, id: string): boolean {
    const failedMs = this.#failedMs.get(name) ?? Number.NEGATIVE_INFINITY;
    if (this.#clock.monotonicMs() - failedMs < LEASE_MS) return true;
    const others = [...this.#starting].filter((other) => other.id !== id);
    return others.some((other) => other.id.startsWith(`${name}-`));
  }

  /** Of a host that has died no answer comes. */
  get #isStarting(): boolean {
    return [...this.#starting].some(({ host }) => host.isAlive);
  }

  #steer(): void {
    const [id] = [...this.#started].filter(() => this.#random() < 0.2);
    const engine = this.#anybody();
    if (id === undefined || engine === null) return;
    const answered = () => void this.#report.calls++;
    const chance = this.#random();
    // What is refused, or not answered, is a client's to repeat: the calm does.
    const call =
      chance < 0.5
        ? engine.signal(context, id, { name: "go", id: "once", payload: 1 })
        : chance < 0.75
          ? engine.pause(context, id)
          : engine.resume(context, id);
    call.then(answered, () => undefined);
  }

  #kill(slot: Host): void {
    if (slot.process === null) return;
    slot.process.host.isAlive = false;
    slot.process = null;
    this.#report.kills++;
  }

  #cut(slot: Host): void {
    const host = slot.process?.host;
    if (host === undefined) return;
    host.isCut = true;
    this.#report.cuts++;
    this.#clock.after(this.#between(100, 25_000), () => {
      host.isCut = false;
    });
  }

  #outage(): void {
    this.#report.outages++;
    const hosts = this.#hosts.flatMap(({ process }) => (process === null ? [] : [process.host]));
    for (const host of hosts) host.isCut = true;
    this.#clock.after(this.#between(100, 25_000), () => {
      for (const host of hosts) host.isCut = false;
    });
  }

  #stall(slot: Host): void {
    const host = slot.process?.host;
    if (host === undefined) return;
    host.stalledUntilMs = this.#clock.monotonicMs() + this.#between(1_000, 25_000);
    this.#report.stalls++;
  }

  #stop(slot: Host): void {
    const { process } = slot;
    if (process === null) return;
    slot.process = null;
    this.#report.stops++;
    void process.engine.close(this.#between(0, 5_000)).then(() => {
      process.host.isAlive = false;
    });
  }

  /** Everything can be reached, and clients repeat what was not answered. */
  async #calm(): Promise<void> {
    this.#isCalm = true;
    for (const host of this.#processes) host.isCut = false;
    for (const host of this.#hosts) if (host.process === null) await this.#bring(host);
    const untilMs = this.#clock.monotonicMs() + CALM_MS;
    while (
      (this.#disk.data.openKeys().length > 0 || this.#isStarting || this.#isTicking) &&
      this.#clock.monotonicMs() < untilMs
    ) {
      for (const event of this.#unanswered.values()) this.#emitAgain(event);
      for (const run of this.#disk.data.openKeys()) {
        const id = run.slice(run.indexOf("\n") + 1);
        const engine = this.#anybody();
        // Nobody else is called: what is stuck must not be woken by a call.
        if (this.#disk.data.headOfKey(run).status === "paused")
          void engine?.resume(context, id).catch(() => undefined);
        if (id.startsWith("talk"))
          void engine
            ?.signal(context, id, { name: "go", id: "once", payload: 1 })
            .catch(() => undefined);
      }
      this.#watchRates();
      await this.#pass(5_000);
    }
  }

  /** Only where a step waits for nothing but its rate. */
  #watchRates(): void {
    if (this.#attemptsMax.bulkhead < Number.POSITIVE_INFINITY) return;
    const ids = this.#disk.data.openKeys().map((run) => run.slice(run.indexOf("\n") + 1));
    const paced = ids.filter((id) => id.startsWith("paced-"));
    this.#rates.calm(paced, this.#clock.monotonicMs());
  }

  async #judge(): Promise<void> {
    const engine = this.#anybody();
    if (engine === null) throw new Error("nobody is there");
    const left = this.#disk.data.openKeys();
    if (left.length > 0) {
      const [run = ""] = left;
      const { owner, epoch } = this.#owners.of(run);
      const id = run.slice(run.indexOf("\n") + 1);
      const { sentence } = await driven(this.#clock, engine.explain(context, id));
      throw new SimulationFailure(
        `M2: ${left.length} runs do not end, ${id} of ${owner} (epoch ${epoch}): ${sentence}`,
      );
    }
    for (const id of this.#started) {
      const run = await driven(this.#clock, engine.get(context, id));
      // A step whose hosts died three times in a row is given up, as it should be.
      const isGivenUp = run?.error?.code === "host_lost" || run?.error?.code === "child_failed";
      if (isGivenUp) this.#report.givenUp++;
      const isDisplaced = run?.status === "cancelled" && id.startsWith("newest-");
      if (run?.status !== "succeeded" && !isGivenUp && !isDisplaced)
        throw new SimulationFailure(`M2: ${id} is ${run?.status}: ${JSON.stringify(run?.error)}`);
      await this.#judgeJournal(engine, id);
    }
    this.#judgeTriggers();
    await this.#judgePlaces(engine);
    for (const [instance, { keys }] of this.#given)
      if (keys.size > 1)
        throw new SimulationFailure(`M4: ${instance} was executed under ${[...keys].join(", ")}`);
  }

  /** M10, P3. */
  async #judgePlaces(engine: Engine): Promise<void> {
    // What nobody has taken or given back is free again.
    await this.#clock.advanceBy(RESERVED_MS + STEP_MS);
    for (const { definition, max } of AT_THE_END)
      for (let at = 0; at <= max; at++) {
        const start = { workflow: definition, id: `${definition.name}-end-${at}` };
        const code = await driven(
          this.#clock,
          engine.start(context, start).then(
            () => null,
            (error: { readonly code?: string }) => error.code ?? "internal",
          ),
        );
        if (code !== (at < max ? null : "quota_exceeded"))
          throw new SimulationFailure(
            `M10: P3: start ${at + 1} of ${max} of ${definition.name} comes to ${code}`,
          );
      }
    if (this.#fault !== null) throw this.#fault;
  }

  /** M3. */
  async #judgeJournal(engine: Engine, id: string): Promise<void> {
    const events = await driven(this.#clock, engine.events(context, id, 0, 1_000));
    const settled = new Set<string>();
    for (const [at, { seq, type, path, event }] of events.entries()) {
      if (seq !== at + 1)
        throw new SimulationFailure(`M3: ${id} has ${seq} where ${at + 1} should be`);
      if (type !== "step.succeeded" || path === null) continue;
      if (settled.has(path)) throw new SimulationFailure(`M3: ${id} ${path} has two outcomes`);
      settled.add(path);
      const known = this.#given.get(`${id} ${path}`);
      if (known !== undefined && !known.values.has(String(event["output"])))
        throw new SimulationFailure(
          `M3: nobody gave ${id} ${path} ${JSON.stringify(event["output"])}`,
        );
    }
  }
}
