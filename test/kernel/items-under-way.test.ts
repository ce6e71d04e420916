/** A for_each while it is under way: what it stores and when, what it asks for, how its items fail. */
import { describe, expect, test } from "vitest";
import { LostValueError } from "#kernel/read-scope.ts";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "l".repeat(400);
const failure = { ok: false, error: { code: "failed", message: "no", retryable: false } } as const;

function loop(settings: object, more: object = {}, options: DriverOptions = {}): KernelDriver {
  const steps = [{ id: "w", uses: "work", with: { value: "${{ item }}" } }];
  const each = { id: "each", uses: "for_each", with: settings, steps, ...more } as Step;
  const before: Step = { id: "before", uses: "value", with: { value: [LONG, LONG] } };
  const plan = planOf({ vars: { list: [1, 2] }, steps: [before, each] } as never);
  return new KernelDriver(plan, { paranoid: true, ...options }).start({ list: [1, 2] });
}

describe("items are stored in the decision that counts them", () => {
  /** One thing a turn, until the loop has started. */
  function storedAtOnce(items: unknown): boolean {
    const driver = loop({ items }, {}, { exhaustAfter: 0 });
    const started = () =>
      driver.lastDecision?.events.some(
        (event) => event.type === "step.started" && event.path === "each",
      ) === true;
    for (let turn = 0; turn < 20 && !started(); turn++) driver.give({ kind: "continue" });
    expect(started()).toBe(true);
    return driver.lastDecision?.events.some(({ type }) => type === "step.items_stored") === true;
  }

  test.each([
    ["${{ vars.list }}", true],
    ["${{ [labels] }}", true],
    ["${{ [run.now] }}", true],
    ["${{ input.list }}", false],
    ["${{ steps.before.output }}", false],
    ["${{ [workflow.name] }}", false],
    [[1, 2], false],
  ])("where they may be others later: %j: %j", (items, expected) => {
    expect(storedAtOnce(items)).toBe(expected);
  });
});

describe("whoever goes on asks for what it needs", () => {
  function untilEnd(driver: KernelDriver): KernelDriver {
    for (let turn = 0; driver.state.terminal === null; turn++) {
      if (turn > 300) throw new Error("does not end");
      driver.restart();
      const [effect] = driver.effects.values();
      if (driver.more || effect === undefined) driver.give({ kind: "continue" });
      else driver.perform(effect);
    }
    return driver;
  }
  const lazy = { lazyValues: true, exhaustAfter: 0 };

  test("for items that another step gave", () => {
    const driver = untilEnd(loop({ items: "${{ steps.before.output }}" }, {}, lazy));
    expect(driver.output()).toMatchObject({ succeeded: 2, results: [{ value: LONG }, {}] });
  });

  test("for keys", () => {
    const driver = untilEnd(loop({ items: { a: LONG, b: 2 } }, { output: "${{ index }}" }, lazy));
    expect(driver.output()).toMatchObject({ results: ["a", "b"] });
    expect(driver.story()).toContainEqual(expect.stringMatching(/^succeeded each\[\W?a\W?\]\.w$/));
  });
});

describe("what is lost fails the loop", () => {
  const lost = () => {
    throw new LostValueError("its blob is gone");
  };
  const loses = (driver: KernelDriver) => {
    (driver.options as { world?: object }).world = { values: { get: lost, put: () => {} } };
    for (let turn = 0; turn < 9 && driver.state.terminal === null; turn++)
      driver.give({ kind: "continue" });
    return driver.state.error;
  };

  test("among its items, before they are stored", () => {
    const items = "${{ steps.before.output }}";
    const driver = loop({ items }, {}, { exhaustAfter: 0, paranoid: false });
    while (driver.state.steps.get("each")?.status !== "open") driver.give({ kind: "continue" });
    driver.restart();
    expect(loses(driver)).toMatchObject({ code: "blob_missing", path: "each" });
  });

  test("among its keys, before they open", () => {
    const driver = loop({ items: { a: 1 } }, {}, { exhaustAfter: 0, paranoid: false });
    while (!driver.types().includes("step.items_stored")) driver.give({ kind: "continue" });
    driver.restart();
    expect(loses(driver)).toMatchObject({ code: "blob_missing", path: "each" });
  });
});

describe("items that fail", () => {
  test("are told in the order of the items, however they ended", () => {
    const driver = loop({ items: [1, 2, 3, 4], concurrency: 4, onItemError: "continue" });
    for (const { path } of [...driver.effects.values()] as { path: string }[])
      driver.give({ kind: "admit", paths: [path] });
    for (const at of [2, 0, 3, 1])
      driver.give({
        ...{ kind: "result", path: `each[${at}].w`, attempt: 1 },
        outcome: at === 3 ? { ok: true, output: at } : failure,
      });
    const { failed, succeeded } = driver.output() as {
      readonly failed: readonly { readonly index: number }[];
      readonly succeeded: number;
    };
    expect([failed.map(({ index }) => index), succeeded]).toEqual([[0, 1, 2], 1]);
  });

  test("of a stream are counted, or fail the loop, as those of a list", () => {
    const items = { $stream: { items: 3, chunk: 2 } };
    const fail = (settings: object) =>
      loop({ items, ...settings }).settle(({ path }) =>
        path.startsWith("each[1]") ? failure : { ok: true, output: 1 },
      );
    expect(fail({ onItemError: "continue" }).output()).toMatchObject({
      ...{ succeeded: 2, failed: [{ index: 1 }] },
    });
    expect(fail({}).state.error).toMatchObject({ code: "failed", path: "each" });
    expect(fail({ onItemError: "continue", collect: false }).output()).toMatchObject({
      results: [],
    });
  });

  test("stop the others by name with failFast", () => {
    const driver = loop({ items: [1, 2], concurrency: 2 }, { failFast: true });
    driver.give({ kind: "admit", paths: ["each[0].w", "each[1].w"] });
    driver.give({ kind: "result", path: "each[0].w", attempt: 1, outcome: failure });
    expect(driver.journal.map(({ event }) => event)).toContainEqual({
      ...{ type: "scope.cancel_requested", path: "each[1]", reason: "fail_fast" },
    });
  });
});

describe("at the limit", () => {
  test("a million numbers may begin, in batches too", () => {
    const settings = { items: { range: { start: 0, end: 1_000_000 } }, concurrency: 1 };
    const driver = loop(settings, {}, { paranoid: false });
    expect(driver.state.steps.get("each")?.status).toBe("open");
  });

  test("numbers of a range in batches are those of the range", () => {
    const items = { range: { start: 10, end: 16, step: 2 } };
    const driver = loop({ items, batch: 2 }, { output: "${{ item }}" }).settle();
    expect(driver.output()).toMatchObject({ results: [[10, 12], [14]] });
  });
});
