/** What a run's host shares with the rest of the engine. */

import type { RunEvent } from "#kernel/events.ts";
import type { RunState } from "#kernel/state.ts";
import type { NodeServices } from "#nodes/define-node.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Clock, Random } from "#ports/clock.ts";
import type { Message } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import type { AdaptiveLimit } from "../admission/adaptive-limit.ts";
import type { OperatorGates } from "../admission/operator-limits.ts";
import type { Quotas } from "../admission/quotas.ts";
import type { Scheduler } from "../admission/scheduler.ts";
import type { Attempts } from "./attempts.ts";
import type { Committer } from "./committer.ts";
import type { ItemReads } from "./item-reads.ts";
import type { MailEnd } from "./mail.ts";
import type { Memos } from "./memos.ts";
import type { EngineLimits, PureComputer } from "./options.ts";
import type { RunFacts } from "./run-facts.ts";
import type { RunLoader } from "./run-loader.ts";
import type { SharedState } from "./shared-state.ts";
import type { SlowTypes } from "./slow-types.ts";
import type { StepLogKeeper } from "./step-log-keeper.ts";
import type { Timers } from "./timers.ts";
import type { UsageKeeper } from "./usage-keeper.ts";
import type { ValueCache } from "./value-cache.ts";
import type { ValueLoader } from "./value-loader.ts";

export interface CommittedTurn {
  readonly facts: RunFacts;
  readonly events: readonly RunEvent[];
  readonly firstSeq: number;
  readonly atMs: number;
  /** Whether a payload was moved to the blob store. */
  readonly hasBlobs: boolean;
}

/** A run's host, as the engine sees it that gives it turns. */
export interface LoadedHost {
  readonly key: string;
  readonly tenant: string;
  readonly runId: string;
  readonly epoch: number;
  readonly isResting: boolean;
  advance(): void;
  unload(): void;
}

export interface HostServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: EngineLimits;
  readonly nodes: NodeRegistry;
  readonly nodeServices: NodeServices;
  readonly secrets: Secrets;
  readonly computer: PureComputer;
  /** Pure node types that have held up a turn: they are computed off it. */
  readonly slowTypes: SlowTypes;
  readonly loader: RunLoader;
  readonly values: ValueLoader;
  readonly cache: ValueCache;
  readonly committer: Committer;
  readonly timers: Timers;
  readonly attempts: Attempts;
  readonly itemReads: ItemReads;
  readonly memos: Memos;
  readonly shared: SharedState;
  readonly stepLogs: StepLogKeeper;
  /** Slots of attempts, and of runs with a concurrency key. */
  readonly attemptSlots: Scheduler;
  readonly runSlots: Scheduler;
  readonly attemptLimit: AdaptiveLimit;
  /** What the operator limits; null: nothing. */
  readonly operatorGates: OperatorGates | null;
  /** Counts what quotas limit; null: they limit nothing that must be counted. */
  readonly usage: UsageKeeper | null;
  readonly quotas: Quotas;
  readonly isClosing: () => boolean;
  /** The host has something to decide. */
  ready(host: LoadedHost): void;
  /** The host waits for nothing but timers and signals, or is over. */
  rested(host: LoadedHost): void;
  /** Nothing of it stays; `why` is `failed` for an open run that is another host's by now. */
  forget(host: LoadedHost, why?: MailEnd["kind"]): void;
  /** Messages whose sender's turn is durable. */
  send(messages: readonly Message[]): void;
  committed(turn: CommittedTurn): void;
  /** A run came from the journal with these approvals open. */
  loaded(facts: RunFacts, state: RunState): void;
  /** A parked run is tried again: messages that it turned away are still in the journal. */
  unparked(): void;
  /** A run with concurrency `cancelRunning` wants the slot of this one. */
  displace(runKey: string, by: string): void;
}

/** Names a run in everything that all tenants share. Ids hold no slash, so no two runs are one. */
export function runKeyOf(tenant: string, runId: string): string {
  return tenant === "default" ? runId : `${tenant}/${runId}`;
}

/** The run's id without its tenant. */
export function idOfRunKey(runKey: string): string {
  return runKey.slice(runKey.indexOf("/") + 1);
}
