/** A step's operation that waits for what the store must say of shared values (shared-state.ts). */
import type { Input } from "#kernel/inputs.ts";
import type { Concerns } from "./patience.ts";

export type OperationInput = Extract<Input, { readonly kind: "operation" }>;

/** Waits for what its names hold, and for the room that there is. */
export interface SharedWaiter {
  readonly runKey: string;
  readonly input: OperationInput;
  /** What it waits for still. */
  left: number;
  /** The first of them that cannot be read. */
  failure: SharedFailure | null;
}

/** Asking the store again would not help. */
export interface SharedFailure {
  readonly what: string;
  readonly error: unknown;
}

export function concernsOf(waiting: readonly SharedWaiter[]): Concerns {
  return (runKey, path) =>
    waiting.some((waiter) => waiter.runKey === runKey && waiter.input.path === path);
}
