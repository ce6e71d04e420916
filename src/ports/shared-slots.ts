/**
 * Slots that several hosts share: so many of a gate at the same time, on all of them together. Of each
 * gate a host has a *share*, and grants from it by itself; settle() tells what it uses and what waits,
 * and answers its share from now on. A store that has one owner has no such port.
 *
 * Promises (test/contract/shared-slots.ts):
 *   L1. Of one gate the shares of all hosts and the slots of open runs together never exceed the limit
 *       by which they were given, whatever the order of calls. What a host says that it uses is true
 *       even where that is more: then nobody is given any until it is less.
 *   L2. A share is never less than what the host said that it uses. What it had beyond that and does
 *       not want to keep is free again; what it keeps goes to others as soon as they want it and ask.
 *   L3. A free slot goes to the host whose next claim has the greatest effective priority (its own and
 *       one more for each ageing period that it waits). Hosts whose claims have one priority of their own
 *       take turns, as tenants do within a host: the one goes that was served least recently; who begins to
 *       wait stands behind those that do. A host is given slots by
 *       others' calls too, none while its lease is over. A claim that does not start because its limit
 *       is less than others' holds back those behind it once it has waited a whole ageing period;
 *       claims of runs never do.
 *   L4. Shares of hosts whose lease ran out are free, under the patience of Hosts H4.
 *   L5. A slot of a run is written with the turn that takes it (TurnCommit.slot) and counts while that
 *       run is open, whoever drives it, and while a message that is to begin it waits. It is taken from
 *       the share of the host, which is one less from then on, unless the run has one of that gate
 *       already, or the turn passes on that of its own run. Where there is none to take (the lease had
 *       run out, and the share with it) the turn is fenced and named as stale: it is decided again.
 *   L6. Who was given slots by somebody else's call, and who holds what others want, is told (notice
 *       "slots"): a hint that may be lost. Who drives runs that hold slots of the gate holds them too.
 *   L7. A call whose answer was lost may have been done: the same host's next call says anew what it uses.
 */
export interface SlotDemand {
  /** Tenant included where it is a tenant's own; a gate of runs has another name than one of attempts. */
  readonly gate: string;
  /** Whether runs hold its slots, not attempts. */
  readonly isOfRuns: boolean;
  /** The greatest that claims of it had here: what it keeps beyond what it uses stays within it. */
  readonly limit: number;
  /** Slots of attempts that are used here, or of runs that were granted and are not committed yet. */
  readonly inUse: number;
  /** Slots beyond those which it keeps, or is given, while nobody else wants them. */
  readonly spare: number;
  /** Claims that wait here, by limit and priority; in any order. */
  readonly waiting: readonly WaitingClaims[];
  /** Runs that hold a slot and were found again, not begun, by this host: they are made to count. */
  readonly runs: readonly HoldingRun[];
}

/** Claims that have one limit and one priority of their own. */
export interface WaitingClaims {
  readonly limit: number;
  readonly priority: number;
  /** Since when the one of them waits that goes next, by the store's clock. */
  readonly sinceMs: number;
  readonly count: number;
}

export interface HoldingRun {
  readonly tenant: string;
  readonly runId: string;
}

export interface SlotShare {
  readonly gate: string;
  /** Slots that this host may use from now on, `inUse` included. */
  readonly held: number;
  /** Slots that others have: shares of other hosts, and open runs. */
  readonly elsewhere: number;
  /**
   * What counts beside its own slots for claims with a lower limit than others': as `elsewhere`, but that
   * what others were given after this host counts for none that it was given a slot for.
   */
  readonly besides: number;
  /** Claims that wait on other hosts. */
  readonly waitingElsewhere: number;
  /** Runs that hold slots of the gate, the oldest first, where some wait here and none is free; at most as many as wait here, and 100. */
  readonly holders: readonly HoldingRun[];
}

export interface SharedSlots {
  /**
   * All gates in one transaction, at most 1,000, each once. Answers in their order. Nothing used, kept
   * or waiting: the host is forgotten there. While its lease is over it has what it uses, no more.
   */
  settle(demands: readonly SlotDemand[], ageingMs: number): Promise<readonly SlotShare[]>;
  /**
   * Gates that this host has a share of, or drives runs that hold slots of, and others wait for; or
   * that it has been given slots of since it asked last. It is to settle them.
   */
  contended(): Promise<readonly ContendedGate[]>;
}

export interface ContendedGate {
  readonly gate: string;
  /** Others' calls have given it slots since its own last one: it settles to learn how many. */
  readonly isGiven: boolean;
}
