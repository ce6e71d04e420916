/**
 * Streams that exist only in tests: `{ $stream: { items, chunk, fails? } }` has the items 0, 1, 2 and
 * so on, `chunk` at a time, of which some are too long to stand inline; it fails at item `fails`.
 */
import type { Effect } from "#kernel/effects.ts";
import type { Input, ItemsOutcome } from "#kernel/inputs.ts";

interface TestStream {
  readonly items: number;
  readonly chunk: number;
  readonly fails?: number;
}

export function randomStream(random: () => number): { readonly $stream: TestStream } {
  const items = Math.floor(random() * 8);
  const chunk = 1 + Math.floor(random() * 3);
  const fails = random() < 0.15 ? { fails: Math.floor(random() * 6) } : {};
  return { $stream: { items, chunk, ...fails } };
}

export function testItem(index: number): unknown {
  return index % 3 === 2 ? { index, text: "t".repeat(300) } : { index };
}

/** Every item, before batches are made of them; null: the stream fails on the way. */
export function itemsOf(stream: unknown): readonly unknown[] | null {
  const { items, fails } = (stream as { readonly $stream: TestStream }).$stream;
  if (fails !== undefined && fails < items) return null;
  return Array.from({ length: items }, (_, index) => testItem(index));
}

export function batched(items: readonly unknown[], batch: number | null): readonly unknown[] {
  if (batch === null) return items;
  const lists = Math.ceil(items.length / batch);
  return Array.from({ length: lists }, (_, at) => items.slice(at * batch, (at + 1) * batch));
}

/** What a reader answers. It goes on from the position alone, so that one that is wrong shows. */
export function readFrom(
  stream: unknown,
  batch: number | null,
  position: unknown,
): Extract<ItemsOutcome, { readonly ok: true }> | null {
  const all = itemsOf(stream);
  if (all === null) return null;
  const from = (position as { readonly next: number } | null)?.next ?? 0;
  const { chunk } = (stream as { readonly $stream: TestStream }).$stream;
  const items = batched(all, batch);
  const values = items.slice(from, from + chunk);
  const next = from + values.length;
  const isLast = next >= items.length;
  // Long enough not to stand inline now and then.
  const where = { next, ...(next % 2 === 0 ? { run: "r".repeat(300) } : {}) };
  return { ok: true, values, count: values.length, position: where, isLast };
}

/** What the host tells of an effect `items`. */
export function itemsRead(
  effect: Extract<Effect, { readonly kind: "items" }>,
  stream: unknown,
  position: unknown,
): Extract<Input, { readonly kind: "items" }> {
  const { path, attempt, from, batch } = effect;
  const outcome = readFrom(stream, batch, position) ?? {
    ok: false as const,
    error: { code: "parse_failed", message: "the stream is broken", retryable: false },
  };
  return { kind: "items", path, attempt, from, outcome };
}
