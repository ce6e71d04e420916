/** A run that ends in favour of a successor: what it hands on, and what keeps it from it (continue-run.ts). */
import { describe, expect, test } from "vitest";
import { SIGNAL_IDS_CARRIED } from "#kernel/decision.ts";
import type { Input } from "#kernel/inputs.ts";
import { VALUE_LOST } from "#kernel/value-ref.ts";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const PARENT = { runId: "run_parent", path: "p", depth: 1, wait: true };

interface How {
  readonly with?: Step["with"];
  readonly start?: object;
  readonly schema?: object;
  readonly retry?: Step["retry"];
}

/** A run that waits for work, and then goes on as another. */
function run(how: How = {}, options: DriverOptions = {}): KernelDriver {
  const { schema, retry } = how;
  const steps: Step[] = [
    { id: "w", uses: "work" },
    {
      ...{ id: "c", uses: "workflow.continue" },
      ...(how.with === undefined ? {} : { with: how.with }),
      ...(retry === undefined ? {} : { retry }),
    },
  ];
  const plan = planOf({ steps, ...(schema === undefined ? {} : { input: schema }) } as never);
  const driver = new KernelDriver(plan, { paranoid: true, ...options });
  driver.give({
    ...{ kind: "start", workflow: "test", version: 3, input: { n: 1, long: LONG } },
    ...{ labels: { team: "a" }, priority: 7, parent: null, forkedFrom: null, by: "t" },
    ...{ trace: null, startKey: null, ...how.start },
  } as Input);
  return driver.give({ kind: "admit_run" });
}

const signal = (id: string, name: string, payload: unknown = id): Input => ({
  ...{ kind: "signal", id, name, key: null, payload, by: "ann" },
});
const requested = (driver: KernelDriver) =>
  driver.journal.map(({ event }) => event).find(({ type }) => type === "run.continue_requested");

describe("the successor", () => {
  test("gets the input that is given, and all that the run was started with", () => {
    const driver = run({ with: { input: { n: 2 } } }).settle();
    const [start, ...more] = driver.sends;
    expect(more).toEqual([]);
    expect(start).toEqual({
      ...{ kind: "continue_start", id: expect.any(String), toRunId: expect.any(String) },
      ...{ workflow: "test", version: 3, input: { n: 2 }, labels: { team: "a" }, priority: 7 },
      parent: null,
      continued: { fromRunId: "run_test", chainId: "run_test", signalIds: [], signals: [] },
    });
    expect(requested(driver)).toEqual({
      ...{ type: "run.continue_requested", path: "c", input: { n: 2 } },
    });
    expect(driver.journal.at(-1)?.event).toEqual({
      ...{ type: "run.continued", toRunId: start?.toRunId, chainId: "run_test" },
    });
  });

  test("gets the same input where none is given, loaded first", () => {
    const driver = run({}, { lazyValues: true });
    driver.restart().settle();
    expect(requested(driver)).toEqual({
      ...{ type: "run.continue_requested", path: "c", inputRef: { at: 1, f: "input" } },
    });
    expect(driver.sends).toMatchObject([{ input: { n: 1, long: LONG } }]);
  });

  test("of the newest version has neither a version nor what names meant", () => {
    const newest = run({ with: { version: "latest" } }, {}).settle();
    expect(requested(newest)).toMatchObject({ latest: true });
    expect(newest.sends).toMatchObject([{ version: null }]);
    const pinned = (settings: object) => {
      const driver = run({ with: settings as never, start: { pins: { other: 4 } } }).settle();
      return driver.sends[0];
    };
    expect(pinned({})).toMatchObject({ version: 3, pins: { other: 4 } });
    expect(pinned({ version: "latest" })).not.toHaveProperty("pins");
  });

  test("gets what was unread in the order in which it came", () => {
    const driver = run({}, { lazyValues: true });
    driver
      .give(signal("1", "b"))
      .give(signal("2", "a", LONG))
      .give(signal("3", "b"));
    driver.restart().settle();
    const by = { key: null, by: "ann" };
    expect(driver.sends).toMatchObject([
      {
        continued: {
          signalIds: ["1", "2", "3"],
          signals: [
            { id: "1", name: "b", payload: "1", ...by },
            { id: "2", name: "a", payload: LONG, ...by },
            { id: "3", name: "b", payload: "3", ...by },
          ],
        },
      },
    ]);
    expect(driver.types().filter((type) => type === "signal.unconsumed")).toHaveLength(3);
  });

  test("remembers the last signals of the chain, and no more", () => {
    const ids = Array.from({ length: SIGNAL_IDS_CARRIED }, (_, at) => `old${at}`);
    const continued = {
      ...{ fromRunId: "run_before", chainId: "run_first", signalIds: ids },
      ...{ signals: [], fault: null },
    };
    const driver = run({ start: { continued } }, { paranoid: false });
    driver.give(signal("new", "a")).settle();
    const [start] = driver.sends as unknown as [
      { continued: { signalIds: string[]; chainId: string } },
    ];
    expect(start.continued.chainId).toBe("run_first");
    expect(start.continued.signalIds).toEqual([...ids.slice(1), "new"]);
  });

  test("is told to a parent, whose child it is now", () => {
    const driver = run({ start: { parent: PARENT } }).settle();
    const [start, told, ...more] = driver.sends;
    expect(more).toEqual([]);
    expect(start).toMatchObject({ kind: "continue_start", parent: PARENT });
    expect(told).toEqual({
      ...{ kind: "child_continued", id: expect.any(String), toRunId: "run_parent", path: "p" },
      ...{ runId: "run_test", byRunId: start?.toRunId, chainId: "run_test" },
    });
  });

  test("takes over what was unread, or fails with what keeps it from running", () => {
    const signals = [{ id: "1", name: "a", key: null, payload: 5, by: "ann" }];
    const before = { fromRunId: "run_before", chainId: "run_first", signalIds: ["0", "1"] };
    const taken = run({ start: { continued: { ...before, signals, fault: null } } });
    expect(taken.journal.map(({ event }) => event)).toContainEqual({
      ...{ type: "signal.received", id: "1", name: "a", key: null, payload: 5, by: "ann" },
    });
    expect(taken.state.terminal).toBeNull();
    expect(taken.give(signal("0", "a")).lastDecision?.applied).toBe(false);
    const fault = { code: "validation_failed", message: "does not fit", retryable: false };
    const failed = run({ start: { continued: { ...before, signals: [], fault } } });
    expect(failed.state.error).toEqual({ ...fault, path: "input" });
  });
});

describe("a run does not go on", () => {
  test("with an input that does not fit, unless another version may take it", () => {
    const schema = { type: "object" };
    const how = { schema, with: { input: "text" }, retry: { attempts: 3 } };
    const driver = run(how).settle();
    expect(driver.state.error).toEqual({
      ...{ code: "validation_failed", retryable: false, path: "c" },
      message: '"c" would continue with an input that does not fit the workflow: is no object',
    });
    expect(driver.sends).toEqual([]);
    expect(driver.types()).not.toContain("step.retry_scheduled");
    const sends = (more: How) => run({ schema, ...more }).settle().sends;
    expect(sends({ with: { input: { n: 2 } } })).toHaveLength(1);
    expect(sends({ with: { input: "text", version: "latest" } })).toMatchObject([
      { input: "text" },
    ]);
    // What it was started with fits, or it would not have started.
    expect(sends({ start: { input: "text" } })).toHaveLength(1);
  });

  test("with an input that is gone", () => {
    const world = { values: { get: () => VALUE_LOST, put: () => {} } };
    const driver = run({}, { world, paranoid: false }).settle();
    expect(driver.state.error).toMatchObject({ code: "blob_missing", path: "c" });
    expect(driver.sends).toEqual([]);
  });

  test("where it ends for another reason already", () => {
    const stop = (id: string, uses: string): Step => ({ id, uses, needs: [] });
    const steps = [stop("s", "stop"), stop("c", "workflow.continue")];
    const driver = new KernelDriver(planOf({ steps }), { paranoid: true }).start();
    expect([driver.state.terminal, requested(driver), driver.sends]).toEqual([
      ...["succeeded", undefined, []],
    ]);
  });
});
