/** Lists, counters and open runs are those of a plain model, wherever between fresh and listed runs stand. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CallContext } from "#ports/call-context.ts";
import type { RunFilter, RunHead, RunStatus, TurnCommit } from "#ports/journal.ts";
import { ALICE, BOB, creation, turn } from "../../contract/store-fixture.ts";
import { type ListingStore, openListingStore } from "./listing-fixture.ts";

const FRESH_RUNS_MAX = 6;
const OPEN = ["queued", "running", "waiting", "paused"] as const;
const ENDED = ["succeeded", "failed", "cancelled"] as const;

interface ModelRun {
  readonly tenant: string;
  readonly runId: string;
  readonly workflow: string;
  readonly createdAtMs: number;
  readonly parentRunId: string | null;
  labels: Readonly<Record<string, string>>;
  status: RunStatus;
  seq: number;
}

interface Model {
  /** In order of creation, without those that were removed. */
  runs: ModelRun[];
  made: number;
  commits: number;
}

interface Met {
  fresh: number;
  listed: number;
  mixed: number;
  removedFresh: number;
  reused: number;
}

type Op =
  | { readonly kind: "begin"; readonly at: number; readonly count: number }
  | { readonly kind: "change"; readonly at: number; readonly count: number }
  | { readonly kind: "end"; readonly at: number; readonly count: number }
  | { readonly kind: "label" | "remove" | "drop" | "refused"; readonly at: number }
  | { readonly kind: "enlist" | "tidy" | "reopen" };

const at = fc.nat(1_000);
const count = fc.integer({ min: 1, max: 4 });
const OPS: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("begin"), at, count }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("change"), at, count }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("end"), at, count }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("label", "remove", "drop", "refused"), at }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("enlist", "tidy", "reopen") }),
  },
);

function pick<Item>(items: readonly Item[], place: number): Item | undefined {
  return items[place % Math.max(items.length, 1)];
}

function isOpen({ status }: ModelRun): boolean {
  return (OPEN as readonly RunStatus[]).includes(status);
}

function begun(model: Model, place: number): TurnCommit {
  const tenant = place % 4 === 0 ? BOB.tenant : ALICE.tenant;
  const runId = `r${model.made++}`;
  const run: ModelRun = {
    ...{ tenant, runId, workflow: place % 3 === 0 ? "report" : "import" },
    // Clocks go back now and then.
    createdAtMs: 1_000 + Math.floor(model.made / 2) - (place % 5),
    parentRunId: place % 7 === 0 ? "r0" : null,
    labels: place % 2 === 0 ? { team: "red" } : {},
    status: OPEN[place % 4] ?? "running",
    seq: 2,
  };
  model.runs.push(run);
  const { workflow, createdAtMs, parentRunId, labels, status } = run;
  return creation({
    ...{ tenant, runId, epoch: 0, workflow, createdAtMs, labels, status },
    ...(parentRunId === null ? {} : { parentRunId }),
  });
}

/** null: there is no open run. */
function advanced(model: Model, place: number, status: RunStatus): TurnCommit | null {
  const run = pick(model.runs.filter(isOpen), place);
  return run === undefined ? null : advance(run, status);
}

function advance(run: ModelRun, status: RunStatus): TurnCommit {
  run.seq += 1;
  run.status = status;
  const { tenant, runId, seq } = run;
  const endedAtMs = isOpen(run) ? null : 2_000;
  return turn({ tenant, runId, epoch: 0, seqs: [seq, seq], status, rest: { endedAtMs } });
}

function commit(store: ListingStore, model: Model, turns: readonly TurnCommit[]): void {
  const commitId = `c${model.commits++}`;
  expect(store.writer.handle("commit", { commitId, turns, nowMs: 1 }).fenced).toEqual([]);
}

function times<Item>(number: number, make: (index: number) => Item | null): Item[] {
  return Array.from({ length: number }, (_, index) => make(index)).filter((item) => item !== null);
}

async function apply(store: ListingStore, model: Model, op: Op, met: Met): Promise<void> {
  switch (op.kind) {
    case "begin":
      return commit(
        store,
        model,
        times(op.count, (index) => begun(model, op.at + index)),
      );
    case "change":
      return commit(
        store,
        model,
        times(op.count, (index) => advanced(model, op.at + index, pick(OPEN, op.at) ?? "running")),
      );
    case "end":
      return commit(
        store,
        model,
        times(op.count, (index) =>
          advanced(model, op.at * 3, pick(ENDED, op.at + index) ?? "failed"),
        ),
      );
    case "label": {
      const run = pick(model.runs.filter(isOpen), op.at);
      if (run === undefined) return;
      run.labels = op.at % 2 === 0 ? { team: "blue" } : {};
      const { tenant, runId, labels, status } = run;
      const seq = ++run.seq;
      const turned = turn({ tenant, runId, epoch: 0, seqs: [seq, seq], status, rest: { labels } });
      return commit(store, model, [turned]);
    }
    case "refused": {
      const lost: Model = structuredClone(model);
      const poison = creation({ runId: "poison", epoch: 0, events: '["\ud800"]' });
      const turns = [...times(9, (index) => begun(lost, index)), poison];
      const group = { commitId: "refused", turns, nowMs: 1 };
      expect(() => store.writer.handle("commit", group)).toThrow("poison");
      return;
    }
    case "remove": {
      const ended = model.runs.filter((run) => !isOpen(run));
      return remove(store, model, pick(ended, op.at), met);
    }
    case "drop": {
      // With the row of the newest run its number goes, and the next run gets it again.
      const last = model.runs.at(-1);
      if (last !== undefined && isOpen(last))
        commit(store, model, [advance(last, pick(ENDED, op.at) ?? "failed")]);
      await remove(store, model, last, met);
      const [before = 0] = store.numbers("SELECT max(number) FROM runs");
      while (!(await store.upkeep.purge(3)).isDone);
      const [after = 0] = store.numbers("SELECT coalesce(max(number), 0) FROM runs");
      if (after < before) met.reused++;
      return;
    }
    case "enlist":
      store.writer.handle("enlistRuns", null);
      return;
    case "tidy":
      return store.writer.tidy();
    case "reopen":
      return store.reopen();
  }
}

async function remove(
  store: ListingStore,
  model: Model,
  run: ModelRun | undefined,
  met: Met,
): Promise<void> {
  if (run === undefined) return;
  const context = { ...ALICE, tenant: run.tenant };
  const [wasFresh] = store.numbers(`SELECT fresh FROM runs WHERE run_id = '${run.runId}'`);
  if (wasFresh === 1) met.removedFresh++;
  expect(await store.upkeep.remove(context, run.runId, null)).toBe("removed");
  model.runs = model.runs.filter((one) => one !== run);
}

const FILTERS: readonly Omit<RunFilter, "limit">[] = [
  {},
  { status: ["running"] },
  { status: ["succeeded", "failed", "waiting"] },
  { workflow: "report" },
  { workflow: "import", status: ["cancelled", "queued", "running"] },
  { labels: { team: "red" } },
  { labels: { team: "blue" }, workflow: "import" },
  { parentRunId: "r0" },
  { createdAfterMs: 1_003, createdBeforeMs: 1_010 },
];

function matches(run: ModelRun, filter: Omit<RunFilter, "limit">): boolean {
  return (
    (filter.status?.includes(run.status) ?? true) &&
    (filter.workflow ?? run.workflow) === run.workflow &&
    (filter.parentRunId ?? run.parentRunId) === run.parentRunId &&
    Object.entries(filter.labels ?? {}).every(([name, value]) => run.labels[name] === value) &&
    run.createdAtMs > (filter.createdAfterMs ?? 0) &&
    run.createdAtMs < (filter.createdBeforeMs ?? Number.MAX_SAFE_INTEGER)
  );
}

function nameOf({ tenant, runId, status, seq }: ModelRun | RunHead): string {
  return `${tenant}/${runId} ${status} ${seq}`;
}

async function paged(
  store: ListingStore,
  context: CallContext,
  filter: Omit<RunFilter, "limit">,
): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const next: RunFilter = { ...filter, ...(cursor === null ? {} : { cursor }), limit: 5 };
    const page: Awaited<ReturnType<typeof store.journal.heads>> = await store.journal.heads(
      ...([context, next] as const),
    );
    found.push(...page.items.map(nameOf));
    cursor = page.cursor;
  } while (cursor !== null);
  return found;
}

async function compare(store: ListingStore, { runs }: Model, met: Met): Promise<void> {
  const newestFirst = runs
    .toReversed()
    .toSorted((first, second) => second.createdAtMs - first.createdAtMs);
  for (const context of [ALICE, BOB]) {
    const own = newestFirst.filter(({ tenant }) => tenant === context.tenant);
    for (const filter of FILTERS) {
      const expected = own.filter((run) => matches(run, filter)).map(nameOf);
      expect(await paged(store, context, filter), JSON.stringify(filter)).toEqual(expected);
    }
    expect(await store.journal.counts(context)).toEqual(countsOf(own));
  }
  expect(await store.journal.counts(null)).toEqual(countsOf(runs));
  const open: string[] = [];
  for (let last: RunHead | null = null; ; ) {
    const page: readonly RunHead[] = await store.journal.openRuns(last, 2);
    open.push(...page.map(nameOf));
    last = page.at(-1) ?? null;
    if (last === null) break;
  }
  expect(open).toEqual(runs.filter(isOpen).map(nameOf));
  note(store, met);
}

/** What of this store must hold besides, and what it is an example of. */
function note(store: ListingStore, met: Met): void {
  const [fresh = 0] = store.numbers("SELECT count(*) FROM runs WHERE fresh = 1");
  const [rest = 0] = store.numbers("SELECT count(*) FROM runs WHERE fresh IS NULL");
  expect(fresh).toBeLessThanOrEqual(FRESH_RUNS_MAX);
  const [astray] = store.numbers(`
    SELECT count(*) FROM runs JOIN meta ON meta.name = 'listed_to'
    WHERE (number > value) <> (fresh IS 1)`);
  expect(astray).toBe(0);
  if (fresh > 0 && rest > 0) met.mixed++;
  else if (fresh > 0) met.fresh++;
  else if (rest > 0) met.listed++;
}

function countsOf(runs: readonly ModelRun[]): Record<string, number> {
  const statuses = [...OPEN, ...ENDED];
  return Object.fromEntries(
    statuses.map((status) => [status, runs.filter((run) => run.status === status).length]),
  );
}

test("whatever has begun, ended, gone or been opened anew, readers see what the model has", async () => {
  const met: Met = { fresh: 0, listed: 0, mixed: 0, removedFresh: 0, reused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(OPS, { minLength: 10, maxLength: 30 }), async (ops) => {
      await using store = await openListingStore(FRESH_RUNS_MAX);
      const model: Model = { runs: [], made: 0, commits: 0 };
      for (const [index, op] of ops.entries()) {
        await apply(store, model, op, met);
        if (index % 4 === 3 || index === ops.length - 1) await compare(store, model, met);
      }
      const damage = store.connection.all("PRAGMA integrity_check");
      expect(damage).toEqual([{ integrity_check: "ok" }]);
    }),
    { numRuns: 15 },
  );
  for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThan(0);
});
