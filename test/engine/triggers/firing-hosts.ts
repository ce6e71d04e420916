/**
 * Real processes that fire schedules of one PostgreSQL database and are killed (kill -9), while the
 * database itself is stopped and started: what became of every instant in the end, and how late.
 * many-hosts.test.ts plays it for seconds, scripts/fire-hosts.ts for as long as it is told.
 */
import { triggerTexts } from "#engine/triggers/trigger-text.ts";
import { createRegistry } from "#nodes/registry.ts";
import type { Store } from "#ports/store.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { checkedText } from "#workflow/check.ts";
import { systemClock } from "../../../src/system/system-clock.ts";
import { type Child, nextLine, startChild } from "../../support/child-process.ts";
import { context } from "../engine-fixture.ts";

const PROCESS = new URL("./firing-host.ts", import.meta.url);
const LEASE_MS = 2_000;
/** After the last instant: an outage's backoff, a claim of a host that died, a lease. */
const SETTLE_MS = 90_000;

export interface FiringPlan {
  readonly url: string;
  readonly hosts: number;
  readonly schedules: number;
  readonly seconds: number;
  readonly kills: number;
  readonly restarts: number;
  /** Stops the database and starts it again. */
  restart(): Promise<void>;
}

export interface FiringOutcome {
  readonly instants: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly kills: number;
  readonly restarts: number;
  readonly latestMs: number;
}

export async function fireOnHosts(plan: FiringPlan): Promise<FiringOutcome> {
  const store = await openPostgresStore({ url: plan.url, claim: "none", clock: systemClock });
  const hosts: Child[] = [];
  let named = 0;
  const bring = async (at: number): Promise<void> => {
    const child = startChild(PROCESS, [plan.url, `host-${++named}`, String(LEASE_MS)]);
    hosts[at] = child;
    await nextLine(child);
  };
  try {
    await Promise.all(Array.from({ length: plan.hosts }, (_, at) => bring(at)));
    const beginMs = Math.ceil(systemClock.nowMs() / 1_000) * 1_000 + 1_000;
    await save(store, plan.schedules, { beginMs, endMs: beginMs + plan.seconds * 1_000 });
    await disturb(plan, beginMs, async (at) => {
      await hosts[at]?.kill();
      // Which may have to wait for the database.
      return bring(at).catch(() => bring(at));
    });
    await settled(store);
    const { lost, doubled, latestMs } = await judge(store, plan, beginMs);
    const instants = plan.schedules * plan.seconds;
    return { instants, lost, doubled, latestMs, kills: plan.kills, restarts: plan.restarts };
  } finally {
    for (const host of hosts) await host.kill();
    await store.close();
  }
}

async function save(
  store: Store,
  schedules: number,
  { beginMs, endMs }: { readonly beginMs: number; readonly endMs: number },
): Promise<void> {
  const of = { every: 1_000, overlap: "allow" as const };
  const [from, until] = [new Date(beginMs).toISOString(), new Date(endMs).toISOString()];
  const triggers = Array.from({ length: schedules }, (_, at) => ({
    schedule: { id: `s${at}`, ...of, from, until },
  }));
  const steps = [{ id: "note", uses: "data.set", with: { value: 1 } }];
  const checked = checkedText({ language: 1, name: "ticks", triggers, steps }, createRegistry());
  const { name, hash, json: definition } = checked;
  const atMs = systemClock.nowMs();
  const texts = triggerTexts(context.tenant, { name, triggers }, atMs);
  await store.catalogue.save(context, { name, hash, definition, atMs, triggers: texts });
}

/** Kills and restarts evenly over the time that is played. */
async function disturb(
  { seconds, kills, restarts, hosts, restart }: FiringPlan,
  beginMs: number,
  kill: (at: number) => Promise<void>,
): Promise<void> {
  const acts = [
    ...Array.from({ length: kills }, (_, at) => ({ part: (at + 0.5) / kills, act: at })),
    ...Array.from({ length: restarts }, (_, at) => ({ part: (at + 0.9) / restarts, act: -1 })),
  ].toSorted((a, b) => a.part - b.part);
  const coming: Promise<void>[] = [];
  for (const { part, act } of acts) {
    await until(beginMs + part * seconds * 1_000);
    if (act === -1) {
      // A host that cannot open its store ends.
      await Promise.all(coming);
      await restart();
    } else coming.push(kill(act % hosts));
  }
  await until(beginMs + seconds * 1_000);
  await Promise.all(coming);
}

async function until(atMs: number): Promise<void> {
  while (systemClock.nowMs() < atMs)
    await new Promise<void>((wake) => void systemClock.after(atMs - systemClock.nowMs(), wake));
}

/** Nothing is due any more, and every run has ended. */
async function settled(store: Store): Promise<void> {
  const untilMs = systemClock.nowMs() + SETTLE_MS;
  for (;;) {
    const isDue = (await store.triggers.nextDueAtMs()) !== null;
    if (!isDue && (await store.journal.openRuns(null, 1)).length === 0) return;
    if (systemClock.nowMs() > untilMs) throw new Error(`not over after ${SETTLE_MS} ms`);
    await until(systemClock.nowMs() + 50);
  }
}

async function judge(store: Store, { schedules, seconds }: FiringPlan, beginMs: number) {
  const wanted = new Set<string>();
  for (let schedule = 0; schedule < schedules; schedule += 1)
    for (let second = 0; second < seconds; second += 1) {
      const at = new Date(beginMs + second * 1_000).toISOString().replaceAll(/[-:]/g, "");
      wanted.add(`ticks.s${schedule}.${at.replace(".000Z", "Z")}`);
    }
  const seen = new Set<string>();
  const doubled: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.journal.heads(context, {
      limit: 1_000,
      ...(cursor ? { cursor } : {}),
    });
    for (const { runId, status } of page.items) {
      if (!wanted.has(runId) || status !== "succeeded") doubled.push(`${runId} ${status}`);
      seen.add(runId);
    }
    if (page.cursor === null) break;
    cursor = page.cursor;
  }
  let latestMs = 0;
  for (let schedule = 0; schedule < schedules; schedule += 1) {
    const fired = new Set<number>();
    const marks = await store.triggers.marks(
      context,
      { workflow: "ticks", id: `s${schedule}` },
      200,
    );
    for (const { kind, instantMs, atMs } of marks) {
      if (kind !== "fired" || fired.has(instantMs))
        doubled.push(`s${schedule} ${kind} ${instantMs}`);
      fired.add(instantMs);
      latestMs = Math.max(latestMs, atMs - instantMs);
    }
  }
  return { lost: [...wanted].filter((runId) => !seen.has(runId)), doubled, latestMs };
}
