/**
 * A process that counts: `node counting-process.ts DATA_DIR RUNS` starts runs r0..rN (those that
 * are there already stay as they are) which each take a number from one counter of the tenant and
 * one of their workflow, says a line for each that has ended, and `done` at last. Made to be killed.
 */

import { z } from "zod";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { systemIds } from "../../src/system/system-ids.ts";
import { systemRandom } from "../../src/system/system-random.ts";
import { context } from "./engine-fixture.ts";

const [dataDir = "", runs = "0"] = process.argv.slice(2);

/** Some time, so that runs are at different steps when the process dies. */
const nap = defineNode({
  type: "test.nap",
  title: "Nap",
  description: "Waits some milliseconds.",
  category: "user",
  icon: "circle",
  pure: false,
  config: z.looseObject({}),
  output: z.null(),
  run: async () => {
    await new Promise<void>((wake) => void systemClock.after(Math.random() * 20, wake));
    return null;
  },
});

const counter = (id: string, scope: string, needs: readonly string[]) => ({
  ...{ id, uses: "state.counter", needs, with: { name: "tickets", scope } },
});

const workflow = {
  language: 1,
  name: "ticket",
  steps: [
    // Spread, so that few runs are at the same place; a wait is not lost with the process. A nap that
    // is lost three times in a row fails (host_lost), and stops nobody from counting.
    { id: "spread", uses: "wait.for", with: { duration: "${{ input.afterMs }}" } },
    { id: "before", uses: "test.nap", needs: ["spread"], onError: "continue" },
    counter("ticket", "tenant", ["before"]),
    { id: "between", uses: "test.nap", needs: ["ticket"], onError: "continue" },
    counter("own", "workflow", ["between"]),
  ],
  output: { ticket: "${{ steps.ticket.output.value }}", own: "${{ steps.own.output.value }}" },
} as unknown as WorkflowDefinition;

const quiet = () => {};
// The clock's timers let a process end: one that only waits for timers of its runs would.
const alive = setInterval(quiet, 60_000);
const engine = await openEmbeddedEngine({
  store: await openSqliteStore({ dataDir }),
  ...{ clock: systemClock, random: systemRandom, ids: systemIds(systemClock) },
  nodes: createRegistry([nap]),
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  services: {
    fileRoot: null,
    http: {
      ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
      ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
    },
  },
});
const all = Array.from({ length: Number(runs) }, async (_, index) => {
  const id = `r${index}`;
  await engine.start(context, { workflow, id, input: { afterMs: index * 3 } });
  const run = await engine.wait(context, id, 120_000);
  process.stdout.write(
    `${id} ${run.status}${run.error === null ? "" : `: ${run.error.message}`}\n`,
  );
});
await Promise.all(all);
process.stdout.write("done\n");
await engine.close(0);
clearInterval(alive);
