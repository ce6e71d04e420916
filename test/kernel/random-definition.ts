/**
 * Random nested workflows from a seed: every scope, every policy that the kernel knows, pure and
 * effectful steps, waits, children. Shared by the kernel's properties and the simulator.
 */
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import { randomStream } from "./random-stream.ts";

export type Random = () => number;

/** Mulberry32: small, fast, good enough to choose with. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
}

export const RANDOM_RATE = { limit: 2, per: 1_500 } as const;
export const RANDOM_BREAKER = { resetAfterMs: 2_000 } as const;

export interface GenerateOptions {
  /** Which step types stand for pure work, failing pure work and effects. */
  readonly pure: string;
  readonly failing: string;
  readonly effect: string;
  /** Names of workflows that may be run as children. */
  readonly children: readonly string[];
  readonly depthMax: number;
  /** Whether runs may share a concurrency key. */
  readonly runKeys?: boolean;
  /** More sagas, and effects in them that must give signs of life. */
  readonly manySagas?: boolean;
  /** Whether loops go through streams as well (see random-stream.ts). */
  readonly streams?: boolean;
  /** More pure steps, which read what is before them, those that fail included. */
  readonly manyReaders?: boolean;
}

export const KERNEL_OPTIONS: GenerateOptions = {
  pure: "value",
  failing: "boom",
  effect: "work",
  children: ["child"],
  depthMax: 3,
};

/** A definition that validates, from `random` alone. */
export function randomDefinition(
  random: Random,
  name = "random",
  options: GenerateOptions = KERNEL_OPTIONS,
): WorkflowDefinition {
  const generator = new Generator(random, options);
  const few = options.manyReaders === true ? 4 : 1;
  const steps = generator.steps(0, [], few + Math.floor(random() * 4));
  return {
    language: 1,
    name,
    ...(random() < 0.2 ? { failFast: true } : {}),
    ...(random() < 0.1 ? { deadline: random() < 0.5 ? "2h" : "15s" } : {}),
    ...(random() < 0.3 ? { vars: { base: 3 } } : {}),
    steps,
    ...(random() < 0.4 ? { finally: generator.last() } : {}),
    ...(random() < 0.3 ? { cleanupTimeout: "20s" } : {}),
    ...(options.runKeys === true && random() < 0.25
      ? { concurrency: { key: "'runs'", limit: 1, whenFull: pick(random, WHEN_FULL) } }
      : {}),
    ...(random() < 0.3 ? { output: { done: true } } : {}),
  } as WorkflowDefinition;
}

const MANY_SAGAS = ["saga", "saga", "saga", "for_each", "parallel", "try"] as const;
const SCOPES = ["for_each", "while", "parallel", "if", "switch", "try", "saga", "saga"] as const;
const MANY_LOOPS = [...SCOPES, "for_each", "for_each"] as const;
const WHEN_FULL = ["queue", "queue", "cancelRunning"] as const;

class Generator {
  readonly #random: Random;
  readonly #options: GenerateOptions;
  #ids = 0;
  #inSaga = false;
  #cleaning = false;

  constructor(random: Random, options: GenerateOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** Steps of one scope; `visible` are ids of outer steps that an expression may read. */
  steps(depth: number, visible: readonly string[], count: number): Step[] {
    const steps: Step[] = [];
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const id = `s${this.#ids++}`;
      steps.push(this.#step(id, depth, ids, visible));
      ids.push(id);
    }
    return steps;
  }

  /** Steps of the workflow's `finally`. */
  last(): Step[] {
    this.#cleaning = true;
    return this.steps(2, [], 1);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #step(id: string, depth: number, before: readonly string[], visible: readonly string[]): Step {
    const readable = [...before, ...visible];
    const base = {
      id,
      ...this.#order(before),
      ...this.#policies(),
      ...this.#compensate(readable),
    };
    const isDeep = depth >= this.#options.depthMax;
    const choice = this.#random() * (isDeep ? 0.55 : 1);
    const { manyReaders = false } = this.#options;
    if (choice < (manyReaders ? 0.28 : 0.18))
      return { ...base, uses: this.#options.pure, with: { value: this.#value(readable) } };
    if (manyReaders && choice < 0.33) return { ...base, ...this.#failingReader(readable) };
    if (!manyReaders && choice < 0.22) return { ...base, uses: this.#options.failing };
    if (choice < (manyReaders ? 0.5 : 0.42)) {
      // Only what calls others has a chain.
      const links = base.priority === undefined ? {} : { middleware: ["size"] };
      return { ...base, ...links, ...this.#effect(id, readable) };
    }
    if (choice < 0.55) return { ...base, ...this.#wait() };
    return { ...base, ...this.#scope(id, depth + 1, readable) };
  }

  /** Fails once more, after it has been tried again. */
  #failingReader(readable: readonly string[]): Partial<Step> & Pick<Step, "uses"> {
    const retry = { attempts: 2, initial: "1s", errors: ["*"] };
    const config = { value: this.#value(readable) };
    return { uses: this.#options.failing, with: config, retry, onError: "continue" };
  }

  /**
   * `exclusive` tells whoever performs it that it holds a slot of a key with limit 1, `limited`
   * that the key of RANDOM_RATE counts its start, `guarded` that a breaker stands before it.
   */
  #effect(id: string, readable: readonly string[]): Partial<Step> & Pick<Step, "uses"> {
    const isExclusive = this.#chance(0.2);
    const isLimited = this.#chance(0.15);
    const isGuarded = this.#chance(0.2);
    const hasSecret = Number(id.slice(1)) % 5 === 0;
    const hasConnection = Number(id.slice(1)) % 7 === 3;
    return {
      uses: this.#options.effect,
      with: {
        value: this.#value(readable),
        ...(isExclusive ? { exclusive: true } : {}),
        ...(isLimited ? { limited: true } : {}),
        ...(isGuarded ? { guarded: true } : {}),
        ...(hasSecret ? { token: "Bearer ${{ secrets.KEY }}" } : {}),
        ...(hasConnection ? { connection: "shop" } : {}),
      },
      ...(isExclusive ? { concurrency: { key: "'shared'", limit: 1 } } : {}),
      ...(isLimited ? { rateLimit: { key: "'calls'", ...RANDOM_RATE } } : {}),
      ...(isGuarded
        ? { circuitBreaker: { key: "'side' + 1", failureThreshold: 1, resetAfter: "2s" } }
        : {}),
      ...this.#memo(readable),
      ...(this.#options.manySagas === true && this.#inSaga && this.#chance(0.5)
        ? { heartbeatTimeout: "3s" }
        : {}),
    };
  }

  #memo(readable: readonly string[]): Partial<Step> {
    if (!this.#chance(0.25)) return {};
    const from = readable.length > 0 ? pick(this.#random, readable) : null;
    const key = pick(this.#random, [
      null,
      "'shared'",
      "null",
      from === null ? "1" : `steps.${from}?.output`,
    ]);
    return {
      memo: {
        ...(key === null ? {} : { key }),
        scope: pick(this.#random, ["run", "workflow", "tenant"] as const),
        ...(this.#chance(0.5) ? { ttl: "5s" } : {}),
      },
    };
  }

  #order(before: readonly string[]): Partial<Step> {
    if (before.length === 0 || this.#chance(0.4)) return {};
    const needs = before.filter(() => this.#chance(0.4));
    const rule = pick(this.#random, [
      "all_success",
      "none_failed",
      "any_success",
      "all_done",
    ] as const);
    return { needs, ...(needs.length > 0 && this.#chance(0.5) ? { triggerRule: rule } : {}) };
  }

  #policies(): Partial<Step> {
    return {
      ...(this.#chance(0.1) ? { if: pick(this.#random, ["true", "false"]) } : {}),
      ...(this.#chance(0.15)
        ? { onError: this.#chance(0.5) ? ("continue" as const) : { fallback: { instead: 1 } } }
        : {}),
      ...(this.#chance(0.3)
        ? {
            retry: {
              attempts: 2 + Math.floor(this.#random() * 2),
              initial: "1s",
              ...(this.#chance(0.3) ? { errors: ["*"] } : {}),
            },
          }
        : {}),
      ...(this.#chance(0.2) ? { timeout: "10s" } : {}),
      ...(this.#chance(0.1) ? { heartbeatTimeout: "4s" } : {}),
      ...(this.#chance(0.1) ? { deadline: "30s" } : {}),
      ...(this.#chance(0.1) ? { priority: Math.floor(this.#random() * 11) } : {}),
    };
  }

  /** Sometimes longer than what stands inline. */
  #value(readable: readonly string[]): unknown {
    if (readable.length > 0 && this.#chance(this.#options.manyReaders === true ? 0.9 : 0.4))
      return "${{ steps.ID?.output }}".replace("ID", pick(this.#random, readable));
    if (this.#chance(0.15)) return "x".repeat(300 + Math.floor(this.#random() * 300));
    return Math.floor(this.#random() * 100);
  }

  #wait(): Pick<Step, "uses" | "with" | "if"> {
    const expires = this.#chance(0.5) ? { expires: "20s" } : {};
    switch (pick(this.#random, ["for", "until", "signal", "approval", "child", "end"])) {
      case "for":
        return { uses: "wait.for", with: { duration: "5s" } };
      case "until":
        return { uses: "wait.until", with: { at: 1_002_000 } };
      case "signal":
        return {
          uses: "wait.signal",
          with: { name: pick(this.#random, ["go", "on"]), ...expires },
        };
      case "approval":
        return { uses: "wait.approval", with: { title: "ok?", ...expires } };
      case "child":
        if (this.#options.children.length === 0)
          return { uses: "wait.for", with: { duration: "1s" } };
        return {
          uses: "workflow.run",
          with: {
            workflow: pick(this.#random, this.#options.children),
            wait: this.#chance(0.8),
            onParentEnd: pick(this.#random, ["cancel", "abandon"]),
          },
        };
      default:
        if (!this.#inSaga && !this.#cleaning && this.#chance(0.4)) return this.#goOn();
        return {
          if: "run.id != 'never'",
          ...(this.#chance(0.5)
            ? { uses: "fail", with: { code: "user.stop", message: "on purpose" } }
            : { uses: "stop", with: { output: "stopped" } }),
        };
    }
  }

  /** Chains end: ids of runs are dice, or the chain counts. */
  #goOn(): Pick<Step, "uses" | "with" | "if"> {
    const uses = "workflow.continue";
    if (this.#chance(0.5)) return { if: "run.id < 'run_g'", uses, with: {} };
    const next = { n: "${{ (input?.n ?? 0) + 1 }}", text: "i".repeat(400) };
    return { if: "(input?.n ?? 0) < 3", uses, with: { input: next } };
  }

  #body(depth: number, visible: readonly string[]): Step[] {
    return this.steps(depth, visible, 1 + Math.floor(this.#random() * 3));
  }

  #scope(
    id: string,
    depth: number,
    visible: readonly string[],
  ): Partial<Step> & Pick<Step, "uses"> {
    const failFast = this.#chance(0.3) ? { failFast: true } : {};
    const kinds =
      this.#options.manySagas === true
        ? MANY_SAGAS
        : this.#options.streams === true
          ? MANY_LOOPS
          : SCOPES;
    switch (pick(this.#random, kinds)) {
      case "saga":
        return {
          uses: "saga",
          steps: this.#sagaBody(depth, visible),
          ...failFast,
          ...this.#cleanup(),
        };
      case "for_each":
        return {
          uses: "for_each",
          with: {
            items: this.#items(),
            as: `${id}_item`,
            concurrency: 1 + Math.floor(this.#random() * 4),
            onItemError: pick(this.#random, ["fail", "continue"]),
            ...(this.#chance(0.2) ? { batch: 2 } : {}),
            ...(this.#chance(0.2) ? { collect: false } : {}),
          },
          steps: this.#body(depth, visible),
          ...failFast,
        };
      case "while":
        return {
          uses: "while",
          with: {
            condition: `carry.n < ${Math.floor(this.#random() * 4)}`,
            check: pick(this.#random, ["before", "after"]),
            maxIterations: 3,
            carry: { n: 0, text: "y".repeat(this.#chance(0.3) ? 400 : 3) },
          },
          update: { n: "${{ carry.n + 1 }}" },
          steps: this.#loopBody(depth),
        };
      case "parallel":
        return {
          uses: "parallel",
          with: { join: pick(this.#random, ["all", "any", "first"]) },
          branches: {
            left: { steps: this.#body(depth, visible) },
            right: { steps: this.#body(depth, visible) },
            ...(this.#chance(0.3) ? { middle: { steps: this.#body(depth, visible) } } : {}),
          },
          ...failFast,
        };
      case "if":
        return {
          uses: "if",
          with: { condition: pick(this.#random, ["1 < 2", "1 > 2"]) },
          // biome-ignore lint/suspicious/noThenProperty: the language's word
          then: this.#body(depth, visible),
          ...(this.#chance(0.5) ? { else: this.#body(depth, visible) } : {}),
        };
      case "switch":
        return {
          uses: "switch",
          with: { value: pick(this.#random, ["a", "b", "c"]) },
          cases: {
            a: { steps: this.#body(depth, visible) },
            b: { when: "value == 'b'", steps: this.#body(depth, visible) },
          },
          ...(this.#chance(0.5) ? { default: { steps: this.#body(depth, visible) } } : {}),
        };
      default:
        return {
          uses: "try",
          steps: this.#body(depth, visible),
          ...(this.#chance(0.6) ? { catch: [{ steps: this.#body(depth, visible) }] } : {}),
          ...(this.#chance(0.5) ? { finally: this.#cleaningUp(depth, visible) } : {}),
          ...this.#cleanup(),
        };
    }
  }

  #cleanup(): Partial<Step> {
    return this.#chance(0.2) ? { cleanupTimeout: "15s" } : {};
  }

  /** Steps of a saga: most of them can be undone. */
  #sagaBody(depth: number, visible: readonly string[]): Step[] {
    const [sagas, cleaning] = [this.#inSaga, this.#cleaning];
    this.#inSaga = true;
    const steps = this.#body(depth, visible);
    this.#inSaga = sagas;
    this.#cleaning = cleaning;
    return steps;
  }

  /** Where nothing is undone, and no run continues. */
  #cleaningUp(depth: number, visible: readonly string[]): Step[] {
    const before = this.#cleaning;
    this.#cleaning = true;
    const steps = this.#body(depth, visible);
    this.#cleaning = before;
    return steps;
  }

  #compensate(readable: readonly string[]): Partial<Step> {
    if (!this.#inSaga || !this.#chance(0.6)) return {};
    const [sagas, cleaning] = [this.#inSaga, this.#cleaning];
    this.#inSaga = false;
    this.#cleaning = true;
    const undo = this.steps(
      this.#options.depthMax - 1,
      readable,
      1 + Math.floor(this.#random() * 2),
    );
    this.#inSaga = sagas;
    this.#cleaning = cleaning;
    const told = { value: "${{ [output, outcome, idempotencyKey] }}" };
    return {
      compensate: [{ id: `s${this.#ids++}`, uses: this.#options.effect, with: told }, ...undo],
    };
  }

  /** `carry` of an outer while would be shadowed: loops do not nest in loops here. */
  #loopBody(depth: number): Step[] {
    const inner = this.#body(Math.max(depth, this.#options.depthMax), []);
    return inner;
  }

  #items(): unknown {
    if (this.#options.streams === true && this.#chance(0.4)) return randomStream(this.#random);
    switch (pick(this.#random, ["array", "object", "range", "empty"])) {
      case "array":
        return [1, 2, 3, "z".repeat(300)];
      case "object":
        return { a: 1, "b.c": 2 };
      case "range":
        return { range: { start: 0, end: 5 } };
      default:
        return [];
    }
  }
}
