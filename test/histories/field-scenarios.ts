/**
 * Runs for what few runs have in their journals: what started them, hosts that change, limits of the operator, secrets
 * that change, limits of time, cleanups that are cut off.
 */
import type { TriggerOrigin } from "#kernel/run-links.ts";
import type { KernelDriver } from "../kernel/kernel-driver.ts";
import type { Scenario } from "./history.ts";
import { by, define, failing, LONG, result, succeeding, value, work } from "./scenario-parts.ts";

const limits = { timeout: "10m", deadline: "20m", onError: "continue" } as const;
const noon = Date.UTC(2026, 10, 22, 12);

function startedBy(driver: KernelDriver, trigger: TriggerOrigin, startKey: string | null) {
  driver.give({
    ...{ kind: "start", workflow: "fired", version: 2, input: { at: noon }, labels: {} },
    ...{ priority: null, parent: null, forkedFrom: null, by: `trigger:${trigger.id}` },
    ...{ trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", startKey, trigger },
  });
  driver.give({ kind: "admit_run" }).settle();
}

const fired = (kind: TriggerOrigin["kind"], trigger: TriggerOrigin): Scenario => ({
  name: `fired-by-${kind}`,
  definition: define(`fired-by-${kind}`, {
    steps: [work("report", "${{ input.at }}")],
    concurrency: {
      key: "'one'",
      limit: 1,
      whenFull: kind === "schedule" ? "reject" : "cancelRunning",
    },
  }),
  play: (driver) => startedBy(driver, trigger, kind === "event" ? "order-1" : null),
});

/** `lost`: what the next host says of every attempt that the one before it has started. */
function changesHost(driver: KernelDriver): void {
  driver.restart();
  for (const effect of [...driver.effects.values()])
    if (effect.kind === "attempt")
      driver.give({ kind: "lost", path: effect.path, attempt: effect.attempt });
}

export const FIELD_SCENARIOS: readonly Scenario[] = [
  fired("schedule", { kind: "schedule", id: "noon", instantMs: noon, isManual: true }),
  fired("event", { kind: "event", id: "paid", event: "order.paid", eventId: "ev-1" }),
  fired("webhook", { kind: "webhook", id: "push", hook: "POST push" }),
  {
    name: "changed-hosts",
    definition: define("changed-hosts", {
      steps: [
        {
          id: "lines",
          uses: "for_each",
          with: { items: [1, 2, 3], as: "line", concurrency: 2, onItemError: "continue" },
          steps: [work("price", "${{ line }}", { timeout: "10s" })],
        },
        { id: "pause", uses: "wait.for", with: { duration: "1h" }, needs: [] },
        work("beats", 1, { needs: [], heartbeatTimeout: "30s" }),
        work("last", "${{ steps.lines.output.failed }}", { needs: ["lines", "pause", "beats"] }),
      ],
    }),
    play(driver) {
      driver.start();
      driver.give({ kind: "admit", paths: ["lines[0].price", "lines[1].price", "beats"] });
      driver.give({
        ...{ kind: "heartbeat", path: "beats", attempt: 1, value: { page: 7 } },
        progress: { fraction: 0.5 },
      });
      changesHost(driver);
      driver.give({ kind: "admit", paths: ["lines[0].price", "beats"] });
      // The host before was not dead, only slow.
      result(driver, "lines[0].price", 1, succeeding("too late"));
      changesHost(driver);
      driver.give({ kind: "admit", paths: ["lines[0].price"] });
      changesHost(driver);
      driver.nowMs += 2 * 3_600_000;
      driver.settle().fireNext().settle();
    },
  },
  {
    name: "operators-limits",
    definition: define("operators-limits", { steps: [work("call")] }),
    play(driver) {
      driver.start();
      const gates = (["bulkhead", "quota", "quarantine"] as const).map((gate) => ({
        ...{ gate, key: `of ${gate}` },
      }));
      driver.give({
        kind: "admit",
        paths: ["call"],
        grants: [{ path: "call", gates, waitedMs: 9 }],
      });
      driver.settle();
    },
  },
  {
    name: "changed-secrets",
    secretsChangeEveryMs: 60_000,
    definition: define("changed-secrets", {
      steps: [
        {
          ...{ id: "call", uses: "work", retry: { attempts: 2, initial: "1s" } },
          with: { connection: "shop", token: "${{ secrets.TOKEN }}" },
        },
      ],
    }),
    play(driver) {
      driver.start();
      driver.nowMs += 90_000;
      driver.give({ kind: "admit", paths: ["call"] });
      result(driver, "call", 1, failing("http.503"));
      driver.fireNext().settle();
    },
  },
  {
    name: "limits-of-time",
    definition: define("limits-of-time", {
      steps: [
        {
          ...{ id: "all", uses: "parallel", ...limits },
          branches: { one: { steps: [value("a", 1)] } },
        },
        {
          ...{ id: "again", uses: "boom", ...limits },
          retry: { attempts: 2, initial: "1m", errors: ["*"] },
        },
        { id: "go", uses: "wait.signal", with: { name: "go" }, ...limits },
        { id: "child", uses: "workflow.run", with: { workflow: "other" }, ...limits },
        {
          ...{ id: "loose", uses: "workflow.run" },
          with: { workflow: "other", wait: false, onParentEnd: "abandon" },
        },
      ],
    }),
    play(driver) {
      driver.start().settle().fireNext();
      driver.give({ kind: "signal", id: "1", name: "go", key: null, payload: 1, by: "ada" });
      driver.fireNext();
      driver.give({
        ...{ kind: "child_finished", path: "child", status: "cancelled", output: null },
        ...{ runId: driver.sends[0]?.toRunId ?? "", error: null },
      });
    },
  },
  {
    name: "completed-port",
    definition: define("completed-port", {
      steps: [
        work("costly", LONG, { cost: "high", memo: { scope: "run" } }),
        { id: "approve", uses: "wait.approval", with: { title: "Ship?" } },
        value("yes", 1, { needs: ["approve.approved"] }),
        value("no", 1, { needs: ["approve.rejected"] }),
      ],
    }),
    play(driver) {
      driver.start().settle();
      driver.give({
        ...{ kind: "resolve", path: "approve", action: "complete", ...by, id: null },
        ...{ output: { approved: false }, port: "rejected", message: null },
      });
    },
  },
  {
    name: "continued-newest",
    definition: define("continued-newest", {
      steps: [
        work("slow", 1, { needs: [] }),
        work("first", 1, { needs: [] }),
        { id: "again", uses: "workflow.continue", needs: ["first"], with: { version: "latest" } },
      ],
    }),
    play(driver) {
      driver.start({ text: LONG });
      driver.give({ kind: "admit", paths: ["slow", "first"] });
      result(driver, "first", 1, succeeding(1)).settle();
    },
  },
  {
    name: "stopped-work",
    definition: define("stopped-work", {
      steps: [
        work("slow", 1, { needs: [] }),
        work("first", 1, { needs: [] }),
        { id: "enough", uses: "stop", needs: ["first"], with: { output: 1 } },
      ],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["slow", "first"] });
      result(driver, "first", 1, succeeding(1)).settle();
    },
  },
  {
    name: "cut-off",
    definition: define("cut-off", {
      steps: [
        {
          ...{ id: "trip", uses: "saga", cleanupTimeout: "2m", onError: "continue" },
          steps: [
            work("hotel", 1, {
              compensate: [
                { id: "both", uses: "parallel", branches: { one: { steps: [work("undo")] } } },
              ],
            }),
            { id: "wrong", uses: "boom" },
          ],
        },
      ],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["trip.hotel"] });
      result(driver, "trip.hotel", 1, succeeding(1));
      driver.give({ kind: "admit", paths: ['trip.compensate["trip.hotel"].both.one.undo'] });
      driver.fireNext().settle();
    },
  },
];
