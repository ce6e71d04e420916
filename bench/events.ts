/**
 * `node bench/events.ts`: what subscribers of events cost, in microseconds of the main thread's
 * processor time for a step: runs of 5 effectful no-op steps, 100 at once, in this process, with
 * nobody watching, with an asynchronous subscriber of all events, with a synchronous one, and with
 * one that only wants failures. Medians of interleaved rounds. Target: 3 %; exits 1 where the usual
 * case (a filter for failures) misses it.
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
    runs: { type: "string", default: "1000" },
    rounds: { type: "string", default: "9" },
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
const SUBJECTS: readonly { readonly name: string; watch(): EventSubscription | null }[] = [
  { name: "nobody watches", watch: () => null },
  { name: "asynchronous, failures of runs", watch: () => l.on({ type: "run.failed" }, count) },
  { name: "asynchronous, all events", watch: () => l.on({}, count, { queueMax: 1_000_000 }) },
  { name: "synchronous, all events", watch: () => l.on({}, count, { sync: true }) },
];

/** Microseconds of the main thread for a step. */
async function round(watch: () => EventSubscription | null): Promise<number> {
  const subscription = watch();
  const start = process.threadCpuUsage();
  await saturate(() => l.run("a").then(() => undefined), { count: runs, atOnce: 100 });
  await subscription?.idle();
  const { user, system } = process.threadCpuUsage(start);
  subscription?.close();
  return (user + system) / (runs * STEPS);
}

const took = SUBJECTS.map((): number[] => []);
for (let at = 0; at <= rounds; at++)
  for (let turn = 0; turn < SUBJECTS.length; turn++) {
    // Each is first, and last, as often as the others: what comes first warms the rest up.
    const which = (turn + at) % SUBJECTS.length;
    const subject = SUBJECTS[which];
    const us = subject === undefined ? 0 : await round(subject.watch);
    if (at > 0) took[which]?.push(us);
  }
await l.close();
rmSync(folder, { recursive: true, force: true });
const medians = took.map((each) => each.toSorted((a, b) => a - b)[each.length >> 1] ?? 0);
const [none = 0, failures = 0] = medians;
for (const [at, { name }] of SUBJECTS.entries()) {
  const us = medians[at] ?? 0;
  const more = ((us / none - 1) * 100).toFixed(1);
  process.stdout.write(`${us.toFixed(2).padStart(7)} us a step  ${more.padStart(5)} %  ${name}\n`);
}
process.stdout.write(`${heard} events heard\n`);
process.exitCode = failures / none <= 1.03 ? 0 : 1;
