/**
 * What the embedded engine is opened with: its ports, its limits and the seams through which a
 * simulation takes over execution, computation and the order of turns.
 *
 *   O1. The engine learns time, chance and ids from these ports only.
 *   O2. Everything that grows has a limit here; the error of a passed one names it.
 */
import type { AttemptOutcome, ComputedOutcome } from "#kernel/inputs.ts";
import type { AttemptAbort } from "#nodes/attempt-abort.ts";
import type { NodeContext, NodeServices } from "#nodes/define-node.ts";
import type { ChainOptions } from "#nodes/middleware.ts";
import type { Redactor } from "#nodes/redactor.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { StreamReader } from "#nodes/stream/stream-items.ts";
import type { Archive } from "#ports/archive.ts";
import type { Clock, Ids, Random } from "#ports/clock.ts";
import type { Disk } from "#ports/disk.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import type { AdmissionOptions } from "../admission/operator-limits.ts";
import type { RetentionOptions } from "./retention.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly nodes: NodeRegistry;
  readonly services: Omit<NodeServices, "sendSignal">;
  /** Default: there are none. */
  readonly secrets?: Secrets;
  /** Is told what the engine does; default: nobody is. */
  readonly meter?: Meter;
  readonly limits?: Partial<EngineLimits>;
  /** Default: 30 days after the end, not archived. null: nothing is ever removed by itself. */
  readonly retention?: RetentionOptions | null;
  /** Where runs are archived; absent: archiving is refused. */
  readonly archive?: Archive;
  /** Starts are refused when it is nearly full; absent: it is not looked at. */
  readonly disk?: { readonly disk: Disk; readonly freeMin: number };
  /** What the operator limits for all runs, or for each tenant; default: nothing. */
  readonly admission?: Partial<AdmissionOptions>;
  /** Whether schedules are fired here; default: yes. Their runs can be looked at either way. */
  readonly firesSchedules?: boolean;
  /** Whether plans are optimised; what runs come to is the same either way. Default: yes. */
  readonly optimise?: boolean;
  /** What stands around attempts, for the runner below; default: the built-in links. */
  readonly chain?: ChainOptions;
  /** How late the event loop answered at worst since the last call; default: never late. */
  readonly loopDelayMs?: () => number;
  /** Performs attempts; default: the node's own code, in its chain. */
  readonly runner?: AttemptRunner;
  /** Computes pure steps off the turn; default: a worker thread. */
  readonly computer?: PureComputer;
  /** Reads streams that a for_each goes through; default: each in a worker thread of its own. */
  readonly streams?: StreamReader;
  /** Runs `work` soon, after what is due now, so that turns gather; default: setImmediate. */
  readonly defer?: (work: () => void) => void;
}

/** One attempt to perform. `config` is the evaluated `with`; `abort` is where the signal comes from. */
export interface AttemptRequest extends NodeContext {
  readonly uses: string;
  readonly config: unknown;
  readonly abort: AttemptAbort;
  /** The step's order of the chain; null: the host's. */
  readonly middleware: readonly string[] | null;
  /** Tells the heartbeat that was held back, if any: called once the attempt has ended. */
  flush?(): void;
  /** Milliseconds of processor time that its sandboxed code has taken; absent: none. */
  readonly sandboxCpuMs?: number;
  /** Of an attempt with secrets: keeps their values in (redacting-runner.ts). */
  readonly redactor?: Redactor;
}

export interface AttemptRunner {
  /** Settles soon after the request's signal aborts. A rejection counts as a failure with code `internal`. */
  run(request: AttemptRequest): Promise<AttemptOutcome>;
}

export interface PureComputer {
  /**
   * `config` may be a FarConfig where computesFar says so; the output may be PackedJson. `isLate`
   * at `deadlineAtMs` where that can be told in time; null: no limit.
   */
  compute(uses: string, config: unknown, deadlineAtMs?: number | null): Promise<ComputedOutcome>;
  /** Whether steps of this type can be given as FarConfig. Absent: none can. */
  computesFar?(uses: string): boolean;
  close(): Promise<void>;
}

export interface EngineLimits {
  /** Attempts under way at the same time, of all runs. */
  readonly attemptsMax: number;
  /** Runs held in memory; idle ones beyond it are unloaded, least recently used first. */
  readonly loadedRunsMax: number;
  /** Size of cached values, characters of JSON, and their number. */
  readonly cacheSizeMax: number;
  readonly cacheEntriesMax: number;
  /** UTF-8 bytes of JSON of one run's input. */
  readonly inputBytesMax: number;
  /** UTF-8 bytes of JSON of one signal's payload, and of an approval's form. */
  readonly signalBytesMax: number;
  readonly labelsMax: number;
  /** Inputs that wait for one run; a call beyond answers queue_full. */
  readonly mailboxMax: number;
  /** Turns that wait for a commit; beyond it no turn begins. */
  readonly turnsQueuedMax: number;
  /** Turns in one group commit, and the characters of their events. */
  readonly groupTurnsMax: number;
  readonly groupSizeMax: number;
  /** From this many turns on a group may go on in two halves. */
  readonly splitTurnsMin: number;
  /** Time that one turn may take before it commits and goes on in the next. */
  readonly turnMs: number;
  /** How long an aborted attempt may take to end before it is abandoned. */
  readonly abortGraceMs: number;
  /** A checkpoint is due after this many events, and as much text as the last one had. */
  readonly checkpointEvents: number;
  /** Events after which a run says that it should hand over to a successor: reading it takes ever longer. */
  readonly eventsWarned: number;
}

/**
 * 1,000 attempts: enough to keep 2 cores busy with calls that wait on the network, and few enough
 * that their buffers (some 100 KiB each) stay below 100 MiB.
 */
export const DEFAULT_LIMITS: EngineLimits = {
  attemptsMax: 1_000,
  loadedRunsMax: 20_000,
  cacheSizeMax: 64 * 1024 * 1024,
  cacheEntriesMax: 100_000,
  inputBytesMax: 10 * 1024 * 1024,
  signalBytesMax: 1024 * 1024,
  labelsMax: 32,
  mailboxMax: 10_000,
  turnsQueuedMax: 10_000,
  groupTurnsMax: 5_000,
  groupSizeMax: 32 * 1024 * 1024,
  splitTurnsMin: 40,
  turnMs: 5,
  abortGraceMs: 5_000,
  checkpointEvents: 500,
  eventsWarned: 200_000,
};

/** Values over this many bytes of JSON are moved to the blob store; pure steps over it off the turn. */
export const BLOB_BYTES = 64 * 1024;
/** Version of what this engine can read; runs that need a newer one are left alone. */
export const READER = 1;
