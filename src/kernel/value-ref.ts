/**
 * Values stay outside the run's state: state holds references, the engine holds (or loads) what
 * they name. A value of up to 256 characters of JSON is its own reference.
 */
import { jsonSizeUpTo } from "#workflow/json.ts";

/** Values up to this size (characters of JSON) stand inline. */
export const INLINE_SIZE_MAX = 256;

export type ValueRef =
  /** The value itself. */
  | { readonly v: unknown }
  /** Field `f` of the event with sequence number `at`; `i`: only that element of it. */
  | { readonly at: number; readonly f: string; readonly i?: number }
  /**
   * The output of a for_each: `{ results, succeeded, failed }`, put together from the
   * `step.results_stored` events whose sequence numbers are `each`.
   */
  | { readonly each: readonly number[]; readonly succeeded: number };

export const NULL_REF: ValueRef = { v: null };

/** The reference to `value`, which stands in field `field` of event `seq`. */
export function refOf(value: unknown, seq: number, field: string): ValueRef {
  if (value === undefined || value === null) return NULL_REF;
  return jsonSizeUpTo(value, INLINE_SIZE_MAX) <= INLINE_SIZE_MAX
    ? { v: value }
    : { at: seq, f: field };
}

/** What a value source answers for a reference it has not loaded. */
export const NOT_LOADED: unique symbol = Symbol("not loaded");
/** What it answers for one that is gone: a missing or corrupt blob. */
export const VALUE_LOST: unique symbol = Symbol("value lost");

/**
 * Where the kernel reads values that are not inline. The engine keeps a bounded cache behind it;
 * tests a plain map. Values are shared, never copied, and never changed.
 */
export interface Values {
  /** The value, NOT_LOADED or VALUE_LOST. Never called with an inline reference. */
  get(ref: Exclude<ValueRef, { readonly v: unknown }>): unknown;
  /**
   * As get(), for a reader that hands the value on unseen: a large one may come as PackedJson.
   * Absent: the host computes nothing from bytes.
   */
  getPacked?(ref: Exclude<ValueRef, { readonly v: unknown }>): unknown;
  /** Remembers a value that the current turn has put into field `field` of event `seq`. */
  put(seq: number, field: string, value: unknown): void;
}

/** Names a reference that is not inline: a cache key. */
export function refKey(ref: Exclude<ValueRef, { readonly v: unknown }>): string {
  if ("each" in ref) return `each:${ref.each.join(",")}`;
  return ref.i === undefined ? `${ref.at}/${ref.f}` : `${ref.at}/${ref.f}/${ref.i}`;
}
