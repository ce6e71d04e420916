/**
 * Identifiers in production. A run id is `run_` and a ULID: 48 bits of epoch milliseconds and 80 of
 * chance in Crockford's base 32 (no I, L, O, U), so that ids sort by the time they were made.
 *
 * Invariants (test/system/system-ids.test.ts):
 *   I1. Of two ids from one source the later one is greater, within a millisecond and when the
 *       clock steps back: the time stays and the chance part is counted up by one.
 *   I2. Counting past the last chance of a millisecond moves on to the next one, never wraps.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { Clock, Ids } from "#ports/clock.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARS = 10;
const CHANCE_CHARS = 16;
const CHANCE_END = 1n << 80n;

/** `freshChance` gives 80 random bits; tests hand in their own. */
export function systemIds(
  clock: Pick<Clock, "nowMs">,
  freshChance: () => bigint = randomChance,
): Ids {
  let timeMs = -1;
  let chance = 0n;
  return {
    runId() {
      const nowMs = clock.nowMs();
      if (nowMs > timeMs) {
        timeMs = nowMs;
        chance = freshChance();
      } else if (chance + 1n < CHANCE_END) {
        chance += 1n;
      } else {
        timeMs += 1;
        chance = freshChance();
      }
      return `run_${base32(BigInt(timeMs), TIME_CHARS)}${base32(chance, CHANCE_CHARS)}`;
    },
    commitId: () => randomUUID(),
  };
}

function randomChance(): bigint {
  return BigInt(`0x${randomBytes(10).toString("hex")}`);
}

function base32(value: bigint, chars: number): string {
  let text = "";
  for (let rest = value, left = chars; left > 0; left--, rest >>= 5n) {
    text = ALPHABET.charAt(Number(rest & 31n)) + text;
  }
  return text;
}
