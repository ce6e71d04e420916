/** What a turn and the host know of values that runs share (shared-state.ts). */
import type { SharedValue } from "#kernel/inputs.ts";
import type { SharedKey } from "#ports/state-store.ts";
import type { RoomUse } from "./shared-rooms.ts";
import type { SharedWaiter } from "./shared-waiter.ts";

/** With its JSON text, as it is stored; undefined: there is no such value. */
export interface KnownValue extends SharedValue {
  readonly text: string | undefined;
}

/** A value of a tenant, as far as this host knows it. */
export interface SharedEntry extends SharedKey {
  readonly id: string;
  readonly tenant: string;
  /** null: to be read. */
  value: KnownValue | null;
  /** Turns under way that have seen it. */
  turns: number;
  /** What is known is wrong: nobody new may build on it. */
  isBroken: boolean;
  isLoading: boolean;
  waiting: SharedWaiter[];
}

/** What one turn has seen: held until the turn has ended. */
export interface SharedTurn {
  readonly workflow: string;
  readonly entries: Map<string, SharedEntry>;
  /** By scope and name: the text that was there before the turn. */
  readonly seen: Map<string, string | undefined>;
  readonly rooms: RoomUse[];
}
