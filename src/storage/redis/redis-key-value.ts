/** The KeyValue port on Redis: a value is a string of bytes under `<namespace>:value:<tenant>/<key>`. */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import { KEY_BYTES_MAX, type KeyValue, VALUE_BYTES_MAX } from "#ports/key-value.ts";
import { glob } from "./glob.ts";
import type { RedisLink } from "./redis-link.ts";
import { runScript } from "./redis-script.ts";
import { COMPARE_AND_SET } from "./scripts/compare-and-set.ts";

/** RESP's type of strings (`$`): as bytes, not as text. */
const AS_BYTES = { 36: Buffer };
const NOTHING = Buffer.alloc(0);

export class RedisKeyValue implements KeyValue {
  readonly #link: RedisLink;
  readonly #namespace: string;

  constructor(link: RedisLink, namespace: string) {
    this.#link = link;
    this.#namespace = namespace;
  }

  get: KeyValue["get"] = async (context, key) => {
    const reply = await this.#link.send(
      "reading a value",
      ["GET", this.#key(context, key)],
      AS_BYTES,
    );
    return reply as Uint8Array | null;
  };

  getMany: KeyValue["getMany"] = async (context, keys) => {
    if (keys.length === 0) return [];
    const names = keys.map((key) => this.#key(context, key));
    const reply = await this.#link.send("reading values", ["MGET", ...names], AS_BYTES);
    return reply as (Uint8Array | null)[];
  };

  set: KeyValue["set"] = async (context, key, value, ttlMs) => {
    const parts = ["SET", this.#key(context, key), bytesOf(value)];
    await this.#link.send("keeping a value", ttlMs === null ? parts : [...parts, "PX", `${ttlMs}`]);
  };

  compareAndSet: KeyValue["compareAndSet"] = async (context, key, { expected, value, ttlMs }) => {
    const args = [
      ...[expected === null ? "0" : "1", expected === null ? NOTHING : bytesOf(expected)],
      ...[bytesOf(value), ttlMs === null ? "" : `${ttlMs}`],
    ];
    const call = { script: COMPARE_AND_SET, keys: [this.#key(context, key)], args };
    return (await runScript(this.#link, "changing a value", call)) === 1;
  };

  delete: KeyValue["delete"] = async (context, keys) => {
    if (keys.length === 0) return 0;
    const names = keys.map((key) => this.#key(context, key));
    return Number(await this.#link.send("deleting values", ["UNLINK", ...names]));
  };

  scan: KeyValue["scan"] = async (context, prefix, { cursor, limit }) => {
    const base = this.#key(context, "");
    const pattern = `${glob(`${base}${prefix}`)}*`;
    const parts = ["SCAN", cursor ?? "0", "MATCH", pattern, "COUNT", `${limit}`];
    const [next, keys] = (await this.#link.send("listing keys", parts)) as [string, string[]];
    return {
      keys: keys.map((key) => key.slice(base.length)),
      cursor: next === "0" ? null : next,
    };
  };

  #key({ tenant }: CallContext, key: string): string {
    if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw tooLarge("a key", KEY_BYTES_MAX);
    return `${this.#namespace}:value:${tenant}/${key}`;
  }
}

function bytesOf(value: Uint8Array): Buffer {
  if (value.byteLength > VALUE_BYTES_MAX) throw tooLarge("a value", VALUE_BYTES_MAX);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function tooLarge(what: string, bytesMax: number): LockstitchError {
  const message = `${what} that is shared by hosts may have ${bytesMax} bytes at most`;
  return new LockstitchError("payload_too_large", message, { details: { bytesMax } });
}
