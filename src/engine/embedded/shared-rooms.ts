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
import type { Patience } from "./patience.ts";
import { engineContext } from "./run-facts.ts";
import { concernsOf, type SharedFailure, type SharedWaiter } from "./shared-waiter.ts";

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

interface RoomsOptions {
  readonly store: Pick<StateStore, "usage">;
  readonly patience: Patience;
  readonly wake: (waiting: readonly SharedWaiter[], failure: SharedFailure | null) => void;
}

/** An owner that is being asked for. */
interface Loading {
  readonly owner: SharedOwner;
  /** Somebody has changed a value of it meanwhile. */
  isDoubtful: boolean;
  readonly waiting: SharedWaiter[];
}

export class SharedRooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #loading = new Map<string, Loading>();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** null: to be asked for. */
  find(owner: SharedOwner): Room | null {
    return this.#rooms.get(idOf(owner)) ?? null;
  }

  /** Asks the store, once for all that wait for it. They are woken when the owner is known, or cannot be. */
  load(owner: SharedOwner, waiter: SharedWaiter): void {
    const id = idOf(owner);
    const loading = this.#loading.get(id);
    if (loading !== undefined) return void loading.waiting.push(waiter);
    const first: Loading = { owner, isDoubtful: false, waiting: [waiter] };
    this.#loading.set(id, first);
    void this.#load(id, first);
  }

  /** Never rejects. */
  async #load(id: string, loading: Loading): Promise<void> {
    const { patience, wake } = this.#options;
    const { owner, waiting } = loading;
    const asked = await patience.ask(() => this.#usage(loading), concernsOf(waiting));
    this.#loading.delete(id);
    if (asked.kind === "closed") return;
    if (asked.kind === "answered") {
      if (this.#rooms.size >= ROOMS_MAX) this.#evict();
      this.#rooms.set(id, { ...owner, ...asked.answer, turns: 0, isDoubtful: false });
    }
    wake(waiting, asked.kind === "answered" ? null : { what: textOf(owner), error: asked.error });
  }

  async #usage(loading: Loading): Promise<SharedUsage> {
    const { tenant, scope, workflow } = loading.owner;
    for (;;) {
      loading.isDoubtful = false;
      const usage = await this.#options.store.usage(engineContext(tenant), { scope, workflow });
      if (!loading.isDoubtful) return usage;
    }
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
    const id = idOf(owner);
    const loading = this.#loading.get(id);
    if (loading !== undefined) loading.isDoubtful = true;
    const room = this.#rooms.get(id);
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

function textOf({ scope, workflow }: SharedOwner): string {
  const of = scope === "workflow" ? `workflow ${workflow}` : "the tenant";
  return `how much ${of} keeps in shared values`;
}

function idOf({ tenant, scope, workflow }: SharedOwner): string {
  return `${tenant}\n${scope}\n${workflow}`;
}
