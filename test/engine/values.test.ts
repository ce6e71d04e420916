/** value-cache.ts, event-blobs.ts and value-loader.ts: bounded, exact, and honest about what is lost. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeEvents, forFold, hasBlobs, parseEvents } from "#engine/embedded/event-blobs.ts";
import { ValueCache } from "#engine/embedded/value-cache.ts";
import { ValueLoader } from "#engine/embedded/value-loader.ts";
import type { RunEvent } from "#kernel/events.ts";
import { NOT_LOADED, VALUE_LOST, type ValueRef } from "#kernel/value-ref.ts";
import { LOCAL_CONTEXT as context } from "#ports/call-context.ts";
import type { TurnCommit } from "#ports/journal.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";
import { SimulatedDisk } from "../simulation/simulated-store.ts";

test("the cache keeps what was used last within its bounds", () => {
  const cache = new ValueCache(1_000, 3);
  for (const key of ["a", "b", "c"]) cache.put("r", key, key);
  expect(cache.get("r", "a")).toBe("a");
  cache.put("r", "d", "d");
  expect(cache.get("r", "b")).toBeUndefined();
  expect([cache.get("r", "a"), cache.get("other", "a"), cache.entries]).toEqual([
    "a",
    undefined,
    3,
  ]);
  cache.put("r", "huge", "x".repeat(500));
  expect(cache.get("r", "huge")).toBeUndefined();
});

test("property: the cache never outgrows its bounds, and answers what was put last", () => {
  let hits = 0;
  const put = fc.record({
    key: fc.integer({ min: 0, max: 20 }),
    length: fc.integer({ min: 0, max: 150 }),
  });
  fc.assert(
    fc.property(fc.array(put, { minLength: 10, maxLength: 60 }), (puts) => {
      const cache = new ValueCache(1_000, 8);
      const last = new Map<string, string>();
      for (const { key, length } of puts) {
        const value = "v".repeat(length);
        cache.put("r", `${key}`, value);
        last.set(`${key}`, value);
        expect(cache.size).toBeLessThanOrEqual(1_000);
        expect(cache.entries).toBeLessThanOrEqual(8);
        for (const [name, expected] of last) {
          const found = cache.get("r", name);
          if (found === undefined) continue;
          hits++;
          expect(found).toBe(expected);
        }
      }
    }),
    { numRuns: 50 },
  );
  expect(hits).toBeGreaterThan(1_000);
});

test("property: a packed value counts once, in however many entries it is", () => {
  const packed = Array.from(
    { length: 6 },
    (_, n) => new PackedJson(new Uint8Array(100 + 20 * n), `hash ${n}`),
  );
  const names = ["a", "b", "c", "d", "e"];
  const runs = ["r", "s"];
  const put = fc.record({
    run: fc.constantFrom(...runs),
    name: fc.constantFrom(...names),
    value: fc.integer({ min: -1, max: 5 }),
    ends: fc.integer({ min: 0, max: 20 }),
  });
  let shared = 0;
  fc.assert(
    fc.property(fc.array(put, { minLength: 10, maxLength: 60 }), (puts) => {
      const cache = new ValueCache(800, 8);
      for (const { run, name, value, ends } of puts) {
        cache.put(run, name, packed[value] ?? "small");
        if (ends === 0) cache.ended(run);
        let size = 0;
        const seen = new Set<unknown>();
        for (const at of runs)
          for (const key of names) {
            const found = cache.get(at, key);
            if (found === "small") size += cache.sizeOf(at, key);
            else if (found instanceof PackedJson) {
              if (seen.has(found)) shared++;
              else size += cache.sizeOf(at, key);
              seen.add(found);
            }
          }
        expect(cache.size).toBe(size);
        expect(cache.size).toBeLessThanOrEqual(800);
      }
    }),
    { numRuns: 200 },
  );
  expect(shared).toBeGreaterThan(500);
});

test("a packed value that was put is known to be stored, for that run", () => {
  const cache = new ValueCache(1_000, 8);
  const packed = new PackedJson(new Uint8Array(600), "hash");
  expect(cache.isStored("r", packed)).toBe(false);
  cache.put("r", "a", packed);
  // Too large to be kept; committed all the same.
  expect(cache.get("r", "a")).toBeUndefined();
  expect([cache.isStored("r", packed), cache.isStored("s", packed)]).toEqual([true, false]);
});

test("the cache keeps the last 500 of many ended runs, and all that open ones have", () => {
  const cache = new ValueCache(64 * 1_048_576, 100_000);
  for (const key of ["a", "b"]) cache.put("open", key, key);
  for (let run = 0; run < 2_000; run++) {
    for (const key of ["a", "b"]) cache.put(`r${run}`, key, run);
    cache.ended(`r${run}`);
    cache.ended(`r${run}`);
  }
  expect(cache.entries).toBe(2 + 500 * 2);
  expect(cache.get("r1499", "a")).toBeUndefined();
  expect([cache.get("r1500", "a"), cache.get("r1999", "b"), cache.get("open", "a")]).toEqual([
    ...[1_500, 1_999],
    "a",
  ]);
});

test("ended runs have a 32nd of the cache; the last one is kept whatever its size", () => {
  const cache = new ValueCache(32_000, 1_000);
  const value = "x".repeat(298);
  for (let run = 0; run < 20; run++) {
    cache.put(`r${run}`, "a", value);
    cache.ended(`r${run}`);
    expect(cache.size).toBeLessThanOrEqual(1_000);
  }
  expect(cache.entries).toBe(3);
  const large = "y".repeat(5_000);
  cache.put("large", "a", large);
  cache.ended("large");
  expect([cache.entries, cache.get("large", "a")]).toEqual([1, large]);
  // What is read of an ended run that is still here counts as its own.
  cache.put("large", "b", value);
  cache.put("next", "a", value);
  cache.ended("next");
  expect([cache.entries, cache.size]).toEqual([1, 300]);
});

test("property: ended runs never outgrow their share, and sizes stay exact", () => {
  let dropped = 0;
  const action = fc.record({
    run: fc.integer({ min: 0, max: 5 }),
    key: fc.integer({ min: 0, max: 5 }),
    length: fc.integer({ min: 0, max: 60 }),
    ends: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 80 }), (actions) => {
      const cache = new ValueCache(3_200, 20);
      const last = new Map<string, string>();
      for (const { run, key, length, ends } of actions) {
        if (ends) cache.ended(`${run}`);
        else {
          last.set(`${run} ${key}`, "v".repeat(length));
          cache.put(`${run}`, `${key}`, "v".repeat(length));
        }
        let size = 0;
        let entries = 0;
        for (const [name, expected] of last) {
          const [ofRun = "", ofKey = ""] = name.split(" ");
          const found = cache.get(ofRun, ofKey);
          if (found === undefined) {
            dropped++;
            continue;
          }
          expect(found).toBe(expected);
          size += expected.length + 2;
          entries++;
        }
        expect([cache.size, cache.entries]).toEqual([size, entries]);
        expect(entries).toBeLessThanOrEqual(20);
      }
    }),
    { numRuns: 100 },
  );
  expect(dropped).toBeGreaterThan(1_000);
});

const LARGE = "ü".repeat(40_000);

async function stored(events: readonly RunEvent[]) {
  const disk = new SimulatedDisk(new SimulatedClock(0));
  const store = disk.open();
  const { text, blobs } = encodeEvents(events);
  for (const { hash, content } of blobs) await store.blobs.put(context, hash, content);
  const turn: TurnCommit = {
    ...{ tenant: "default", runId: "r", epoch: store.epoch, status: "running", sends: [] },
    ...{ startedAtMs: null, endedAtMs: null, errorCode: null, startKey: null, checkpoint: null },
    consumes: [],
    create: {
      ...{ tenant: "default", runId: "r", workflow: "w", version: 1, createdAtMs: 0, labels: {} },
      ...{ parentRunId: null, minReader: 1 },
    },
    record: { runId: "r", firstSeq: 1, lastSeq: events.length, atMs: 0, events: text },
  };
  await store.journal.commit("c1", [turn]);
  const loader = new ValueLoader(store.journal, store.blobs, new ValueCache(1e6, 1_000));
  const source = { context, runId: "r", cacheId: "r", uncommitted: () => null };
  return { disk, store, blobs, text, load: (ref: ValueRef) => loader.load(source, ref), loader };
}

const EVENTS: readonly RunEvent[] = [
  { type: "step.succeeded", path: "small", output: { small: true } },
  { type: "step.succeeded", path: "large", output: LARGE },
  {
    type: "step.items_stored",
    path: "all",
    from: 0,
    values: ["a", LARGE, "c"],
    keys: ["x", "y", "z"],
  },
  { type: "scope.closed", path: "loop@1", outcome: "succeeded", carry: { n: 1, text: LARGE } },
  {
    type: "step.results_stored",
    path: "all",
    from: 0,
    results: [{ v: 1 }, { at: 2, f: "output" }, { at: 3, f: "values", i: 2 }],
    failed: [{ index: 7, error: { code: "failed", message: "no", retryable: false } }],
  },
];

test("a field over 64 KiB of UTF-8 is moved to a blob; the rest stands in the event", async () => {
  const { text, blobs } = await stored(EVENTS);
  const [small, large, items] = parseEvents(text);
  expect(small).toEqual(EVENTS[0]);
  expect(large).toEqual({
    ...{ type: "step.succeeded", path: "large" },
    outputBlob: { hash: blobs[0]?.hash, bytes: 80_002 },
  });
  expect(items).toMatchObject({ keys: ["x", "y", "z"], valuesBlob: { bytes: expect.any(Number) } });
  expect(blobs).toHaveLength(3);
});

test("references are resolved through fields, elements, carried names and chunks of results", async () => {
  const { load } = await stored(EVENTS);
  expect(await load({ v: 5 })).toBe(5);
  expect(await load({ at: 1, f: "output" })).toEqual({ small: true });
  expect(await load({ at: 2, f: "output" })).toBe(LARGE);
  expect(await load({ at: 3, f: "values", i: 1 })).toBe(LARGE);
  expect(await load({ at: 3, f: "keys", i: 2 })).toBe("z");
  expect(await load({ at: 4, f: "carry.text" })).toBe(LARGE);
  expect(await load({ each: [5], succeeded: 3 })).toMatchObject({
    results: [1, LARGE, "c"],
    succeeded: 3,
    failed: [{ index: 7 }],
  });
});

test("what is cached is answered at once, what is not would have to be read", async () => {
  const { load, loader } = await stored(EVENTS);
  const ref = { at: 2, f: "output" } as const;
  expect(loader.peek("r", ref)).toBe(NOT_LOADED);
  await load(ref);
  expect(loader.peek("r", ref)).toBe(LARGE);
});

test("a missing event, a missing field and a corrupt blob are lost, and lose what is made of them", async () => {
  const { load, disk, blobs } = await stored(EVENTS);
  expect(await load({ at: 99, f: "output" })).toBe(VALUE_LOST);
  expect(await load({ at: 1, f: "payload" })).toBe(VALUE_LOST);
  disk.data.corruptBlob(blobs[0]?.hash ?? "");
  expect(await load({ at: 2, f: "output" })).toBe(VALUE_LOST);
  expect(await load({ each: [5], succeeded: 3 })).toBe(VALUE_LOST);
});

test("what is folded from a stored event has the shape that the fold looks at", async () => {
  const { text, store } = await stored(EVENTS);
  const folded: RunEvent[] = [];
  for (const event of parseEvents(text)) folded.push(await forFold(event, store.blobs, context));
  expect(parseEvents(text).map(hasBlobs)).toEqual([false, true, true, true, false]);
  // Items are read one by one when they are asked for.
  expect(folded[2]).toEqual({ ...EVENTS[2], values: undefined, valuesBlob: expect.anything() });
  expect(folded[3]).toMatchObject({ carry: { n: 1, text: LARGE } });
  // Only that it is not inline matters, so its blob is not read.
  expect(folded[1]).toMatchObject({ output: expect.stringMatching(/^x{300,}$/) });
});
