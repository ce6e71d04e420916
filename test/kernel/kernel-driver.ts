/**
 * A run on the bare kernel: an in-memory journal, values in a map, effects that the test performs
 * by hand. After every decision it checks what must always hold: effects are the difference of
 * pending(state), the journal folds to the same state, a checkpoint restores to the same state.
 */
import { z } from "zod";
import { isSameState, restoreState, saveState } from "#kernel/checkpoint.ts";
import { decide } from "#kernel/decide.ts";
import type { Decision, World } from "#kernel/decision.ts";
import type { Effect, Send } from "#kernel/effects.ts";
import type { RunEvent } from "#kernel/events.ts";
import { evolve } from "#kernel/evolve.ts";
import { explainRun } from "#kernel/explain.ts";
import { evaluateFar, FarConfig, replacePacked } from "#kernel/far-config.ts";
import type { PassedGate, StepGates } from "#kernel/gates.ts";
import type { AttemptOutcome, ComputedOutcome, Input, SlotGrant } from "#kernel/inputs.ts";
import { guarded } from "#kernel/outcome.ts";
import { pending } from "#kernel/pending.ts";
import type { Pins } from "#kernel/run-links.ts";
import { newState, type RunState } from "#kernel/state.ts";
import { takeChanges } from "#kernel/step-effects.ts";
import { NOT_LOADED, type ValueRef } from "#kernel/value-ref.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { NodeType, NodeTypes } from "#workflow/node-types.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import type { Plan } from "#workflow/plan.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { itemsRead } from "./random-stream.ts";
import { wrongCounts } from "./recount.ts";
import { resolveRef, valueInEvent } from "./resolve-ref.ts";

/**
 * Node types: `value` (pure, gives its `value`), `boom` (pure, fails), `map` (pure, has a function),
 * `work` (an effect), `count` (an effect that the commit makes, as state.counter).
 */
export const TEST_NODES: NodeTypes = (() => {
  const types = new Map<string, NodeType>();
  const add = (type: string, execution: "pure" | "effect", isExact = false) =>
    types.set(type, {
      type,
      title: type,
      description: type,
      category: "data",
      execution,
      isExact,
      config: z.looseObject({}),
      output: z.unknown(),
      functionFields: new Set(type === "map" ? ["map"] : []),
      ...(type === "work" ? { connectionFields: new Set(["connection"]) } : {}),
    });
  add("value", "pure");
  add("boom", "pure");
  add("map", "pure");
  add("work", "effect");
  add("count", "effect", true);
  return { get: (type) => types.get(type), names: () => [...types.keys()] };
})();

export function planOf(definition: Omit<WorkflowDefinition, "language" | "name">): Plan {
  return compilePlan(
    { language: 1, name: "test", ...definition } as WorkflowDefinition,
    TEST_NODES,
  );
}

interface Entry {
  readonly event: RunEvent;
  readonly atMs: number;
}

/** What the engine's admission would say of an attempt that passed these. */
function grantOf(path: string, { concurrency, rateLimit, circuitBreaker }: StepGates): SlotGrant {
  const keys: PassedGate[] = [];
  if (circuitBreaker !== undefined) keys.push({ gate: "circuit_breaker", key: circuitBreaker.key });
  if (concurrency !== undefined) keys.push({ gate: "concurrency", key: concurrency.key });
  if (rateLimit !== undefined) keys.push({ gate: "rate_limit", key: rateLimit.key });
  return { path, gates: keys, waitedMs: 12 };
}

export interface DriverOptions {
  readonly random?: () => number;
  /** Versions that names of workflows mean in the run. */
  readonly pins?: Pins;
  /** Turns end after this many answers of exhausted(); undefined: never. */
  readonly exhaustAfter?: number;
  /** Values must be asked for before they are there. */
  readonly lazyValues?: boolean;
  /**
   * Characters of JSON over which a value comes packed to pure steps, as its bytes, and a
   * configuration is computed later (compute()). undefined: everything is evaluated in the turn.
   */
  readonly packedFrom?: number;
  /** Of secrets, at an instant; absent: no version is known. */
  readonly secretVersion?: (name: string, nowMs: number) => string | null;
  /** Answers other than the driver's. */
  readonly world?: Partial<World>;
  /** Check replay and checkpoint after every decision, not only when asked. */
  readonly paranoid?: boolean;
  /** Called before each decision, on a world of its own; what it answers is called after it. */
  readonly observe?: (
    state: RunState,
    input: Input,
    world: World,
  ) => ((decision: Decision) => void) | undefined;
}

export class KernelDriver {
  readonly plan: Plan;
  readonly options: DriverOptions;
  state: RunState;
  readonly journal: Entry[] = [];
  readonly effects = new Map<string, Effect>();
  readonly sends: Send[] = [];
  /** Pure steps that are being computed off the turn. */
  readonly computing: Decision["compute"][number][] = [];
  /** Of those so far: evaluated from bytes; from objects; their steps had ended meanwhile, or try again. */
  readonly computed = { far: 0, near: 0, unneeded: 0, cancelled: 0, retried: 0 };
  nowMs = 1_000_000;
  more = false;
  readonly #loaded = new Set<string>();

  constructor(plan: Plan, options: DriverOptions = {}) {
    this.plan = plan;
    this.options = options;
    this.state = newState("run_test", plan);
  }

  start(input: unknown = {}): this {
    this.give({
      kind: "start",
      workflow: "test",
      version: 1,
      input,
      labels: {},
      priority: null,
      parent: null,
      ...(this.options.pins === undefined ? {} : { pins: this.options.pins }),
      forkedFrom: null,
      by: "test",
      trace: null,
      startKey: null,
    });
    return this.give({ kind: "admit_run" });
  }

  /** Decides one input; loads what it needs and goes on until only `more` is left. */
  give(input: Input): this {
    let decision = this.#decide(input);
    while (decision.needs.length > 0) {
      this.#load(decision.needs);
      decision = this.#decide(decision.again ? input : { kind: "continue" });
    }
    this.more = decision.more;
    if (this.options.paranoid) this.verify();
    return this;
  }

  lastDecision: Decision | null = null;

  #decide(input: Input): Decision {
    const observed = this.options.observe?.(this.state, input, this.#world());
    const decision = decide(this.state, input, this.#world());
    observed?.(decision);
    this.lastDecision = decision;
    for (const event of decision.events) this.journal.push({ event, atMs: this.state.nowMs });
    for (const change of decision.changes) {
      if (change.op === "stop") {
        if (!this.effects.delete(change.effect.key))
          throw new Error(`stop of unknown effect ${change.effect.key}`);
      } else {
        this.effects.set(change.effect.key, change.effect);
      }
    }
    this.sends.push(...decision.sends);
    this.computing.push(...decision.compute);
    return decision;
  }

  #load(refs: readonly ValueRef[]): void {
    const missing: { seq: number; field: string }[] = [];
    for (const ref of refs) resolveRef(ref, (seq, field) => this.#lookup(seq, field), missing);
    if (missing.length === 0)
      throw new Error(`asked for values that are there: ${JSON.stringify(refs)}`);
    for (const { seq, field } of missing) this.#loaded.add(`${seq}/${field}`);
  }

  #lookup(seq: number, field: string): unknown {
    if (this.options.lazyValues && !this.#loaded.has(`${seq}/${field}`)) return NOT_LOADED;
    const entry = this.journal[seq - 1];
    if (entry === undefined) return NOT_LOADED;
    return valueInEvent(entry.event as unknown as Record<string, unknown>, { f: field }) ?? null;
  }

  readonly #fresh = new Map<string, unknown>();

  #get(ref: ValueRef): unknown {
    return resolveRef(ref, (seq, field) =>
      this.#fresh.has(`${seq}/${field}`)
        ? this.#fresh.get(`${seq}/${field}`)
        : this.#lookup(seq, field),
    );
  }

  #getPacked(ref: ValueRef): unknown {
    const value = this.#get(ref);
    const isWhole = "at" in ref && ref.i === undefined && !ref.f.includes(".");
    if (typeof value === "symbol" || !isWhole || !this.#isLarge(value)) return value;
    return new PackedJson(new TextEncoder().encode(JSON.stringify(value)), "");
  }

  #isLarge(value: unknown): boolean {
    const { packedFrom } = this.options;
    return packedFrom !== undefined && JSON.stringify(value ?? null).length > packedFrom;
  }

  /** Delivers the outcome of a pure step that is computed off the turn; `fault`: it fails with this. */
  compute(at = 0, fault: ComputedOutcome | null = null): this {
    const [step] = this.computing.splice(at, 1);
    if (step === undefined) throw new Error("nothing is computed");
    const { path, uses, config } = step;
    const isFar = config instanceof FarConfig;
    this.computed[isFar ? "far" : "near"]++;
    const before = this.journal.length;
    this.give({
      kind: "computed",
      path,
      outcome: fault ?? (isFar ? farOutcome(uses, config) : runTestNode(uses, config)),
    });
    const next = this.journal[before]?.event.type;
    if (next === undefined) this.computed.unneeded++;
    else if (next === "step.cancelled") this.computed.cancelled++;
    else if (next === "step.retry_scheduled") this.computed.retried++;
    return this;
  }

  #world(): World {
    let left = this.options.exhaustAfter ?? Number.POSITIVE_INFINITY;
    const { packedFrom } = this.options;
    return {
      nowMs: this.nowMs,
      values: {
        get: (ref) => this.#get(ref),
        ...(packedFrom === undefined ? {} : { getPacked: (ref) => this.#getPacked(ref) }),
        put: (seq, field, value) => {
          if (!this.options.lazyValues || seq > this.journal.length)
            this.#fresh.set(`${seq}/${field}`, value);
        },
      },
      pure: (uses, config) => (this.#isLarge(config) ? "later" : runTestNode(uses, config)),
      ...(packedFrom === undefined ? {} : { computesFar: (uses) => uses === "value" }),
      secretVersion: (name) => this.options.secretVersion?.(name, this.nowMs) ?? null,
      connectionSecrets: (name) => (name === "shop" ? [{ secret: "SHOP", version: "1" }] : []),
      validate: (schema, value) =>
        (schema as { readonly type?: string }).type === typeof value
          ? null
          : `is no ${String((schema as { type?: string }).type)}`,
      random: this.options.random ?? (() => 0.5),
      exhausted: () => left-- <= 0,
      ...this.options.world,
    };
  }

  /** Everything that must hold between decisions. */
  verify(): void {
    const wanted = pending(this.state)
      .effects.map((effect) => JSON.stringify(effect))
      .sort();
    const performed = [...this.effects.values()].map((effect) => JSON.stringify(effect)).sort();
    if (wanted.join("\n") !== performed.join("\n"))
      throw new Error(
        `effects are not pending(state):\n${wanted.join("\n")}\n-- performed --\n${performed.join("\n")}`,
      );
    const wrong = wrongCounts(this.state);
    if (wrong.length > 0) throw new Error(`counts are wrong: ${wrong.join("; ")}`);
    const saved = saveState(this.state);
    const replay = this.replay();
    const replayed = saveState(replay);
    // No event tells what is being computed: a replay has it on its agenda, where it came to it.
    if (this.options.packedFrom === undefined && replayed !== saved)
      throw new Error(`replay differs ${firstDifference(saved, replayed)}`);
    const restored = restoreState(saved, this.plan);
    if (restored === null) throw new Error("a fresh checkpoint was refused");
    if (saveState(restored) !== saved)
      throw new Error(`restore differs ${firstDifference(saved, saveState(restored))}`);
    if (!isSameState(restored, replay))
      throw new Error(`restored is not replayed ${firstDifference(saved, replayed)}`);
    if (pending(restored).effects.length !== wanted.length)
      throw new Error("restored effects differ");
    for (const { path, live } of this.state.steps.values())
      if (live?.computing === true && !this.computing.some((step) => step.path === path))
        throw new Error(`stuck: nobody computes "${path}"`);
    if (this.state.terminal === null && explainRun(this.state, this.nowMs).length === 0)
      throw new Error(`stuck: explains nothing\n${saved}`);
  }

  /** The journal so far, folded from nothing. */
  replay(length = this.journal.length): RunState {
    const state = newState("run_test", this.plan);
    for (const { event, atMs } of this.journal.slice(0, length)) evolve(state, event, atMs);
    takeChanges(state);
    return state;
  }

  /** Continues from a checkpoint, as another process would. */
  restart(): this {
    const restored = restoreState(saveState(this.state), this.plan);
    if (restored === null) throw new Error("a fresh checkpoint was refused");
    this.state = restored;
    this.effects.clear();
    this.#fresh.clear();
    this.#loaded.clear();
    this.computing.length = 0;
    for (const effect of pending(restored).effects) this.effects.set(effect.key, effect);
    return this;
  }

  /** Admits everything that asks, completes everything that runs by `work`, until nothing of that is left. */
  settle(
    work: (effect: Extract<Effect, { kind: "attempt" }>, input: unknown) => AttemptOutcome = echo,
  ): this {
    for (let round = 0; round < 100_000; round++) {
      if (this.more) {
        this.give({ kind: "continue" });
        continue;
      }
      if (this.computing.length > 0) {
        this.compute();
        continue;
      }
      const effect = [...this.effects.values()].find(
        ({ kind }) =>
          kind === "admit" || kind === "attempt" || kind === "abort" || kind === "items",
      );
      if (effect === undefined) return this;
      this.perform(effect, work);
    }
    throw new Error("does not settle");
  }

  perform(
    effect: Effect,
    work: (effect: Extract<Effect, { kind: "attempt" }>, input: unknown) => AttemptOutcome = echo,
  ): this {
    switch (effect.kind) {
      case "admit_run":
        return this.give({ kind: "admit_run" });
      case "admit":
        return this.give({
          kind: "admit",
          paths: [effect.path],
          ...(effect.gates === null ? {} : { grants: [grantOf(effect.path, effect.gates)] }),
        });
      case "attempt":
        return this.give({
          kind: "result",
          path: effect.path,
          attempt: effect.attempt,
          outcome: work(effect, this.value(effect.input)),
        });
      case "items":
        return this.give(itemsRead(effect, this.value(effect.stream), this.value(effect.position)));
      case "abort":
        return this.give({
          kind: "result",
          path: effect.path,
          attempt: effect.attempt,
          outcome: { ok: false, error: { code: "aborted", message: "aborted", retryable: false } },
        });
      case "timer":
        this.nowMs = Math.max(this.nowMs, effect.dueAtMs);
        return this.give({ kind: "timer", key: effect.key });
    }
  }

  value(ref: Parameters<typeof resolveRef>[0]): unknown {
    return resolveRef(ref, (seq, field) =>
      valueInEvent(this.journal[seq - 1]?.event as unknown as Record<string, unknown>, {
        f: field,
      }),
    );
  }

  /** Fires the timer that is due first. */
  fireNext(): this {
    const timers = [...this.effects.values()].filter((effect) => effect.kind === "timer");
    const next = timers.sort((left, right) => left.dueAtMs - right.dueAtMs)[0];
    if (next === undefined) throw new Error("no timer is set");
    return this.perform(next);
  }

  types(): string[] {
    return this.journal.map(({ event }) => event.type);
  }

  /** `type path` of every event about a step, in order. */
  story(): string[] {
    return this.journal.flatMap(({ event }) =>
      event.type.startsWith("step.") && "path" in event
        ? [`${event.type.slice(5)} ${event.path}`]
        : [],
    );
  }

  output(): unknown {
    return this.value(this.state.output);
  }
}

function firstDifference(left: string, right: string): string {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return `at ${at}:\n...${left.slice(Math.max(0, at - 200), at + 200)}\n...${right.slice(Math.max(0, at - 200), at + 200)}`;
}

function echo(_effect: unknown, input: unknown): AttemptOutcome {
  return { ok: true, output: input };
}

function runTestNode(uses: string, config: unknown): AttemptOutcome {
  if (uses === "boom")
    return { ok: false, error: { code: "failed", message: "boom", retryable: false } };
  return { ok: true, output: (config as { readonly value?: unknown } | null)?.value ?? null };
}

/** As whoever computes it away from the kernel does. */
function farOutcome(uses: string, { parts }: FarConfig): ComputedOutcome {
  const config = guarded(() =>
    evaluateFar(
      replacePacked(parts, ({ content }) => JSON.parse(new TextDecoder().decode(content))),
    ),
  );
  return config.ok ? runTestNode(uses, config.value) : { ...config, isFaulty: true };
}
