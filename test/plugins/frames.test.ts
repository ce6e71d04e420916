/** Whatever way bytes are cut, the same messages come out; what is no message is refused. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameFault, FrameReader, frameOf, MESSAGE_BYTES_MAX } from "#plugins/frames.ts";

function read(bytes: Buffer, cuts: readonly number[]): unknown[] {
  const messages: unknown[] = [];
  const reader = new FrameReader((message) => messages.push(message));
  let from = 0;
  for (const cut of [...cuts, bytes.length].toSorted((left, right) => left - right)) {
    const to = Math.min(cut, bytes.length);
    if (to > from) reader.push(bytes.subarray(from, to));
    from = Math.max(from, to);
  }
  return messages;
}

test("messages survive any cut of their bytes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.array(fc.nat(400), { maxLength: 20 }),
      (messages, cuts) => {
        const plain = messages.map((message) => JSON.parse(JSON.stringify(message)) as unknown);
        const bytes = Buffer.concat(messages.map(frameOf));
        expect(read(bytes, cuts)).toEqual(plain);
      },
    ),
    { numRuns: 500 },
  );
});

test("any bytes either are messages or a fault, and never more than a bound is kept", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.nat(64)), (bytes, cuts) => {
      try {
        read(Buffer.from(bytes), cuts);
      } catch (error) {
        expect(error).toBeInstanceOf(FrameFault);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a length above the bound is refused with its first four bytes", () => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(MESSAGE_BYTES_MAX + 1);
  expect(() => read(header, [])).toThrow(FrameFault);
  header.writeUInt32BE(MESSAGE_BYTES_MAX);
  expect(read(header, [])).toEqual([]);
  expect(() => frameOf("x".repeat(MESSAGE_BYTES_MAX))).toThrow(/at most/);
});
