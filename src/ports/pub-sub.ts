/**
 * Messages to whoever listens just now: hints that make things happen sooner. Nothing may depend on
 * one that arrives.
 *
 * Promises (test/contract/pub-sub.ts):
 *   P1. A message reaches each subscription of its channel, or of a prefix of it, at most once, and
 *       those of one publisher in their order.
 *   P2. publish() answers whether anybody listens.
 *   P3. Where messages may have been lost (the connection was, or the subscriber is slow) the
 *       subscription says so in their place, and how many, where that is known.
 *   P4. A slow subscriber holds up nobody: of what waits for it, the oldest go first beyond `bufferMax`.
 *   P5. While the store is away publish() rejects with store_unavailable within two seconds;
 *       subscriptions stay, and go on when it is back.
 */
export interface PubSub {
  publish(channel: string, text: string): Promise<boolean>;
  /** Listens once it resolves; while the store is away: as soon as it is back, which begins with a gap. */
  subscribe(target: SubscriptionTarget, bufferMax: number): Promise<Subscription>;
}

export type SubscriptionTarget = { readonly channel: string } | { readonly prefix: string };

export type Heard =
  | { readonly kind: "message"; readonly channel: string; readonly text: string }
  /** `dropped` null: nobody knows how many. */
  | { readonly kind: "gap"; readonly dropped: number | null };

/** One reader; it ends with close(). */
export interface Subscription extends AsyncIterable<Heard> {
  /** Idempotent. */
  close(): Promise<void>;
}
