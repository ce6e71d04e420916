/**
 * One connection to Redis that is opened again when it is lost, for as long as nobody closes it.
 * Commands that are sent at the same time go out together.
 *
 *            open              ready                   lost, or no answer in time
 *   closed --------> opening ---------> ready ---------------------------------------> waiting
 *                       ^                                                               |
 *                       +------------------------- backoff is over ---------------------+
 *
 *   1. Not ready, it refuses at once with store_unavailable: whoever asks has another way.
 *   2. A server that does not answer within ANSWER_MS_MAX is as good as gone: the connection is
 *      given up with all that waits on it. What was sent may have been done.
 *   3. Opening never rejects: without Redis everything goes on, slower.
 */
import type { RedisClientType, TypeMapping } from "@redis/client";
import { LockstitchError } from "#errors/errors.ts";
import type { Logger } from "#ports/logger.ts";
import type { RedisAddress } from "./redis-address.ts";

const ANSWER_MS_MAX = 1_000;
/** A connection that hears only is asked so often whether it is still there. */
const PING_MS = 2_000;
const BACKOFF_MS_FIRST = 50;
const BACKOFF_MS_MAX = 2_000;

export interface LinkOptions {
  readonly address: RedisAddress;
  readonly logger: Pick<Logger, "warn" | "info">;
  /** Asked with each new connection, before it is used. */
  onReady?(client: RedisClientType): Promise<void>;
}

export class RedisLink {
  readonly #options: LinkOptions;
  readonly #lost = new Set<() => void>();
  #client: RedisClientType | null = null;
  #opening: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #ping: NodeJS.Timeout | null = null;
  #failures = 0;
  #why = "it is not connected yet";
  #isClosed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#client !== null;
  }

  /** Resolves when it is connected, or has failed to and tries again later. Never rejects. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Resolves when nothing is being opened. Never rejects. */
  async settled(): Promise<void> {
    await this.#opening;
  }

  /** Calls back whenever a connection is lost. */
  onLost(listener: () => void): void {
    this.#lost.add(listener);
  }

  /** Sends one command. Rejects with store_unavailable, or with what Redis has against it. */
  async send(
    doing: string,
    parts: readonly (string | Buffer)[],
    typeMapping: TypeMapping = {},
  ): Promise<unknown> {
    return await this.ask(doing, (client) => client.sendCommand(parts, { typeMapping }));
  }

  /** As send(), for what the client has a method of its own. */
  async ask<Result>(
    doing: string,
    call: (client: RedisClientType) => Promise<Result>,
  ): Promise<Result> {
    const client = this.#client;
    if (client === null) throw this.#away(doing, this.#why);
    const late = setTimeout(() => {
      this.#drop(client, `no answer within ${ANSWER_MS_MAX} ms`);
    }, ANSWER_MS_MAX);
    try {
      return await call(client);
    } catch (error) {
      if (isReply(error) && !TRANSIENT.test(error.message)) throw error;
      throw this.#away(doing, textOf(error), error);
    } finally {
      clearTimeout(late);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#opening;
    const client = this.#client;
    if (client !== null) this.#drop(client, "it is closed");
  }

  async #open(): Promise<void> {
    if (this.#isClosed || this.#client !== null) return;
    const { address, logger, onReady } = this.#options;
    const { createClient } = await import("@redis/client");
    const client = createClient(address.options) as unknown as RedisClientType;
    client.on("error", (error: unknown) => this.#drop(client, textOf(error)));
    client.on("end", () => this.#drop(client, "the connection was closed"));
    try {
      await client.connect();
      await onReady?.(client);
      if (!client.isReady) throw new Error("the connection was lost at once");
    } catch (error) {
      this.#why = textOf(error);
      if (this.#failures === 0)
        logger.warn({ redis: address.label, error: this.#why }, "Redis cannot be reached");
      if (client.isOpen) client.destroy();
      return this.#again();
    }
    if (this.#isClosed) return client.destroy();
    this.#client = client;
    if (this.#failures > 0) logger.info({ redis: address.label }, "Redis is back");
    this.#failures = 0;
    this.#ping = setInterval(() => {
      // What came of it is told by the connection that is dropped.
      this.send("asking whether Redis is there", ["PING"]).catch(() => undefined);
    }, PING_MS);
    this.#ping.unref();
  }

  #drop(client: RedisClientType, why: string): void {
    if (client.isOpen) client.destroy();
    if (this.#client !== client) return;
    const { address, logger } = this.#options;
    this.#client = null;
    this.#why = why;
    if (this.#ping !== null) clearInterval(this.#ping);
    if (this.#isClosed) return;
    logger.warn({ redis: address.label, error: why }, "Redis is lost; going on without it");
    for (const listener of this.#lost) listener();
    this.#again();
  }

  #again(): void {
    if (this.#isClosed || this.#retry !== null) return;
    const afterMs = Math.min(BACKOFF_MS_FIRST * 2 ** this.#failures, BACKOFF_MS_MAX);
    this.#failures++;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.open();
    }, afterMs);
    this.#retry.unref();
  }

  #away(doing: string, why: string, cause?: unknown): LockstitchError {
    const { label } = this.#options.address;
    return new LockstitchError("store_unavailable", `${doing}: Redis (${label}): ${why}`, {
      cause,
    });
  }
}

/** First words of replies after which the same command may succeed. */
const TRANSIENT =
  /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|READONLY|OOM|NOREPLICAS|NOAUTH|NOPERM|MISCONF)\b/;

function isReply(error: unknown): error is Error {
  return error instanceof Error && /ErrorReply|SimpleError|BlobError/.test(error.constructor.name);
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(textOf).join(", ");
  if (!(error instanceof Error)) return String(error);
  return error.message === "" ? error.constructor.name : error.message;
}
