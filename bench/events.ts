/**
 * `node bench/events.ts`: what subscribers of events cost, in microseconds of the main thread's
 * processor time for a step: runs of 5 effectful no-op steps, 100 at once, in this process, with
 * nobody watching, with an asynchronous subscriber of all events, with a synchronous one, and with
 * one that only wants failures. Many short rounds, each pair of a subscriber's between two of nobody;
 * what is told is the mean of the middle of their differences, and between what it would lie nine
 * times of ten. One subscriber costs less than rounds differ by chance: ten of a kind share nothing,
 * so a tenth of what they cost says it ten times more closely. Target: 3 %, by that tenth; exits 1
 * where a subscriber misses it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { EventSubscription } from "../src/engine/run-events.ts";
import { openLockstitch } from "../src/lockstitch.ts";
import { saturate } from "./load.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    rounds: { type: "string", default: "100" },
  },
});
const runs = Number(values.runs);
const rounds = Number(values.rounds);
const STEPS = 5;

const folder = mkdtempSync(join(tmpdir(), "lockstitch-bench-events-"));
const l = await openLockstitch({
  data: folder,
  nodes: { "bench.nothing": async () => null },
  settings: { retention: { days: 0 } },
});
await l.save({
  language: 1,
  name: "a",
  steps: Array.from({ length: STEPS }, (_, at) => ({ id: `s${at}`, uses: "bench.nothing" })),
});

let heard = 0;
const count = () => void heard++;
const KINDS: readonly { readonly name: string; watch(): EventSubscription }[] = [
  { name: "asynchronous, all events", watch: () => l.on({}, count, { queueMax: 1_000_000 }) },
  { name: "synchronous, all events", watch: () => l.on({}, count, { sync: true }) },
  { name: "asynchronous, failures of runs", watch: () => l.on({ type: "run.failed" }, count) },
];
const WATCHERS = KINDS.flatMap((kind) => [1, 10].map((many) => ({ ...kind, many })));

/** Microseconds of the main thread for a step. */
async function round(watch: () => EventSubscription, many: number): Promise<number> {
  const subscriptions = Array.from({ length: many }, watch);
  const start = process.threadCpuUsage();
  await saturate(() => l.run("a").then(() => undefined), { count: runs, atOnce: 100 });
  for (const subscription of subscriptions) await subscription.idle();
  const { user, system } = process.threadCpuUsage(start);
  for (const subscription of subscriptions) subscription.close();
  return (user + system) / (runs * STEPS);
}

/** The mean of the middle: a fifth at each end is the machine's other work. */
function middle(all: readonly number[]): number {
  const sorted = all.toSorted((left, right) => left - right);
  const cut = Math.floor(sorted.length / 5);
  const kept = sorted.slice(cut, sorted.length - cut);
  return kept.reduce((sum, one) => sum + one, 0) / kept.length;
}

/** Between what 90 of 100 repetitions of the measurement would lie, by drawing from its rounds. */
function bounds(all: readonly number[]): readonly [number, number] {
  const draw = () => middle(all.map(() => all[Math.floor(Math.random() * all.length)] ?? 0));
  const drawn = Array.from({ length: 400 }, draw).toSorted((left, right) => left - right);
  return [drawn[20] ?? 0, drawn[380] ?? 0];
}

const alone: number[] = [];
const more = WATCHERS.map((): number[] => []);
for (let at = -5; at < rounds; at++)
  for (const [which, { watch, many }] of WATCHERS.entries()) {
    // Nobody first and last: a machine that grows slower or quicker meanwhile does so for both.
    const us: number[] = [];
    for (const subscribers of [0, many, many, 0]) us.push(await round(watch, subscribers));
    const [before = 0, first = 0, second = 0, after = 0] = us;
    // The first rounds compile.
    if (at < 0) continue;
    alone.push(before, after);
    more[which]?.push((first + second - before - after) / 2 / many);
  }
await l.close();
rmSync(folder, { recursive: true, force: true });
const none = middle(alone);
const percent = (us: number) => `${((us / none) * 100).toFixed(1)} %`;
process.stdout.write(`${none.toFixed(3).padStart(7)} us a step    nobody watches\n`);
for (const [which, { name, many }] of WATCHERS.entries()) {
  const rest = more[which] ?? [];
  const [low, high] = bounds(rest);
  const words = `${percent(middle(rest))} more (${percent(low)} to ${percent(high)})`;
  const who = many === 1 ? "one" : "each of ten";
  process.stdout.write(
    `${middle(rest).toFixed(3).padStart(7)} us a step    ${name}, ${who}: ${words}\n`,
  );
}
process.stdout.write(`${heard} events heard\n`);
const isFit = ({ many }: { readonly many: number }, which: number) =>
  many === 1 || middle(more[which] ?? []) / none <= 0.03;
process.exitCode = WATCHERS.every(isFit) ? 0 : 1;
