/**
 * Messages between the host and a plugin's process: four bytes of length (big-endian), then that
 * many bytes of JSON, over one socket that only the two of them have.
 *
 *   F1. A length above the bound is refused before a byte of the message is kept.
 *   F2. What is no JSON, or no message, is a fault: the reader reads nothing after it.
 */
const HEADER_BYTES = 4;
/** Of one message in either direction. */
export const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

export class FrameFault extends Error {
  override readonly name = "FrameFault";
}

/** Throws FrameFault for a message that is too large. */
export function frameOf(message: unknown): Buffer {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  if (bytes > MESSAGE_BYTES_MAX)
    throw new FrameFault(`a message of ${bytes} bytes; at most ${MESSAGE_BYTES_MAX} can be sent`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  frame.writeUInt32BE(bytes, 0);
  frame.write(text, HEADER_BYTES, "utf8");
  return frame;
}

export class FrameReader {
  readonly #onMessage: (message: unknown) => void;
  #parts: Buffer[] = [];
  #held = 0;
  #wanted: number | null = null;

  constructor(onMessage: (message: unknown) => void) {
    this.#onMessage = onMessage;
  }

  /** Throws FrameFault, and whatever `onMessage` throws. */
  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= (this.#wanted ?? HEADER_BYTES)) {
      if (this.#wanted === null) {
        const length = this.#take(HEADER_BYTES).readUInt32BE(0);
        if (length > MESSAGE_BYTES_MAX)
          throw new FrameFault(
            `announced a message of ${length} bytes; at most ${MESSAGE_BYTES_MAX}`,
          );
        this.#wanted = length;
        continue;
      }
      const text = this.#take(this.#wanted).toString("utf8");
      this.#wanted = null;
      this.#onMessage(parsed(text));
    }
  }

  #take(bytes: number): Buffer {
    const [first] = this.#parts;
    const whole =
      first !== undefined && this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    this.#held -= bytes;
    this.#parts = this.#held === 0 ? [] : [whole.subarray(bytes)];
    return whole.subarray(0, bytes);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FrameFault("sent what is no JSON", { cause });
  }
}
