/** The two schedulers of an engine: slots of attempts, and of runs with a concurrency key. */
import type { Clock } from "#ports/clock.ts";
import { AdaptiveLimit, type LimitView } from "../admission/adaptive-limit.ts";
import { slotGrant } from "../admission/grant.ts";
import {
  type AdmissionOptions,
  type OperatorGates,
  operatorGates,
} from "../admission/operator-limits.ts";
import type { QuotaRules } from "../admission/quota-limits.ts";
import { type Grant, Scheduler } from "../admission/scheduler.ts";
import { type Mail, report } from "./mail.ts";

export interface Slots {
  readonly attemptSlots: Scheduler;
  readonly runSlots: Scheduler;
  /** How many attempts may run at once, as their latency and the event loop allow. */
  readonly attemptLimit: AdaptiveLimit;
  /** What the operator limits; null: nothing. */
  readonly operatorGates: OperatorGates | null;
}

/** `post` gets what a run is told when it is granted what it waited for. */
export function openSlots(
  engine: {
    readonly options: { readonly clock: Clock; readonly loopDelayMs?: () => number };
    readonly limits: { readonly attemptsMax: number };
    readonly admission: AdmissionOptions;
    readonly quotas: { readonly rules: QuotaRules };
  },
  post: (runKey: string, mail: Mail) => void,
): Slots {
  const { options, limits, admission } = engine;
  const { clock } = options;
  const { ageingMs } = admission;
  const onGrant = (grant: Grant) => post(grant.claim.runId, grantMail(grant));
  const max = limits.attemptsMax;
  const attemptSlots = new Scheduler({ clock, ageingMs, onGrant, bound: max });
  const { loopDelayMs = () => 0 } = options;
  const changed = ({ now }: LimitView) => attemptSlots.setBound(now);
  return {
    attemptSlots,
    attemptLimit: new AdaptiveLimit({ max, loopDelayMs, changed }),
    runSlots: new Scheduler({ clock, ageingMs, onGrant, bound: Number.POSITIVE_INFINITY }),
    operatorGates: operatorGates(admission, engine.quotas.rules),
  };
}

function grantMail({ claim, waitedMs }: Grant): Mail {
  const { path, slot, gates } = claim;
  if (path === "") return report({ kind: "admit_run" });
  const grant = gates === null ? null : slotGrant(claim, waitedMs);
  const grants = grant === null ? {} : { grants: [grant] };
  return { ...report({ kind: "admit", paths: [path], ...grants }), slot };
}
