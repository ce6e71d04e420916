/** The triggers of an engine over one store in this process: what there is, and what fires it. */
import { NO_SECRETS_PORT } from "#ports/secrets.ts";
import type { Engine } from "../engine.ts";
import type { EngineTriggers } from "../engine-triggers.ts";
import { ScheduleFiring } from "../triggers/fire-schedules.ts";
import { operateTriggers } from "../triggers/operate-triggers.ts";
import type { EngineCore } from "./engine-core.ts";

export interface OpenTriggers extends EngineTriggers {
  /** Begins to fire schedules; nothing where the host is not to. */
  begin(): void;
  /** A version was saved, which may have brought some. */
  changed(): void;
  /** Schedules that this host is looking at now. */
  readonly due: number;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** What another host has saved is fired by this one as well, at the latest so much later. */
const POLL_MS = 5_000;

/** `guard` throws where nothing may be changed now. */
export function openTriggers(core: EngineCore, engine: Engine, guard: () => void): OpenTriggers {
  const { store, clock, ids, logger, meter, firesSchedules = true } = core.options;
  const { secrets = NO_SECRETS_PORT } = core.options;
  const { triggers } = store;
  const pollMs = store.hosts === undefined ? null : POLL_MS;
  const firing = firesSchedules
    ? new ScheduleFiring({ triggers, clock, logger, meter, engine, pollMs })
    : null;
  let isBegun = false;
  const changed = () => {
    if (isBegun) firing?.look();
  };
  const parts = { triggers, clock, ids, logger, meter, secrets, engine, guard, changed };
  return {
    ...operateTriggers(parts),
    begin() {
      isBegun = true;
      firing?.look();
    },
    changed,
    get due() {
      return firing?.due ?? 0;
    },
    stop: async () => await firing?.stop(),
  };
}
