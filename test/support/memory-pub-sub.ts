/** The PubSub port in memory; a gap can be made by hand. */
import type { PubSub, SubscriptionTarget } from "#ports/pub-sub.ts";
import { HeardBuffer } from "#storage/heard-buffer.ts";

export class MemoryPubSub implements PubSub {
  readonly #listening = new Map<HeardBuffer, SubscriptionTarget>();

  publish: PubSub["publish"] = async (channel, text) => {
    const heard = [...this.#listening].filter(([, target]) =>
      "channel" in target ? target.channel === channel : channel.startsWith(target.prefix),
    );
    for (const [buffer] of heard) buffer.add(channel, text);
    return heard.length > 0;
  };

  subscribe: PubSub["subscribe"] = async (target, bufferMax) => {
    const buffer = new HeardBuffer(bufferMax);
    this.#listening.set(buffer, target);
    return {
      [Symbol.asyncIterator]: () => buffer[Symbol.asyncIterator](),
      close: async () => {
        this.#listening.delete(buffer);
        buffer.close();
      },
    };
  };

  cut(): void {
    for (const buffer of this.#listening.keys()) buffer.gap();
  }
}
