/** The KeyValue port in memory, on any clock. */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import { KEY_BYTES_MAX, type KeyValue, VALUE_BYTES_MAX } from "#ports/key-value.ts";

interface Kept {
  readonly bytes: Buffer;
  readonly untilMs: number;
}

export class MemoryKeyValue implements KeyValue {
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get: KeyValue["get"] = async (context, key) => this.#find(nameOf(context, key));

  getMany: KeyValue["getMany"] = async (context, keys) =>
    keys.map((key) => this.#find(nameOf(context, key)));

  set: KeyValue["set"] = async (context, key, value, ttlMs) => {
    const name = nameOf(context, key);
    if (value.byteLength > VALUE_BYTES_MAX) throw tooLarge("a value");
    const untilMs = ttlMs === null ? Number.POSITIVE_INFINITY : this.#nowMs() + ttlMs;
    this.#kept.set(name, { bytes: Buffer.from(value), untilMs });
  };

  compareAndSet: KeyValue["compareAndSet"] = async (context, key, { expected, value, ttlMs }) => {
    const present = this.#find(nameOf(context, key));
    if (value.byteLength > VALUE_BYTES_MAX) throw tooLarge("a value");
    if ((present === null) !== (expected === null)) return false;
    if (present !== null && expected !== null && !present.equals(expected)) return false;
    await this.set(context, key, value, ttlMs);
    return true;
  };

  delete: KeyValue["delete"] = async (context, keys) => {
    const present = keys.map((key) => nameOf(context, key)).filter((name) => this.#find(name));
    for (const name of present) this.#kept.delete(name);
    return present.length;
  };

  scan: KeyValue["scan"] = async (context, prefix, { cursor, limit }) => {
    const base = nameOf(context, "");
    const after = cursor ?? "";
    const names = [...this.#kept.keys()]
      .filter((name) => name.startsWith(`${base}${prefix}`) && name > after && this.#find(name))
      .sort();
    const page = names.slice(0, limit);
    const next = names.length > limit ? (page.at(-1) ?? null) : null;
    return { keys: page.map((name) => name.slice(base.length)), cursor: next };
  };

  #find(name: string): Buffer | null {
    const kept = this.#kept.get(name);
    return kept === undefined || kept.untilMs <= this.#nowMs() ? null : kept.bytes;
  }
}

function nameOf({ tenant }: CallContext, key: string): string {
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw tooLarge("a key");
  return `${tenant}/${key}`;
}

function tooLarge(what: string): LockstitchError {
  return new LockstitchError("payload_too_large", `${what} is too large`);
}
