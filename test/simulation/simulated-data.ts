/**
 * What a simulated disk holds: the same facts as a real store, in plain maps. Everything here is
 * synchronous and atomic; when it happens, and whether the caller hears of it, is the business of
 * simulated-store.ts.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { WorkflowText, WorkflowVersion } from "#ports/catalogue.ts";
import {
  type AdmissionState,
  type BreakerOutcome,
  type CheckpointMark,
  type CheckpointRecord,
  fencedName,
  type Message,
  type RateStart,
  type RunFilter,
  type RunHead,
  type TurnCommit,
  type TurnRecord,
} from "#ports/journal.ts";
import type { HoldingRun } from "#ports/shared-slots.ts";
import { matchingLines, type StepLogLine, type StepLogQuery } from "#ports/step-logs.ts";
import type { StoredUsage } from "#ports/usage.ts";
import type { RunStatus } from "#workflow/statuses.ts";
import { refuseSlot } from "../../src/storage/storable-turn.ts";
import { MemoryRates } from "../support/memory-rates.ts";
import { SimulatedMemos } from "./simulated-memos.ts";
import type { SimulatedOwners } from "./simulated-owners.ts";
import { SimulatedShared } from "./simulated-shared.ts";
import { SimulatedSlots, type SlotFacts } from "./simulated-slots.ts";
import { SimulatedStarts, type StartFacts } from "./simulated-starts.ts";
import { SimulatedTriggers } from "./simulated-triggers.ts";
import { SimulatedUsage } from "./simulated-usage.ts";

const MEMORY_MS = 7 * 86_400_000;
const CHECKPOINTS_KEPT = 2;
const ENDED: ReadonlySet<RunStatus> = new Set(["succeeded", "failed", "cancelled"]);

interface Run {
  readonly number: number;
  head: Omit<RunHead, "epoch">;
  readonly turns: TurnRecord[];
  /** Newest first. */
  checkpoints: CheckpointRecord[];
  readonly logs: StepLogLine[];
}

type Version = WorkflowVersion & { readonly definition: string };

/** Separates parts of a key: no tenant, run or workflow name holds it. */
function key(tenant: string, id: string): string {
  return `${tenant}\n${id}`;
}

export class SimulatedData {
  epoch = 0;
  /** Where several hosts share the disk. */
  owners: SimulatedOwners | null = null;
  readonly memos = new SimulatedMemos();
  readonly shared = new SimulatedShared();
  readonly slots = new SimulatedSlots();
  /** By the disk's clock, where several hosts share it. */
  readonly rates = new MemoryRates(() => this.owners?.nowMs ?? 0);
  readonly starts = new SimulatedStarts();
  readonly triggers = new SimulatedTriggers();
  readonly usage = new SimulatedUsage();
  #logLines = 0;
  /** Is told of each turn that has become durable. */
  onTurn: (turn: TurnCommit) => void = () => {};
  readonly #runs = new Map<string, Run>();
  readonly #messages = new Map<
    string,
    { readonly message: Message; readonly from: string; isConsumed: boolean }
  >();
  readonly #startKeys = new Map<string, { runId: string; bodyHash: string; atMs: number }>();
  readonly #commitIds = new Set<string>();
  readonly #workflows = new Map<string, Version[]>();
  readonly #starts: RateStart[] = [];
  readonly #breakers = new Map<string, AdmissionState["breakers"][number]>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #corruptCheckpoints = new Set<string>();
  readonly #corruptBlobs = new Set<string>();

  /** Throws journal_refused before anything has changed. */
  commit(
    commitId: string,
    turns: readonly TurnCommit[],
    options: {
      readonly epoch: number;
      readonly nowMs: number;
      readonly fence: readonly string[];
      /** Which host commits; null: there is one owner of all. */
      readonly host?: number | null;
    },
  ): { readonly fenced: readonly string[]; readonly stale?: readonly string[] } {
    for (const turn of turns) {
      refuseUnstorable(turn);
      if (this.owners === null) refuseSlot(turn);
    }
    const fenced = new Set<string>();
    const stale: string[] = [];
    const { owners } = this;
    const isOwner = owners !== null || options.epoch === this.epoch;
    for (const turn of turns) {
      const { runId } = turn;
      const isLeftOut =
        !isOwner ||
        (owners === null ? turn.epoch !== options.epoch : !this.#isOwned(turn, owners)) ||
        fenced.has(fencedName(turn)) ||
        options.fence.includes(runId);
      const host = options.host ?? 0;
      const isFit = this.shared.fits(turn) && (owners === null || this.slots.fits(turn, host));
      if (!isLeftOut && !isFit) stale.push(fencedName(turn));
      const isPlaced = owners === null || this.starts.fits(turn);
      if (isLeftOut || !isFit || !isPlaced || !this.#append(turn, options.nowMs)) {
        fenced.add(fencedName(turn));
        continue;
      }
      this.usage.commit(turn, options.host ?? options.epoch);
      if (owners !== null) {
        this.#own(turn, owners, host);
        this.slots.commit(turn, host);
        this.starts.commit(turn);
      }
    }
    this.memos.evict();
    if (isOwner) this.#commitIds.add(commitId);
    return stale.length === 0 ? { fenced: [...fenced] } : { fenced: [...fenced], stale };
  }

  #isOwned({ tenant, runId, create, epoch }: TurnCommit, owners: SimulatedOwners): boolean {
    return create !== null || owners.of(key(tenant, runId)).epoch === epoch;
  }

  #own({ tenant, runId, create, status }: TurnCommit, owners: SimulatedOwners, host: number): void {
    const run = key(tenant, runId);
    if (create !== null) owners.created(run, host);
    if (ENDED.has(status) && this.#runs.get(run)?.head.status === status) owners.ended(run);
  }

  /** Open runs, oldest first, as SimulatedOwners names them. */
  openKeys(): string[] {
    return [...this.#runs].filter(([, { head }]) => !ENDED.has(head.status)).map(([run]) => run);
  }

  headOfKey(run: string): RunHead {
    const found = this.#runs.get(run);
    if (found === undefined) throw new Error(`there is no run ${run}`);
    return this.#headOf(found);
  }

  /** What `host` is to carry (Journal.messages). */
  #isCarriedBy(host: number, message: Message & { readonly from: string }): boolean {
    const { owners } = this;
    const to = key(message.tenant, message.toRunId);
    const isOpen = (run: string) => !ENDED.has(this.#runs.get(run)?.head.status ?? "failed");
    if (owners === null) return true;
    if (isOpen(to)) return owners.of(to).owner === host;
    return isOpen(message.from) ? owners.of(message.from).owner === host : true;
  }

  /** Who drives an open run, or one that a message waits to begin. */
  driverOf({ tenant, runId }: HoldingRun): number | null | undefined {
    const run = this.#runs.get(key(tenant, runId));
    if (run !== undefined) return ENDED.has(run.head.status) ? undefined : this.#headOf(run).owner;
    const isToBegin = [...this.#messages.values()].some(
      ({ message, isConsumed }) =>
        !isConsumed && message.tenant === tenant && message.toRunId === runId,
    );
    return isToBegin ? null : undefined;
  }

  /** What places for new runs are judged by. */
  startFacts({ nowMs }: SimulatedOwners): StartFacts {
    const isOf = (head: Run["head"], tenant: string, workflow: string | null) =>
      head.tenant === tenant && (workflow ?? head.workflow) === head.workflow;
    return {
      nowMs,
      openRuns: (tenant, workflow) =>
        [...this.#runs.values()].filter(
          ({ head }) => isOf(head, tenant, workflow) && !ENDED.has(head.status),
        ).length,
    };
  }

  /** What slots are judged by, for one host of several. */
  slotFacts(owners: SimulatedOwners, isPatient: boolean): SlotFacts {
    return {
      ...{ nowMs: owners.nowMs, isPatient },
      isHeld: (host) => owners.isHeld(host),
      driverOf: (run) => this.driverOf(run),
    };
  }

  isCommitted(commitId: string): boolean {
    return this.#commitIds.has(commitId);
  }

  #append(turn: TurnCommit, nowMs: number): boolean {
    const { tenant, runId, record, create, startKey } = turn;
    let run = this.#runs.get(key(tenant, runId));
    if ((run === undefined) !== (create !== null)) return false;
    if (record !== null && record.firstSeq !== (run?.head.seq ?? 0) + 1) return false;
    if (startKey !== null) {
      const known = this.startKey(tenant, startKey.key, nowMs);
      if (known !== null && known.runId !== runId) return false;
      if (known === null) {
        const { bodyHash } = startKey;
        this.#startKeys.set(key(tenant, startKey.key), { runId, bodyHash, atMs: nowMs });
      }
    }
    const { status, startedAtMs, endedAtMs, errorCode } = turn;
    if (create !== null) {
      const head = { ...create, seq: 0, status, startedAtMs, endedAtMs, errorCode };
      run = { number: this.#runs.size + 1, head, turns: [], checkpoints: [], logs: [] };
      this.#runs.set(key(tenant, runId), run);
    }
    if (run === undefined) return false;
    const seq = record?.lastSeq ?? run.head.seq;
    if (record !== null || create !== null)
      run.head = { ...run.head, seq, status, startedAtMs, endedAtMs, errorCode };
    if (turn.labels !== undefined) run.head = { ...run.head, labels: turn.labels };
    if (record !== null) run.turns.push(record);
    for (const message of turn.sends) {
      const messageKey = key(message.tenant, message.id);
      if (!this.#messages.has(messageKey)) {
        this.#messages.set(messageKey, { message, from: key(tenant, runId), isConsumed: false });
      }
    }
    for (const id of turn.consumes) this.#consume(tenant, id, runId);
    if (turn.checkpoint !== null) this.#saveCheckpoint(run, turn.checkpoint);
    this.memos.commit(turn, nowMs);
    this.shared.commit(turn);
    for (const line of turn.logs ?? []) {
      const isThere = run.logs.some(
        (old) => old.path === line.path && old.attempt === line.attempt && old.line === line.line,
      );
      if (!isThere) run.logs.push({ ...line, position: ++this.#logLines });
    }
    this.#starts.push(...(turn.admission?.starts ?? []));
    for (const outcome of turn.admission?.outcomes ?? []) this.#breakerOutcome(outcome);
    this.onTurn(turn);
    return true;
  }

  /** As the Journal port says of a BreakerOutcome. */
  #breakerOutcome(outcome: BreakerOutcome): void {
    const { name, hasFailed, isProbe, atMs, failureThreshold, resetAfterMs, untilMs } = outcome;
    const known = this.#breakers.get(name);
    if ((known?.openedAtMs ?? null) !== null && !isProbe) return;
    if (!hasFailed) {
      this.#breakers.delete(name);
      return;
    }
    const isQuiet = known?.openedAtMs === null && known.untilMs <= atMs;
    const failures = (isQuiet ? 0 : (known?.failures ?? 0)) + 1;
    const opens = failures >= failureThreshold || isProbe;
    this.#breakers.set(name, {
      name,
      failures,
      openedAtMs: opens ? atMs : (known?.openedAtMs ?? null),
      resetAfterMs,
      untilMs,
    });
  }

  admission(afterMs: number): AdmissionState {
    return {
      starts: this.#starts.filter(({ atMs, perMs }) => atMs + perMs > afterMs),
      breakers: [...this.#breakers.values()].filter(({ untilMs }) => untilMs > afterMs),
    };
  }

  #consume(tenant: string, id: string, toRunId: string): void {
    const found = this.#messages.get(key(tenant, id));
    if (found !== undefined) found.isConsumed = true;
    else {
      const message = { id, tenant, toRunId, kind: "", body: "" };
      this.#messages.set(key(tenant, id), {
        message,
        from: key(tenant, toRunId),
        isConsumed: true,
      });
    }
  }

  #saveCheckpoint(run: Run, checkpoint: CheckpointRecord): void {
    const { tenant, runId } = run.head;
    this.#corruptCheckpoints.delete(`${key(tenant, runId)}\n${checkpoint.seq}`);
    const same = run.checkpoints.find(({ seq }) => seq === checkpoint.seq);
    const saved = same?.isPinned === true ? { ...checkpoint, isPinned: true } : checkpoint;
    run.checkpoints = [saved, ...run.checkpoints.filter((old) => old !== same)]
      .sort((a, b) => b.seq - a.seq)
      .filter(({ isPinned }, at) => at < CHECKPOINTS_KEPT || isPinned === true);
  }

  head(tenant: string, runId: string): RunHead | null {
    const run = this.#runs.get(key(tenant, runId));
    return run === undefined ? null : this.#headOf(run);
  }

  #headOf(run: Run): RunHead {
    if (this.owners === null) return { ...run.head, epoch: this.epoch };
    return { ...run.head, ...this.owners.of(key(run.head.tenant, run.head.runId)) };
  }

  heads(
    tenant: string,
    filter: RunFilter,
  ): { readonly items: readonly RunHead[]; readonly cursor: string | null } {
    const before = parseCursor(filter.cursor);
    const found = [...this.#runs.values()]
      .filter((run) => run.head.tenant === tenant && matches(run.head, filter))
      .filter(
        ({ head, number }) =>
          head.createdAtMs < before.createdAtMs ||
          (head.createdAtMs === before.createdAtMs && number < before.number),
      )
      .sort((a, b) => b.head.createdAtMs - a.head.createdAtMs || b.number - a.number);
    const page = found.slice(0, filter.limit);
    const last = page.at(-1);
    const isMore = found.length > filter.limit && last !== undefined;
    return {
      items: page.map((run) => this.#headOf(run)),
      cursor: isMore ? `${last.head.createdAtMs}.${last.number}` : null,
    };
  }

  /** null: of all tenants. */
  counts(tenant: string | null): Readonly<Record<RunStatus, number>> {
    const counts = {
      queued: 0,
      running: 0,
      waiting: 0,
      paused: 0,
      succeeded: 0,
      failed: 0,
      cancelled: 0,
    };
    for (const { head } of this.#runs.values()) {
      if (tenant === null || head.tenant === tenant) counts[head.status]++;
    }
    return counts;
  }

  /** Bytes of events and of blobs that are referred to, by tenant and workflow. */
  measure(): void {
    const sums = new Map<string, StoredUsage>();
    for (const { head, turns } of this.#runs.values()) {
      const { tenant, workflow } = head;
      const before = sums.get(key(tenant, workflow))?.bytes ?? 0;
      const bytes = turns.reduce((sum, { events }) => sum + Buffer.byteLength(events), before);
      sums.set(key(tenant, workflow), { tenant, workflow, bytes });
    }
    this.usage.measured([...sums.values()]);
  }

  openRuns(after: RunHead | null, limit: number): readonly RunHead[] {
    const last = after === null ? undefined : this.#runs.get(key(after.tenant, after.runId));
    const afterNumber = last?.number ?? 0;
    return [...this.#runs.values()]
      .filter(({ number, head }) => number > afterNumber && !ENDED.has(head.status))
      .slice(0, limit)
      .map((run) => this.#headOf(run));
  }

  logs(tenant: string, runId: string, query: StepLogQuery): readonly StepLogLine[] {
    return matchingLines(this.#runs.get(key(tenant, runId))?.logs ?? [], query);
  }

  turns(tenant: string, runId: string, afterSeq: number, limit: number): readonly TurnRecord[] {
    const turns = this.#runs.get(key(tenant, runId))?.turns ?? [];
    return turns.filter(({ lastSeq }) => lastSeq > afterSeq).slice(0, limit);
  }

  turnAt(tenant: string, runId: string, seq: number): TurnRecord | null {
    const turns = this.#runs.get(key(tenant, runId))?.turns ?? [];
    return turns.find(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq) ?? null;
  }

  checkpointMarks(tenant: string, runId: string): readonly CheckpointMark[] {
    const checkpoints = this.#runs.get(key(tenant, runId))?.checkpoints ?? [];
    return checkpoints.map(({ seq, state, isPinned = false }) => {
      return { seq, bytes: Buffer.byteLength(state), isPinned };
    });
  }

  checkpoints(
    tenant: string,
    runId: string,
    onCorrupt: (seq: number) => void,
  ): readonly CheckpointRecord[] {
    const checkpoints = this.#runs.get(key(tenant, runId))?.checkpoints.slice(0, 4) ?? [];
    return checkpoints
      .map(({ isPinned: _pinned, ...record }) => record)
      .filter(({ seq }) => {
        const isCorrupt = this.#corruptCheckpoints.has(`${key(tenant, runId)}\n${seq}`);
        if (isCorrupt) onCorrupt(seq);
        return !isCorrupt;
      });
  }

  messages(limit: number, after?: Message, host?: number): readonly Message[] {
    const names = [...this.#messages.keys()];
    const from = after === undefined ? 0 : names.indexOf(key(after.tenant, after.id)) + 1;
    return [...this.#messages.values()]
      .slice(from)
      .filter(({ isConsumed }) => !isConsumed)
      .filter(
        ({ message, from }) => host === undefined || this.#isCarriedBy(host, { ...message, from }),
      )
      .slice(0, limit)
      .map(({ message }) => message);
  }

  startKey(
    tenant: string,
    startKey: string,
    nowMs: number,
  ): { readonly runId: string; readonly bodyHash: string } | null {
    const found = this.#startKeys.get(key(tenant, startKey));
    if (found === undefined || found.atMs <= nowMs - MEMORY_MS) return null;
    return { runId: found.runId, bodyHash: found.bodyHash };
  }

  saveWorkflow(
    tenant: string,
    { name, hash, definition, atMs, triggers = [] }: WorkflowText,
  ): WorkflowVersion & { readonly created: boolean } {
    const versions = this.#workflows.get(key(tenant, name)) ?? [];
    const newest = versions.at(-1);
    if (newest?.hash === hash) return { ...withoutDefinition(newest), created: false };
    this.triggers.bring(tenant, name, triggers, atMs);
    const saved = { name, version: versions.length + 1, hash, createdAtMs: atMs };
    this.#workflows.set(key(tenant, name), [...versions, { ...saved, definition }]);
    return { ...saved, created: true };
  }

  findWorkflow(tenant: string, name: string, version: number | null): Version | null {
    const versions = this.#workflows.get(key(tenant, name)) ?? [];
    return versions.at(version === null ? -1 : version - 1) ?? null;
  }

  workflowVersions(tenant: string, name: string): readonly WorkflowVersion[] {
    return (this.#workflows.get(key(tenant, name)) ?? []).map(withoutDefinition).reverse();
  }

  listWorkflows(tenant: string, afterName: string, limit: number): readonly WorkflowVersion[] {
    return [...this.#workflows]
      .filter(([name]) => name.startsWith(key(tenant, "")))
      .flatMap(([, versions]) => versions.slice(-1).map(withoutDefinition))
      .filter(({ name }) => name > afterName)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  putBlob(tenant: string, hash: string, bytes: Uint8Array): void {
    if (!this.#blobs.has(key(tenant, hash))) this.#blobs.set(key(tenant, hash), bytes.slice());
  }

  blob(tenant: string, hash: string): Uint8Array | null {
    if (this.#corruptBlobs.has(hash)) return null;
    return this.#blobs.get(key(tenant, hash))?.slice() ?? null;
  }

  corruptCheckpoint(tenant: string, runId: string, seq: number): void {
    this.#corruptCheckpoints.add(`${key(tenant, runId)}\n${seq}`);
  }

  corruptBlob(hash: string): void {
    this.#corruptBlobs.add(hash);
  }
}

function withoutDefinition({ name, version, hash, createdAtMs }: Version): WorkflowVersion {
  return { name, version, hash, createdAtMs };
}

function refuseUnstorable(turn: TurnCommit): void {
  const { runId, record, checkpoint } = turn;
  const isWellFormed =
    (record?.events ?? "").isWellFormed() && (checkpoint?.state ?? "").isWellFormed();
  if (isWellFormed && (record === null || record.firstSeq <= record.lastSeq)) return;
  throw new LockstitchError("journal_refused", `run ${runId} cannot be stored`, {
    details: { runId },
  });
}

function matches(head: Omit<RunHead, "epoch">, filter: RunFilter): boolean {
  return (
    (filter.status === undefined || filter.status.includes(head.status)) &&
    (filter.workflow === undefined || filter.workflow === head.workflow) &&
    (filter.parentRunId === undefined || filter.parentRunId === head.parentRunId) &&
    Object.entries(filter.labels ?? {}).every(([name, value]) => head.labels[name] === value) &&
    head.createdAtMs > (filter.createdAfterMs ?? Number.NEGATIVE_INFINITY) &&
    head.createdAtMs < (filter.createdBeforeMs ?? Number.POSITIVE_INFINITY)
  );
}

function parseCursor(cursor: string | undefined): { createdAtMs: number; number: number } {
  if (cursor === undefined) return { createdAtMs: Number.POSITIVE_INFINITY, number: 0 };
  const match = /^(-?\d+)\.(\d+)$/.exec(cursor);
  if (match === null) throw new LockstitchError("request_invalid", "not a cursor of this list");
  return { createdAtMs: Number(match[1]), number: Number(match[2]) };
}
