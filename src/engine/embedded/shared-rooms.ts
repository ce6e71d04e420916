/**
 * What workflows and tenants keep in shared values: asked of the store once, then counted along with
 * what turns decide, so that a bound on number and bytes costs no query for each step.
 *
 *   B1. A turn's part is counted when it is decided, and taken back when the turn is not committed.
 *   B2. Where it cannot be known what came of a turn, or somebody else changed a value, the owner is
 *       asked for again once no turn counts on it.
 */
import type { SharedRoom } from "#kernel/inputs.ts";
import type { SharedScope, SharedUsage, StateStore } from "#ports/state-store.ts";
import { STATE_BYTES_MAX, STATE_NAMES_MAX } from "#workflow/state-operation.ts";
import { engineContext } from "./run-facts.ts";

export interface SharedOwner {
  readonly tenant: string;
  readonly scope: SharedScope;
  readonly workflow: string;
}

/** An owner as far as this host knows it. */
export interface Room extends SharedOwner {
  names: number;
  bytes: number;
  turns: number;
  isDoubtful: boolean;
}

/** What one turn has added to a room. */
export interface RoomUse {
  readonly room: Room;
  names: number;
  bytes: number;
}

/** Owners that are kept although nobody works for them. */
const ROOMS_MAX = 10_000;

export class SharedRooms {
  readonly #store: Pick<StateStore, "usage">;
  readonly #rooms = new Map<string, Room>();

  constructor(store: Pick<StateStore, "usage">) {
    this.#store = store;
  }

  /** null: to be asked for. */
  find(owner: SharedOwner): Room | null {
    return this.#rooms.get(idOf(owner)) ?? null;
  }

  /** Asks the store, unless it is known by then. */
  async load(owner: SharedOwner): Promise<SharedUsage> {
    const { tenant, scope, workflow } = owner;
    const usage = await this.#store.usage(engineContext(tenant), { scope, workflow });
    const known = this.#rooms.get(idOf(owner));
    if (known !== undefined) return known;
    if (this.#rooms.size >= ROOMS_MAX) this.#evict();
    const room = { ...{ tenant, scope, workflow }, ...usage, turns: 0, isDoubtful: false };
    this.#rooms.set(idOf(owner), room);
    return room;
  }

  enter(room: Room): RoomUse {
    room.turns++;
    return { room, names: 0, bytes: 0 };
  }

  /** `before` and `after` are bytes; null: there is no such value. */
  count(use: RoomUse, before: number | null, after: number | null): void {
    const names = (after === null ? 0 : 1) - (before === null ? 0 : 1);
    const bytes = (after ?? 0) - (before ?? 0);
    use.names += names;
    use.bytes += bytes;
    use.room.names += names;
    use.room.bytes += bytes;
  }

  leave({ room, names, bytes }: RoomUse, isCommitted: boolean): void {
    room.turns--;
    if (!isCommitted) {
      room.names -= names;
      room.bytes -= bytes;
      room.isDoubtful = true;
    }
    if (room.isDoubtful) this.#doubt(room);
  }

  /** Somebody else has changed a value of the owner. */
  changed(owner: SharedOwner): void {
    const room = this.#rooms.get(idOf(owner));
    if (room !== undefined) this.#doubt(room);
  }

  #doubt(room: Room): void {
    if (room.turns > 0) room.isDoubtful = true;
    else this.#rooms.delete(idOf(room));
  }

  #evict(): void {
    for (const [id, room] of this.#rooms) {
      if (room.turns > 0) continue;
      this.#rooms.delete(id);
      return;
    }
  }
}

export function roomLeft({ scope, names, bytes }: Room): SharedRoom {
  return { names: STATE_NAMES_MAX[scope] - names, bytes: STATE_BYTES_MAX[scope] - bytes };
}

function idOf({ tenant, scope, workflow }: SharedOwner): string {
  return `${tenant}\n${scope}\n${workflow}`;
}
