/**
 * What may happen to a run of the bare kernel, chosen at random: attempts end, fail, get lost or
 * report late, timers fire, signals come, people decide, runs are paused, cancelled, restarted.
 */
import type { Effect } from "#kernel/effects.ts";
import type { SharedValue } from "#kernel/inputs.ts";
import type { Json } from "#workflow/json.ts";
import type { StateChange, StateOperation } from "#workflow/state-operation.ts";
import type { KernelDriver } from "./kernel-driver.ts";
import { pick, type Random } from "./random-definition.ts";
import { itemsRead } from "./random-stream.ts";

function errorOutcome(random: Random) {
  return {
    ok: false as const,
    error: { code: pick(random, ["http.503", "failed"]), message: "no", retryable: random() < 0.7 },
  };
}

/** One thing that the world may do now. */
export function worldMove(driver: KernelDriver, random: Random, signals: { count: number }): void {
  const effects = [...driver.effects.values()];
  const { computing } = driver;
  if (computing.length > 0 && random() < 0.3) {
    const fault = random() < 0.3 ? errorOutcome(random) : null;
    return void driver.compute(Math.floor(random() * computing.length), fault);
  }
  const dice = random();
  if (dice < 0.04) return void driver.restart();
  if (dice < 0.07) return void driver.give({ kind: "pause", by: "t", reason: null });
  if (dice < 0.14 || driver.state.pausedAtMs !== null)
    driver.give({ kind: "resume", by: "t", reason: null });
  if (dice > 0.985) return void driver.give({ kind: "cancel", by: "t", reason: null });
  if (dice > 0.982) return void driver.give({ kind: "terminate", by: "t", reason: null });
  if (dice > 0.94) return sendSignal(driver, random, signals);
  if (dice > 0.935) return label(driver, random);
  if (dice > 0.93) return steer(driver, random);
  if (dice > 0.9) return operate(driver, random, signals);
  if (driver.more) return void driver.give({ kind: "continue" });
  if (effects.length > 0 && random() < 0.9)
    return performEffect(driver, random, pick(random, effects));
  moveWait(driver, random, signals);
}

function performEffect(driver: KernelDriver, random: Random, effect: Effect): void {
  if (effect.kind === "attempt") {
    const dice = random();
    const at = { path: effect.path, attempt: effect.attempt };
    if (dice < 0.15)
      return void driver.give({ kind: "lost", ...at, ...(dice < 0.05 ? { hostLived: true } : {}) });
    if (dice > 0.9) driver.give({ kind: "heartbeat", ...at, value: random(), progress: null });
    if (dice < 0.4)
      return void driver.give({ kind: "result", ...at, outcome: errorOutcome(random) });
    if (random() < 0.4) return stateStep(driver, random, at);
    driver.give({
      kind: "result",
      ...at,
      outcome: { ok: true, output: random() < 0.2 ? "w".repeat(500) : 1 },
    });
    if (dice > 0.95) driver.give({ kind: "result", ...at, outcome: { ok: true, output: 2 } });
    return;
  }
  if (effect.kind === "items") return readItems(driver, random, effect);
  if (effect.kind === "admit" && effect.memo !== null && random() < 0.4)
    return recall(driver, random, effect);
  driver.perform(effect);
}

/** The next items of a stream; now and then the stream fails, or two readers give the same ones. */
function readItems(
  driver: KernelDriver,
  random: Random,
  effect: Extract<Effect, { readonly kind: "items" }>,
): void {
  const read = itemsRead(effect, driver.value(effect.stream), driver.value(effect.position));
  if (random() < 0.1) return void driver.give({ ...read, outcome: errorOutcome(random) });
  driver.give(read);
  if (random() < 0.2) driver.give(read);
}

/** What runs share, as a store would have it; each driver has its own. */
const shared = new WeakMap<KernelDriver, Map<string, SharedValue>>();

/**
 * The attempt asks for named values, now and then twice or of a value that is not there. What the
 * decision says is applied as a store would: only to the revision that it has seen.
 */
function stateStep(
  driver: KernelDriver,
  random: Random,
  at: { readonly path: string; readonly attempt: number },
): void {
  const values = shared.get(driver) ?? new Map<string, SharedValue>();
  shared.set(driver, values);
  const operation = randomOperation(random);
  const before: Record<string, SharedValue> = {};
  for (const { name } of operation.changes)
    before[name] = values.get(`${operation.scope}/${name}`) ?? { revision: 0, value: undefined };
  const input = { kind: "operation", ...at, operation } as const;
  const isShared = operation.scope !== "run";
  for (let times = random() < 0.1 ? 2 : 1; times > 0; times--) {
    const seen = driver.journal.length;
    driver.give({ ...input, before: isShared ? before : null });
    for (const { event } of driver.journal.slice(seen)) {
      if (event.type !== "state.applied") continue;
      const key = `${event.scope}/${event.name}`;
      if (event.revision !== (values.get(key)?.revision ?? 0))
        throw new Error(`${key} is changed from revision ${event.revision}, which is not there`);
      if (event.change === "delete") values.delete(key);
      if (event.change !== "set") continue;
      if ((event.to ?? 0) <= event.revision) throw new Error(`${key}: no greater revision`);
      values.set(key, { revision: event.to ?? 0, value: event.value as Json });
    }
  }
  if (random() < 0.1)
    driver.give({ kind: "cached", ...at, output: { value: 1, hit: true }, change: null });
}

function randomOperation(random: Random): StateOperation {
  const changes = [randomChange(random, 0)];
  if (random() < 0.3) changes.push(randomChange(random, 1));
  const scope = pick(random, ["run", "workflow", "tenant"] as const);
  return { scope, changes, answers: changes.length > 1 ? "values" : "change" };
}

function randomChange(random: Random, index: number): StateChange {
  const name = `${pick(random, ["a", "b"])}${index}`;
  const value = random() < 0.2 ? "v".repeat(500) : 1;
  return pick<StateChange>(random, [
    { kind: "get", name, otherwise: 0 },
    { kind: "set", name, value, once: random() < 0.2 },
    { kind: "delete", name },
    { kind: "add", name, by: 1, initial: 0 },
    { kind: "accumulate", name, how: "sum", value, initial: 0 },
  ]);
}

/** A remembered result comes instead of the admission; now and then too late, or twice. */
function recall(
  driver: KernelDriver,
  random: Random,
  effect: Extract<Effect, { readonly kind: "admit" }>,
): void {
  const { path, attempt } = effect;
  if (random() < 0.1) driver.give({ kind: "admit", paths: [path] });
  const from = { runId: "run_before", path, atMs: 900_000 };
  const output = random() < 0.3 ? "m".repeat(500) : 1;
  const hit = { kind: "memo_hit", path, attempt, key: "00", from, output } as const;
  driver.give(hit);
  if (random() < 0.1) driver.give(hit);
}

function sendSignal(driver: KernelDriver, random: Random, signals: { count: number }): void {
  const id = random() < 0.1 ? "1" : String(++signals.count);
  driver.give({
    kind: "signal",
    id,
    name: pick(random, ["go", "on"]),
    key: null,
    payload: id,
    by: "t",
  });
}

function label(driver: KernelDriver, random: Random): void {
  const name = pick(random, ["team", "size", "__proto__"]);
  driver.give({
    ...{ kind: "label", by: "t", reason: null, labelsMax: 2 },
    set: random() < 0.6 ? Object.fromEntries([[name, pick(random, ["a", "b"])]]) : {},
    remove: random() < 0.4 ? [pick(random, ["team", "size", "none"])] : [],
  });
}

function steer(driver: KernelDriver, random: Random): void {
  const why = { by: "t", reason: null };
  if (random() < 0.3) driver.give({ kind: "checkpoint", isPinned: random() < 0.5, ...why });
  else driver.give({ kind: "prioritize", priority: Math.floor(random() * 11), ...why });
}

/** An operator decides about any step there is, whether that fits or not. */
function operate(driver: KernelDriver, random: Random, signals: { count: number }): void {
  const paths = [...driver.state.steps.keys()];
  if (paths.length === 0) return;
  driver.give({
    kind: "resolve",
    path: pick(random, paths),
    action: pick(random, ["retry", "skip", "complete", "fail"] as const),
    by: "t",
    reason: random() < 0.5 ? "because" : null,
    id: random() < 0.5 ? String(random() < 0.2 ? 1 : ++signals.count) : null,
    output: random() < 0.3 ? "o".repeat(500) : { by: "hand" },
    port: random() < 0.3 ? pick(random, ["true", "false", "received", "approved"]) : null,
    message: random() < 0.5 ? "no" : null,
  });
}

/** What people and other runs do for a run that waits for them. */
function moveWait(driver: KernelDriver, random: Random, signals: { count: number }): void {
  const instances = [...driver.state.steps.values()].filter(({ status }) => status === "awaiting");
  if (instances.length === 0) return;
  const instance = pick(random, instances);
  const wait = instance.live?.wait;
  if (wait?.kind === "signal") {
    const id = String(++signals.count);
    driver.give({
      kind: "signal",
      id,
      name: wait.name,
      key: wait.key,
      payload: { big: "p".repeat(300) },
      by: "t",
    });
  } else if (wait?.kind === "approval") {
    driver.give({
      kind: "approval",
      path: instance.path,
      approved: random() < 0.6,
      comment: null,
      form: {},
      by: "t",
    });
  } else if (wait?.kind === "child" && random() < 0.3) {
    const { runId, chainId } = wait;
    const toRunId = `${runId}+`;
    driver.give({ kind: "child_continued", path: instance.path, runId, toRunId, chainId });
  } else if (wait?.kind === "child") {
    const status = pick(random, ["succeeded", "failed", "cancelled"] as const);
    driver.give({
      kind: "child_finished",
      path: instance.path,
      runId: wait.runId,
      chainId: wait.chainId,
      status,
      output: "c",
      error: null,
    });
  }
}
