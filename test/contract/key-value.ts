/** The promises V1 to V6 of src/ports/key-value.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { CallContext } from "#ports/call-context.ts";
import { KEY_BYTES_MAX, type KeyValue, VALUE_BYTES_MAX } from "#ports/key-value.ts";

export interface KeyValueFixture extends AsyncDisposable {
  readonly values: KeyValue;
  /** Lets so much time pass by the store's clock. */
  advance(byMs: number): Promise<void>;
}

const ALICE: CallContext = { tenant: "alice", principal: "test", trace: null };
const BOB: CallContext = { ...ALICE, tenant: "bob" };
const HOUR_MS = 3_600_000;

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (value: Uint8Array | null) => (value === null ? null : Buffer.from(value).toString());

async function allKeys(
  values: KeyValue,
  prefix: string,
  limit = 1_000,
): Promise<readonly string[]> {
  const keys: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await values.scan(ALICE, prefix, { cursor, limit });
    keys.push(...page.keys);
    cursor = page.cursor;
  } while (cursor !== null);
  return [...new Set(keys)].sort();
}

export function keyValueContract(adapter: string, open: () => Promise<KeyValueFixture>): void {
  describe(`key-value contract: ${adapter}`, () => {
    test("V1 what was set last is what is read, byte for byte", async () => {
      await using fixture = await open();
      const { values } = fixture;
      expect(await values.get(ALICE, "k")).toBeNull();
      const odd = new Uint8Array(256).map((_, at) => at);
      await values.set(ALICE, "k", odd, null);
      expect([...((await values.get(ALICE, "k")) ?? [])]).toEqual([...odd]);
      // A view of a larger buffer is no more than the view.
      await values.set(ALICE, "k", odd.subarray(7, 9), null);
      await values.set(ALICE, "empty", new Uint8Array(), null);
      const many = await values.getMany(ALICE, ["empty", "none", "k"]);
      expect(many.map((value) => (value === null ? null : [...value]))).toEqual([[], null, [7, 8]]);
      expect(await values.getMany(ALICE, [])).toEqual([]);
      expect(await values.delete(ALICE, ["k", "none"])).toBe(1);
      expect(await values.delete(ALICE, [])).toBe(0);
      expect(await values.get(ALICE, "k")).toBeNull();
    });

    test("V2 a value is gone when its time is over, and one without a time stays", async () => {
      await using fixture = await open();
      const { values } = fixture;
      await values.set(ALICE, "short", bytes("s"), HOUR_MS);
      await values.set(ALICE, "long", bytes("l"), 3 * HOUR_MS);
      await values.set(ALICE, "ever", bytes("e"), null);
      // Set again, it has the new time.
      await values.set(ALICE, "again", bytes("a"), HOUR_MS);
      await values.set(ALICE, "again", bytes("a"), null);
      await fixture.advance(2 * HOUR_MS);
      const keys = ["short", "long", "ever", "again"];
      expect((await values.getMany(ALICE, keys)).map(text)).toEqual([null, "l", "e", "a"]);
      const change = { expected: null, value: bytes("new"), ttlMs: HOUR_MS };
      expect(await values.compareAndSet(ALICE, "short", change)).toBe(true);
      await fixture.advance(2 * HOUR_MS);
      expect(await values.get(ALICE, "short")).toBeNull();
      expect(await allKeys(values, "")).toEqual(["again", "ever"]);
    });

    test("V3 of many who expect the same value one changes it", async () => {
      await using fixture = await open();
      const { values } = fixture;
      const race = async (expected: Uint8Array | null) => {
        const before = expected === null ? "" : text(expected);
        const names = Array.from({ length: 20 }, (_, at) => `${before}.${at}`);
        const won = await Promise.all(
          names.map((name) =>
            values.compareAndSet(ALICE, "k", { expected, value: bytes(name), ttlMs: null }),
          ),
        );
        const winners = names.filter((_, at) => won[at]);
        expect(winners).toHaveLength(1);
        expect(text(await values.get(ALICE, "k"))).toBe(winners[0]);
        return bytes(winners[0] ?? "");
      };
      const first = await race(null);
      await race(first);
      const wrong = { expected: bytes("x"), value: bytes("y"), ttlMs: null };
      expect(await values.compareAndSet(ALICE, "k", wrong)).toBe(false);
      expect(await values.compareAndSet(ALICE, "none", wrong)).toBe(false);
      const empty = { expected: new Uint8Array(), value: bytes("y"), ttlMs: null };
      expect(await values.compareAndSet(ALICE, "none", empty)).toBe(false);
      expect(await values.get(ALICE, "none")).toBeNull();
    });

    test("V4 nobody reads, changes or lists what is another tenant's", async () => {
      await using fixture = await open();
      const { values } = fixture;
      await values.set(ALICE, "k", bytes("alice"), null);
      await values.set(BOB, "k", bytes("bob"), null);
      expect(await values.delete({ ...ALICE, tenant: "al" }, ["ice/k"])).toBe(0);
      expect(await values.delete(BOB, ["k"])).toBe(1);
      expect(text(await values.get(ALICE, "k"))).toBe("alice");
      expect((await values.scan(BOB, "", { cursor: null, limit: 1_000 })).keys).toEqual([]);
    });

    test("V5 a scan has every key that stands, whatever its prefix looks like", async () => {
      await using fixture = await open();
      const { values } = fixture;
      const names = Array.from({ length: 250 }, (_, at) => `list/${at}`);
      await Promise.all(names.map((name) => values.set(ALICE, name, bytes(name), null)));
      for (const odd of ["a*b/1", "axb/1", "[ab]/1", "\\/1", "?/1"])
        await values.set(ALICE, odd, bytes("odd"), null);
      expect(await allKeys(values, "list/", 20)).toEqual(names.sort());
      expect(await allKeys(values, "list/24")).toEqual(
        names.filter((it) => it.startsWith("list/24")),
      );
      for (const prefix of ["a*b/", "[ab]/", "\\/", "?/"])
        expect(await allKeys(values, prefix)).toEqual([`${prefix}1`]);
      expect(await allKeys(values, "nothing")).toEqual([]);
    });

    test("V6 a key or a value that is too large is refused, and nothing is changed", async () => {
      await using fixture = await open();
      const { values } = fixture;
      const largest = new Uint8Array(VALUE_BYTES_MAX).fill(1);
      const longest = "é".repeat(KEY_BYTES_MAX / 2);
      await values.set(ALICE, longest, largest, null);
      expect((await values.get(ALICE, longest))?.byteLength).toBe(VALUE_BYTES_MAX);
      const refused = { code: "payload_too_large" };
      const tooLarge = new Uint8Array(VALUE_BYTES_MAX + 1);
      await expect(values.set(ALICE, "k", tooLarge, null)).rejects.toMatchObject(refused);
      await expect(values.set(ALICE, `${longest}e`, bytes("v"), null)).rejects.toMatchObject(
        refused,
      );
      const change = { expected: null, value: tooLarge, ttlMs: null };
      await expect(values.compareAndSet(ALICE, "k", change)).rejects.toMatchObject(refused);
      expect(await values.get(ALICE, "k")).toBeNull();
    });
  });
}
