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

const SEEDS = Number(process.env["KERNEL_SEEDS"] ?? 900);
/** Where a compensation holds a saga of its own that has something to undo, which is rare. */
const NESTED = [10_631, 10_732, 10_802, 11_152, 11_558, 11_600, 11_742, 12_686, 12_826, 12_894];

test(`${SEEDS} runs undo in reverse, once, and all of it`, () => {
  let undone = 0;
  let unknown = 0;
  let sagas = 0;
  let ordered = 0;
  let again = 0;
  let inside = 0;
  const seeds = [...Array.from({ length: SEEDS }, (_, at) => at + 1), ...NESTED];
  for (const seed of seeds) {
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
        expect(
          keys.some((one) => one.key === key),
          `${label}: ${key} twice`,
        ).toBe(false);
        // The innermost saga, and of it this attempt: a compensation may hold a saga of its own, whose
        // steps end long after what the outer one has begun to undo.
        const saga = event.path.slice(0, -`.compensate[${JSON.stringify(key)}]`.length);
        expect(`${saga}.compensate[${JSON.stringify(key)}]`, label).toBe(event.path);
        const last = keys.findLast((one) => one.saga === saga);
        const doneAt = ended.get(key) ?? -1;
        expect(doneAt, `${label}: ${key} has not ended`).toBeGreaterThanOrEqual(0);
        if (last !== undefined) {
          expect(doneAt, `${label}: ${key} after ${last.key}`).toBeLessThan(last.doneAt);
          ordered++;
          if (saga.includes("#")) again++;
        }
        if (saga.includes(".compensate[")) inside++;
        keys.push({ saga, key, doneAt });
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
  if (SEEDS < 300) return;
  expect(undone).toBeGreaterThan(50);
  expect(unknown).toBeGreaterThan(5);
  expect(sagas).toBeGreaterThan(25);
  expect(ordered).toBeGreaterThan(25);
  // In a later attempt of a saga, and in a saga of a compensation.
  expect(again).toBeGreaterThan(0);
  expect(inside).toBeGreaterThan(5);
});
