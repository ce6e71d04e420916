/**
 * Streams that for_each steps of all runs go through, read chunk by chunk: the next chunk is asked
 * for when the one before is durable, so that a slow store holds the reader up and not the memory.
 *
 *   R1. A reader stays open from chunk to chunk, and is closed when nobody wants its next one.
 *   R2. At most READERS_MAX read at a time; others wait for their turn in the order they came.
 *   R3. A store that is away fails no step: it is asked again. What cannot be read for another reason
 *       fails it.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Effect } from "#kernel/effects.ts";
import type { Input, ItemsOutcome } from "#kernel/inputs.ts";
import { VALUE_LOST, type ValueRef } from "#kernel/value-ref.ts";
import { stepErrorOf } from "#nodes/attempt.ts";
import type { ItemReader, StreamReader } from "#nodes/stream/stream-items.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import { Patience } from "./patience.ts";
import type { RunFacts } from "./run-facts.ts";
import type { ValueLoader, ValueSource } from "./value-loader.ts";

/** Each is a thread that may hold some 80 MiB. */
const READERS_MAX = 4;

type ItemsEffect = Extract<Effect, { readonly kind: "items" }>;

interface Run {
  readonly key: string;
  readonly source: ValueSource;
  facts(): RunFacts;
}

interface Reading {
  readonly name: string;
  readonly run: Run;
  effect: ItemsEffect;
  reader: ItemReader | null;
  /** The item that its reader gives next. */
  next: number;
  isReading: boolean;
  isWanted: boolean;
  /** It has told of its end. */
  isOver: boolean;
  isDropped: boolean;
}

interface ItemReadsOptions {
  readonly streams: StreamReader;
  readonly values: ValueLoader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tell: (runKey: string, input: Input) => void;
}

export class ItemReads {
  readonly #options: ItemReadsOptions;
  /** By run and path. */
  readonly #readings = new Map<string, Reading>();
  readonly #patience: Patience;
  #waiting: Reading[] = [];
  #open = 0;

  constructor(options: ItemReadsOptions) {
    this.#options = options;
    this.#patience = new Patience("streams", options);
  }

  /** Whether the step waits for a store that is away. */
  isStoreAwayFor(runKey: string, path: string): boolean {
    return this.#patience.isAwayFor(runKey, path);
  }

  start(run: Run, effect: ItemsEffect): void {
    const name = `${run.key}\n${effect.path}`;
    const present = this.#readings.get(name);
    if (present !== undefined) {
      // Known already: what it told is on its way, or comes.
      if (present.isWanted && present.effect.key === effect.key) return;
      if (this.#goesOn(present, effect)) return;
      this.#drop(present);
    }
    const reading: Reading = {
      ...{ name, run, effect, reader: null, next: effect.from },
      ...{ isReading: false, isWanted: true, isOver: false, isDropped: false },
    };
    this.#readings.set(name, reading);
    this.#waiting.push(reading);
    this.#openNext();
  }

  stop(runKey: string, effect: ItemsEffect): void {
    const reading = this.#readings.get(`${runKey}\n${effect.path}`);
    if (reading?.effect.key !== effect.key) return;
    reading.isWanted = false;
    // The chunk after it may be asked for in the same turn.
    queueMicrotask(() => {
      if (!reading.isWanted) this.#drop(reading);
    });
  }

  close(): void {
    this.#patience.close();
    this.#waiting = [];
    for (const reading of [...this.#readings.values()]) {
      // What it told of its end may not be durable.
      reading.isOver = false;
      this.#drop(reading);
    }
  }

  #goesOn(reading: Reading, effect: ItemsEffect): boolean {
    const { reader, next } = reading;
    if (reader === null || next !== effect.from || reading.effect.attempt !== effect.attempt)
      return false;
    reading.effect = effect;
    reading.isWanted = true;
    if (!reading.isReading) void this.#read(reading, reader);
    return true;
  }

  #openNext(): void {
    while (this.#open < READERS_MAX) {
      const reading = this.#waiting.shift();
      if (reading === undefined) return;
      if (reading.isDropped) continue;
      this.#open++;
      void this.#begin(reading);
    }
  }

  async #begin(reading: Reading): Promise<void> {
    const { run, effect } = reading;
    const { path, attempt, batch, from } = effect;
    const asked = await this.#patience.ask(
      () => Promise.all([this.#load(run, effect.stream), this.#load(run, effect.position)]),
      (key, at) => key === run.key && at === path,
    );
    if (reading.isDropped || asked.kind === "closed") return;
    if (asked.kind === "failed")
      return this.#tell(reading, { ok: false, error: lost(path, String(asked.error)) });
    const [stream, position] = asked.answer;
    if (stream === VALUE_LOST)
      return this.#tell(reading, { ok: false, error: lost(path, "missing or corrupt") });
    const { tenant, runId } = run.facts();
    reading.reader = this.#options.streams.open({
      ...{ tenant, runId, path, attempt, stream, batch, from },
      position: position === VALUE_LOST ? null : position,
    });
    await this.#read(reading, reading.reader);
  }

  async #load({ source }: Run, ref: ValueRef): Promise<unknown> {
    return "v" in ref ? ref.v : await this.#options.values.load(source, ref);
  }

  async #read(reading: Reading, reader: ItemReader): Promise<void> {
    reading.isReading = true;
    const outcome = await reader.next().then(
      (chunk): ItemsOutcome => ({ ok: true, ...chunk }),
      (error: unknown): ItemsOutcome => ({ ok: false, error: stepErrorOf(error) }),
    );
    reading.isReading = false;
    if (!reading.isDropped) this.#tell(reading, outcome);
  }

  #tell(reading: Reading, outcome: ItemsOutcome): void {
    const { path, attempt, from } = reading.effect;
    reading.isOver = !outcome.ok || outcome.isLast;
    if (outcome.ok) reading.next = from + outcome.count;
    this.#options.tell(reading.run.key, { kind: "items", path, attempt, from, outcome });
  }

  #drop(reading: Reading): void {
    const isWaiting = this.#waiting.includes(reading);
    this.#readings.delete(reading.name);
    reading.isDropped = true;
    reading.reader?.close({ isOver: reading.isOver });
    if (isWaiting) return;
    this.#open--;
    this.#openNext();
  }
}

function lost(path: string, why: string): StepError {
  const message = `The stream of for_each "${path}" cannot be read: ${why}.`;
  return { code: "blob_missing", message, retryable: false };
}
