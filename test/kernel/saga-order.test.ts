/**
 * Property: whatever happens to a saga, what it did is undone once, the last to complete first, and
 * nothing of a saga that ended badly stays. Read from the journal alone.
 */
import { expect, test } from "vitest";
import { stepOfPath } from "#kernel/history.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { KernelDriver, TEST_NODES } from "./kernel-driver.ts";
import { randomDefinition, seededRandom } from "./random-definition.ts";
import { worldMove } from "./random-world.ts";

const SEEDS = 900;

test(`${SEEDS} runs undo in reverse, once, and all of it`, { timeout: 120_000 }, () => {
  let undone = 0;
  let unknown = 0;
  let sagas = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed * 7_919);
    const driver = new KernelDriver(compilePlan(randomDefinition(random), TEST_NODES), { random });
    const signals = { count: 0 };
    driver.start();
    for (let moves = 0; driver.state.terminal === null && moves < 5_000; moves++)
      worldMove(driver, random, signals);
    const ended = new Map<string, number>();
    const keys: { readonly saga: string; readonly key: string; readonly doneAt: number }[] = [];
    let isStopped = false;
    const remembered = new Set<string>();
    const label = `seed ${seed}`;
    for (const [at, { event }] of driver.journal.entries()) {
      if (event.type === "run.stop_requested") isStopped = true;
      // A result of another step's attempt: nothing was done here.
      if (event.type === "step.memo_hit") remembered.add(event.path);
      // A cleanup that took too long takes the sagas inside it with it.
      if (event.type === "scope.cancel_requested" && event.reason === "cleanup") isStopped = true;
      if (event.type === "step.succeeded" || event.type === "step.cancelled")
        ended.set(event.path, at);
      if (event.type === "step.failed" || event.type === "step.skipped") ended.set(event.path, at);
      if (event.type === "scope.opened" && event.slot.startsWith("compensate.")) {
        const key = event.key ?? "";
        const before = keys.findLast(({ saga }) => saga === event.path.slice(0, -key.length));
        expect(
          keys.some((one) => one.key === key),
          `${label}: ${key} twice`,
        ).toBe(false);
        const saga = event.path.slice(0, event.path.indexOf(".compensate["));
        const last = keys.findLast((one) => one.saga === saga);
        const doneAt = ended.get(key) ?? -1;
        expect(doneAt, `${label}: ${key} has not ended`).toBeGreaterThanOrEqual(0);
        if (last !== undefined && before === undefined && !saga.includes("#"))
          expect(doneAt, `${label}: ${key} after ${last.key}`).toBeLessThan(last.doneAt);
        keys.push({ saga: `${saga}${event.path.includes("#") ? `#${at}` : ""}`, key, doneAt });
        undone++;
        if (
          event.locals?.["outcome"] &&
          JSON.stringify(event.locals["outcome"]).includes("unknown")
        )
          unknown++;
      }
      const isOver = event.type === "step.failed" || event.type === "step.cancelled";
      if (!isOver || isStopped || stepOfPath(driver.plan, event.path)?.kind !== "saga") continue;
      if (event.type === "step.failed" && event.error.code === "cleanup_timeout") continue;
      sagas++;
      for (const { event: done } of driver.journal.slice(0, at)) {
        if (done.type !== "step.succeeded" || !done.path.startsWith(`${event.path}.`)) continue;
        if (done.path.includes(".compensate[") || remembered.has(done.path)) continue;
        if (stepOfPath(driver.plan, done.path)?.compensate == null) continue;
        expect(
          keys.map(({ key }) => key),
          `${label}: ${done.path} stays`,
        ).toContain(done.path);
      }
    }
  }
  expect(undone).toBeGreaterThan(50);
  expect(unknown).toBeGreaterThan(5);
  expect(sagas).toBeGreaterThan(25);
});
