/**
 * `node bench/chain.ts`: what the chain around an attempt costs, in microseconds of processor time
 * for one attempt of a node that does nothing, and in percent of what a step of benchmark A takes
 * (`--step-us`, default 25, see docs/performance.md). Medians of interleaved rounds. Targets: 5 %
 * with spans unsampled, 10 microseconds with everything on; exits 1 where one is missed.
 */
import { parseArgs } from "node:util";
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import { z } from "zod";
import { runAttempt } from "../src/nodes/attempt.ts";
import { AttemptAbort } from "../src/nodes/attempt-abort.ts";
import { createChains } from "../src/nodes/chain.ts";
import { defineNode, type NodeContext } from "../src/nodes/define-node.ts";
import type { ChainOptions, Middleware } from "../src/nodes/middleware.ts";
import { plainMeter } from "../src/observe/plain-meter.ts";

const ATTEMPTS = 100_000;
const ROUNDS = 9;
const { values } = parseArgs({ options: { "step-us": { type: "string", default: "25" } } });
const stepUs = Number(values["step-us"]);

const node = defineNode({
  ...{ type: "bench.nothing", title: "Nothing", description: "Does nothing.", icon: "circle" },
  category: "user",
  pure: false,
  config: z.strictObject({}),
  output: z.null(),
  run: async () => null,
});

const context = {
  ...{ runId: "run_1", path: "step", workflow: "bench", tenant: "default", attempt: 1 },
  uses: "bench.nothing",
} as unknown as NodeContext;

const through: Middleware = { name: "through", run: (_context, _config, next) => next() };
let spans = 0;
let lines = 0;
/** As a logger does that writes JSON lines, without the writing. */
const log = (fields: object, message: string) => {
  lines += JSON.stringify({ level: "debug", ...fields, message }).length;
};
const quiet = () => undefined;
const meter = plainMeter().meter;

const CHAINS: readonly {
  readonly name: string;
  readonly options: ChainOptions;
  readonly isMetered: boolean;
}[] = [
  { name: "guards alone (size, abort, schema)", options: {}, isMetered: false },
  {
    name: "guards, metrics, spans unsampled",
    options: { trace: () => null },
    isMetered: true,
  },
  {
    name: "guards, metrics, one middleware",
    options: { middleware: [through] },
    isMetered: true,
  },
  {
    name: "all that, log, sampled spans",
    options: {
      log: true,
      trace: () => () => void spans++,
      middleware: [through],
    },
    isMetered: true,
  },
];

const subjects = [
  { name: "the node's function alone", once: () => node.runEffect?.({}, context) },
  ...CHAINS.map(({ name, options, isMetered }) => {
    const chain = createChains(options, {
      clock: { monotonicMs: () => performance.now() },
      logger: { debug: log, info: quiet, warn: quiet, error: quiet },
      meter: isMetered ? meter : null,
    }).of(node.type, null);
    return { name, once: () => runAttempt(node, {}, context, new AttemptAbort(), chain) };
  }),
];

function threadUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** As in the engine: many attempts at once, none waits for the one before. */
async function round(once: () => unknown): Promise<number> {
  const start = threadUs();
  for (let done = 0; done < ATTEMPTS; done += 100)
    await Promise.all(Array.from({ length: 100 }, () => once()));
  return (threadUs() - start) / ATTEMPTS;
}

const took = subjects.map((): number[] => []);
for (let at = 0; at <= ROUNDS; at++)
  for (const [which, { once }] of subjects.entries()) {
    const us = await round(once);
    if (at > 0) took[which]?.push(us);
  }
const medians = took.map((each) => each.toSorted((a, b) => a - b)[each.length >> 1] ?? 0);
const [alone = 0, guards = 0, unsampled = 0, , everything = 0] = medians;
for (const [at, { name }] of subjects.entries())
  process.stdout.write(`${(medians[at] ?? 0).toFixed(2).padStart(7)} us  ${name}\n`);
const percent = ((unsampled - guards) / stepUs) * 100;
const whole = everything - alone;
const isMet = percent <= 5 && whole <= 10;
process.stdout.write(
  `beyond the guards, spans unsampled: ${percent.toFixed(1)} % of a step of ${stepUs} us (target 5 %)\n` +
    `everything on: ${whole.toFixed(2)} us (target 10); ${spans} spans, ${Math.round(lines / 1e6)} MB of log\n` +
    `${isMet ? "The targets are met" : "A target is MISSED"}\n`,
);
process.exitCode = isMet ? 0 : 1;
