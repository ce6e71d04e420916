/**
 * Hears what other hosts tell this one: a session of its own that LISTENs on the host's channel. While
 * it is down nothing is heard; when it is back, `onBack` is called, because anything may have been said.
 */
import pg, { type Client } from "pg";
import type { DatabaseAddress } from "./database-address.ts";

const BACKOFF_MS_FIRST = 50;
const BACKOFF_MS_MAX = 2_000;

interface ListenerOptions {
  readonly address: DatabaseAddress;
  readonly channel: string;
  onMessage(text: string): void;
  onBack(): void;
}

export class HostListener {
  readonly #options: ListenerOptions;
  #client: Client | null = null;
  #opening: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #isClosed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Resolves when it listens for the first time, or has failed to and tries again later. Never rejects. */
  open(): Promise<void> {
    this.#opening = this.#listen();
    return this.#opening;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#opening;
    const client = this.#client;
    this.#client = null;
    // What cannot be ended in good order is ended already.
    await client?.end().catch(() => {});
  }

  async #listen(): Promise<void> {
    const { address, channel, onMessage, onBack } = this.#options;
    if (this.#isClosed) return;
    const client = new pg.Client({ ...address.config, query_timeout: 0 });
    client.on("error", () => this.#lost(client));
    client.on("end", () => this.#lost(client));
    client.on("notification", ({ payload }) => onMessage(payload ?? ""));
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    } catch {
      // Whoever needs the database meets the same error; listening is tried again.
      await client.end().catch(() => {});
      return this.#again();
    }
    this.#client = client;
    this.#failures = 0;
    onBack();
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    this.#again();
  }

  #again(): void {
    if (this.#isClosed || this.#timer !== null) return;
    const afterMs = Math.min(BACKOFF_MS_FIRST * 2 ** this.#failures, BACKOFF_MS_MAX);
    this.#failures++;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#opening = this.#listen();
    }, afterMs);
    this.#timer.unref();
  }
}
