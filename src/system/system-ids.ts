/**
 * Identifiers in production. A run id is `run_` and a ULID: 48 bits of epoch milliseconds and 80 of
 * chance in Crockford's base 32 (no I, L, O, U), so that ids sort by the time they were made.
 *
 * Invariants (test/system/system-ids.test.ts):
 *   I1. Of two ids from one source the later one is greater, within a millisecond and when the
 *       clock steps back: the time stays and the chance part is counted up by one.
 *   I2. Counting past the last chance of a millisecond moves on to the next one, never wraps.
 */
import { randomFillSync, randomUUID } from "node:crypto";
import type { Clock, Ids } from "#ports/clock.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARS = 10;
/** The chance part in two halves of 40 bits: each is exact as a number, and BigInt took 2 us an id. */
const HALF_CHARS = 8;
const HALF_END = 2 ** 40;
const HALF_BYTES = 5;
/** Random bytes are asked for in advance, this many ids' worth at a time. */
const POOL_IDS = 256;

interface Chance {
  readonly high: number;
  readonly low: number;
}

/** `freshChance` gives 80 random bits; tests hand in their own. */
export function systemIds(
  clock: Pick<Clock, "nowMs">,
  freshChance: () => Chance = randomChances(),
): Ids {
  let timeMs = -1;
  let high = 0;
  let low = 0;
  let stem = "";
  const begin = (atMs: number) => {
    timeMs = atMs;
    ({ high, low } = freshChance());
    stem = `run_${base32(timeMs, TIME_CHARS)}${base32(high, HALF_CHARS)}`;
  };
  return {
    runId() {
      const nowMs = clock.nowMs();
      if (nowMs > timeMs) begin(nowMs);
      else if (low + 1 < HALF_END) low += 1;
      else if (high + 1 < HALF_END) {
        high += 1;
        low = 0;
        stem = `run_${base32(timeMs, TIME_CHARS)}${base32(high, HALF_CHARS)}`;
      } else begin(timeMs + 1);
      return stem + base32(low, HALF_CHARS);
    },
    commitId: () => randomUUID(),
  };
}

function randomChances(): () => Chance {
  const pool = Buffer.alloc(POOL_IDS * HALF_BYTES * 2);
  let at = pool.length;
  const half = () => {
    at += HALF_BYTES;
    return pool.readUIntBE(at - HALF_BYTES, HALF_BYTES);
  };
  return () => {
    if (at >= pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    return { high: half(), low: half() };
  };
}

/** `value` is a whole number below 2 ** 53. */
function base32(value: number, chars: number): string {
  let text = "";
  for (let rest = value, left = chars; left > 0; left--) {
    const next = Math.floor(rest / 32);
    text = ALPHABET.charAt(rest - next * 32) + text;
    rest = next;
  }
  return text;
}
