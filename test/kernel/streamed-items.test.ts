/** for_each over a stream on the bare kernel: what is asked of the host, and what is taken of it. */
import { describe, expect, test } from "vitest";
import type { Effect } from "#kernel/effects.ts";
import { explainRun } from "#kernel/explain.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";
import { itemsRead } from "./random-stream.ts";

function loop(stream: object, more: Record<string, unknown> = {}) {
  const { with: config, ...policies } = more;
  const items = { $stream: stream };
  const each = {
    ...{ id: "each", uses: "for_each", with: { items, ...(config as object) } },
    ...{ steps: [{ id: "x", uses: "value", with: { value: "${{ item.index }}" } }] },
    ...policies,
  };
  const plan = planOf({ steps: [each], output: "${{ steps.each.output }}" } as Parameters<
    typeof planOf
  >[0]);
  return new KernelDriver(plan, { paranoid: true }).start({});
}

function asked(driver: KernelDriver): Extract<Effect, { readonly kind: "items" }> {
  const found = [...driver.effects.values()].find(({ kind }) => kind === "items");
  if (found?.kind !== "items") throw new Error("no items are asked for");
  return found;
}

function answer(driver: KernelDriver) {
  const effect = asked(driver);
  return itemsRead(effect, driver.value(effect.stream), driver.value(effect.position));
}

const count = (driver: KernelDriver, type: string) =>
  driver.types().filter((one) => one === type).length;

describe("items of a stream", () => {
  test("are asked for chunk by chunk, and open when all are stored", () => {
    const driver = loop({ items: 5, chunk: 2 });
    for (const from of [0, 2, 4]) {
      expect(asked(driver).from).toBe(from);
      expect(count(driver, "scope.opened")).toBe(1);
      driver.give(answer(driver));
    }
    driver.settle();
    expect(driver.output()).toEqual({ results: [0, 1, 2, 3, 4], succeeded: 5, failed: [] });
    expect(count(driver, "step.items_stored")).toBe(3);
  });

  test("say what they wait for", () => {
    const driver = loop({ items: 5, chunk: 2 });
    driver.give(answer(driver));
    expect(explainRun(driver.state, driver.nowMs)).toEqual([
      {
        ...{ path: "each", kind: "attempt", frees: "the end of the stream", dueAtMs: null },
        text: '"each" reads its stream: 2 items are stored so far',
      },
    ]);
    driver.settle();
    const over = loop({ items: 5, chunk: 2 }, { with: { concurrency: 1 } });
    for (let chunk = 0; chunk < 3; chunk++) over.give(answer(over));
    expect(explainRun(over.state, over.nowMs)).toEqual([]);
  });

  test("are taken once, whoever gives them again", () => {
    const driver = loop({ items: 5, chunk: 2 });
    const first = answer(driver);
    driver.give(first).give(first);
    expect(driver.lastDecision?.applied).toBe(false);
    expect(asked(driver).from).toBe(2);
    driver.give({ ...answer(driver), attempt: 2 });
    expect(driver.lastDecision?.applied).toBe(false);
  });

  test("are not read while the run is paused, and then from where they were", () => {
    const driver = loop({ items: 5, chunk: 2 });
    driver.give(answer(driver));
    const late = answer(driver);
    driver.give({ kind: "pause", by: "t", reason: null });
    expect([...driver.effects.values()]).toEqual([]);
    driver.give(late);
    expect(driver.lastDecision?.applied).toBe(false);
    driver.give({ kind: "resume", by: "t", reason: null });
    expect(asked(driver).from).toBe(2);
    driver.settle();
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("are not read any more once the run is cancelled", () => {
    const driver = loop({ items: 5, chunk: 2 });
    const late = answer(driver);
    driver.give({ kind: "cancel", by: "t", reason: null });
    expect(driver.state.terminal).toBe("cancelled");
    driver.give(late);
    expect(count(driver, "step.items_stored")).toBe(0);
  });

  test("are read anew by the next attempt, after a failure or its timeout", () => {
    const retry = { attempts: 3, initial: "1s" };
    const driver = loop({ items: 3, chunk: 2 }, { retry, timeout: "5s" });
    driver.give(answer(driver));
    const error = { code: "file_failed", message: "no", retryable: false };
    driver.give({ ...answer(driver), outcome: { ok: false, error } });
    driver.fireNext();
    expect(asked(driver)).toMatchObject({ attempt: 2, from: 0 });
    driver.fireNext();
    expect(driver.story().at(-1)).toBe("retry_scheduled each");
    driver.fireNext().settle();
    expect(driver.output()).toEqual({ results: [0, 1, 2], succeeded: 3, failed: [] });
  });

  test("fail their loop before one of them opens, and a fallback stands for it", () => {
    const driver = loop({ items: 3, chunk: 2, fails: 2 }, { onError: { fallback: "none" } });
    driver.settle();
    expect(driver.output()).toBe("none");
    expect(count(driver, "scope.opened")).toBe(1);
  });

  test.each([
    [1_000_000, null],
    [1_000_001, "limit_exceeded"],
  ])("are at most as many as a loop may have: %i", (items, code) => {
    const driver = loop({ items: 3, chunk: 2 });
    const chunk = answer(driver);
    if (!chunk.outcome.ok) throw new Error("it fails");
    driver.give({ ...chunk, outcome: { ...chunk.outcome, count: items } });
    expect(driver.state.error?.code ?? null).toBe(code);
    if (code === null) return;
    expect(driver.state.error).toMatchObject({
      message:
        'for_each "each" has more than 1000000 items, which is the limit a loop; group the stream, or hand on several records at once with batch.',
      retryable: false,
    });
  });

  test("of a step that never was change nothing", () => {
    const driver = loop({ items: 3, chunk: 2 });
    driver.give({ ...answer(driver), path: "nowhere" });
    expect(driver.lastDecision?.applied).toBe(false);
    driver.give(answer(driver));
    expect(driver.lastDecision?.applied).toBe(true);
  });
});
