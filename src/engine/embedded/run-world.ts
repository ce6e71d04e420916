/**
 * The kernel's World for one run: values from the turn and the cache, pure nodes, schemas, chance
 * and the turn's time.
 */
import type { World } from "#kernel/decision.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import { NOT_LOADED, refKey, type Values } from "#kernel/value-ref.ts";
import { runPure } from "#nodes/attempt.ts";
import type { SecretName } from "#workflow/expression/secret-text.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { compileSchema, type Validator } from "#workflow/validate-json.ts";
import type { HostServices } from "./host-services.ts";
import { BLOB_BYTES } from "./options.ts";
import { must } from "./run-errors.ts";
import { OVERRUN_MS } from "./slow-types.ts";
import type { Turn } from "./turn.ts";
import { elementOf, type StoredRef } from "./value-loader.ts";

/** One for each run in memory. */
export class HostWorld implements World, Values {
  readonly #services: HostServices;
  readonly #runKey: string;
  /** The turn under way; of one that is over nothing is kept. */
  turn: Turn | null = null;

  constructor(services: HostServices, runKey: string) {
    this.#services = services;
    this.#runKey = runKey;
  }

  get nowMs(): number {
    return must(this.turn, this.#runKey).atMs;
  }

  get values(): Values {
    return this;
  }

  get(ref: StoredRef): unknown {
    const value = valueNow(this.#services, this.#runKey, must(this.turn, this.#runKey), ref);
    // The loader makes objects of it.
    return value instanceof PackedJson ? NOT_LOADED : value;
  }

  getPacked(ref: StoredRef): unknown {
    const turn = must(this.turn, this.#runKey);
    const value = valueNow(this.#services, this.#runKey, turn, ref);
    if (value === NOT_LOADED) {
      turn.wantedPacked ??= new Set();
      turn.wantedPacked.add(refKey(ref));
    }
    return value;
  }

  computesFar(uses: string): boolean {
    return this.#services.computer.computesFar?.(uses) ?? false;
  }

  put(seq: number, field: string, value: unknown): void {
    const turn = must(this.turn, this.#runKey);
    turn.made ??= new Map();
    turn.made.set(`${seq}/${field}`, value);
  }

  pure(uses: string, config: unknown, path: string): AttemptOutcome | "later" {
    const turn = must(this.turn, this.#runKey);
    return evaluatePure(this.#services, turn, { runKey: this.#runKey, uses, config, path });
  }

  secretVersion(name: string): string | null {
    return this.#services.secrets.version(tenantOf(this.#runKey), name);
  }

  connectionSecrets(connection: string): readonly SecretName[] {
    const { connections } = this.#services.nodeServices;
    return connections?.secretsOf(tenantOf(this.#runKey), connection) ?? [];
  }

  validate(schema: unknown, value: unknown): string | null {
    return validateJson(schema, value);
  }

  random(): number {
    return this.#services.random.next();
  }

  exhausted(): boolean {
    return isSpent(this.#services, must(this.turn, this.#runKey));
  }
}

function tenantOf(runKey: string): string {
  const slash = runKey.indexOf("/");
  return slash < 0 ? "default" : runKey.slice(0, slash);
}

/** Whether the turn has used its time. */
export function isSpent(services: HostServices, turn: Turn): boolean {
  return services.clock.monotonicMs() - turn.countedFromMs >= services.limits.turnMs;
}

function valueNow(services: HostServices, runKey: string, turn: Turn, ref: StoredRef): unknown {
  const pinned = turn.pinned?.get(refKey(ref));
  if (pinned !== undefined) return pinned;
  if ("at" in ref) {
    const made = turn.made?.get(`${ref.at}/${ref.f}`);
    if (made !== undefined) return elementOf(made, ref);
    // Of an event of this turn nothing else is anywhere.
    if (ref.at >= turn.firstSeq) return NOT_LOADED;
  }
  return services.values.peekPacked(runKey, ref);
}

function evaluatePure(
  services: HostServices,
  turn: Turn,
  step: {
    readonly runKey: string;
    readonly uses: string;
    readonly config: unknown;
    readonly path: string;
  },
): AttemptOutcome | "later" {
  const { uses, config, path, runKey } = step;
  const definition = services.nodes.definition(uses);
  if (definition === undefined)
    return {
      ok: false,
      error: {
        code: "unknown_node_type",
        message: `This host has no node type ${uses}.`,
        retryable: false,
      },
    };
  // Functions cannot be sent to another thread: such a step is computed here, and watched.
  const isMovable = definition.functionFields.size === 0;
  if (isMovable && services.slowTypes.has(uses)) return "later";
  if (isMovable && jsonSizeUpTo(config, BLOB_BYTES) > BLOB_BYTES) return "later";
  const { clock, slowTypes, logger } = services;
  // Within a turn of a few milliseconds: one reading for all its steps.
  if (turn.cpuFromMs === null && clock.cpuMs !== undefined) turn.cpuFromMs = clock.cpuMs();
  const beganMs = clock.monotonicMs();
  const outcome = runPure(definition, config);
  const tookMs = clock.monotonicMs() - beganMs;
  if (tookMs <= OVERRUN_MS) slowTypes.quick(uses);
  else if (slowTypes.overran(uses, usedMs(clock, turn) ?? tookMs)) {
    logger.warn({ run: runKey, path, uses, tookMs }, "a pure step held up its turn");
    if (isMovable) slowTypes.add(uses);
  }
  return outcome;
}

/** Processor time since the turn's first pure step began; null: nobody knows. */
function usedMs(clock: HostServices["clock"], { cpuFromMs }: Turn): number | null {
  return cpuFromMs === null || clock.cpuMs === undefined ? null : clock.cpuMs() - cpuFromMs;
}

const validators = new WeakMap<object, Validator>();

function validateJson(schema: unknown, value: unknown): string | null {
  let validator =
    typeof schema === "object" && schema !== null ? validators.get(schema) : undefined;
  try {
    validator ??= compileSchema(schema);
  } catch (error) {
    return `the schema is no JSON Schema: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof schema === "object" && schema !== null) validators.set(schema, validator);
  const { errors } = validator(value);
  if (errors.length === 0) return null;
  return errors
    .slice(0, 5)
    .map(({ pointer, message }) => `${pointer === "" ? "the value" : pointer} ${message}`)
    .join("; ");
}
