/**
 * The PubSub port on Redis. Subscriptions have a connection of their own, since one that listens may
 * do little else; when it is opened again all are made anew, and each is told that it may have missed
 * something.
 */
import type { RedisClientType } from "@redis/client";
import type { PubSub, Subscription, SubscriptionTarget } from "#ports/pub-sub.ts";
import { HeardBuffer } from "../heard-buffer.ts";
import { glob } from "./glob.ts";
import { type LinkOptions, RedisLink } from "./redis-link.ts";

interface Listening {
  readonly target: SubscriptionTarget;
  readonly buffer: HeardBuffer;
  readonly onMessage: (text: string, channel: string) => void;
}

export class RedisPubSub implements PubSub {
  readonly #sending: RedisLink;
  readonly #hearing: RedisLink;
  readonly #prefix: string;
  readonly #listening = new Set<Listening>();

  constructor(
    sending: RedisLink,
    { address, logger, namespace }: LinkOptions & { readonly namespace: string },
  ) {
    this.#sending = sending;
    this.#prefix = `${namespace}:channel:`;
    this.#hearing = new RedisLink({
      ...{ address, logger },
      onReady: (client) => this.#listenAgain(client),
    });
  }

  async open(): Promise<void> {
    await this.#hearing.open();
  }

  async close(): Promise<void> {
    for (const { buffer } of this.#listening) buffer.close();
    this.#listening.clear();
    await this.#hearing.close();
  }

  async publish(channel: string, text: string): Promise<boolean> {
    const parts = ["PUBLISH", `${this.#prefix}${channel}`, text];
    return Number(await this.#sending.send("telling hosts", parts)) > 0;
  }

  async subscribe(target: SubscriptionTarget, bufferMax: number): Promise<Subscription> {
    const buffer = new HeardBuffer(bufferMax);
    const onMessage = (text: string, channel: string) =>
      buffer.add(channel.slice(this.#prefix.length), text);
    const listening: Listening = { target, buffer, onMessage };
    this.#listening.add(listening);
    await this.#change("listening", (client) => this.#listen(client, listening));
    return {
      [Symbol.asyncIterator]: () => buffer[Symbol.asyncIterator](),
      close: async () => {
        buffer.close();
        if (!this.#listening.delete(listening)) return;
        await this.#change("listening no more", (client) => this.#leave(client, listening));
      },
    };
  }

  /** Where the connection is lost, the next one is made with what is listened to then. */
  async #change(doing: string, change: (client: RedisClientType) => Promise<void>): Promise<void> {
    try {
      await this.#hearing.ask(doing, change);
    } catch (error) {
      if (this.#hearing.isReady) throw error;
      // One that is being opened may have been made without this.
      await this.#hearing.settled();
      if (this.#hearing.isReady) await this.#hearing.ask(doing, change);
    }
  }

  async #listenAgain(client: RedisClientType): Promise<void> {
    await Promise.all([...this.#listening].map((one) => this.#listen(client, one)));
    for (const { buffer } of this.#listening) buffer.gap();
  }

  async #listen(client: RedisClientType, { target, onMessage }: Listening): Promise<void> {
    const name = this.#nameOf(target);
    if ("channel" in target) await client.subscribe(name, onMessage);
    else await client.pSubscribe(name, onMessage);
  }

  async #leave(client: RedisClientType, { target, onMessage }: Listening): Promise<void> {
    const name = this.#nameOf(target);
    if ("channel" in target) await client.unsubscribe(name, onMessage);
    else await client.pUnsubscribe(name, onMessage);
  }

  #nameOf(target: SubscriptionTarget): string {
    return "channel" in target
      ? `${this.#prefix}${target.channel}`
      : `${glob(`${this.#prefix}${target.prefix}`)}*`;
  }
}
