/** How steps begin and end: pauses between attempts, fallbacks, errors of expressions, waits that expire. */
import { describe, expect, test } from "vitest";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import { VALUE_LOST } from "#kernel/value-ref.ts";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const work = (more: Partial<Step> = {}): Step => ({ id: "a", uses: "work", ...more });

function run(steps: readonly Step[], more: object = {}, options: DriverOptions = {}): KernelDriver {
  const { input = {}, ...rest } = more as { input?: unknown };
  const plan = planOf({ steps, ...rest } as never);
  return new KernelDriver(plan, { paranoid: true, ...options }).start(input);
}

const failure = (more: object = {}): AttemptOutcome => ({
  ok: false,
  error: { code: "http.500", message: "no", retryable: true, ...more },
});

function fails(driver: KernelDriver, more: object = {}): KernelDriver {
  const attempt = driver.state.steps.get("a")?.attempt ?? 1;
  driver.give({ kind: "admit", paths: ["a"] });
  return driver.give({ kind: "result", path: "a", attempt, outcome: failure(more) });
}

const last = (driver: KernelDriver, type: string) =>
  driver.journal.map(({ event }) => event).findLast((event) => event.type === type);

describe("the pause before another attempt", () => {
  const pauses = (retry: object, random = 0.5, details: object = {}): readonly number[] => {
    const policy = { attempts: 5, initial: "2s", jitter: "none", ...retry };
    const driver = run([work({ retry: policy as never })], {}, { random: () => random });
    const found: number[] = [];
    while (driver.state.terminal === null) {
      const beganMs = driver.nowMs;
      fails(driver, details);
      if (driver.state.terminal !== null) break;
      driver.fireNext();
      found.push(driver.nowMs - beganMs);
    }
    return found;
  };

  test("is constant, grows by steps, or by a factor, up to its limit", () => {
    expect(pauses({ backoff: "constant" })).toEqual([2_000, 2_000, 2_000, 2_000]);
    expect(pauses({ backoff: "linear" })).toEqual([2_000, 4_000, 6_000, 8_000]);
    expect(pauses({ backoff: "exponential" })).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(pauses({ factor: 3, max: "10s" })).toEqual([2_000, 6_000, 10_000, 10_000]);
  });

  test("is drawn below that with jitter, in whole milliseconds", () => {
    expect(pauses({ attempts: 3, jitter: "full" }, 0.25)).toEqual([500, 1_000]);
    expect(pauses({ attempts: 2, jitter: "full", initial: "1ms" }, 0.6)).toEqual([1]);
  });

  test.each([
    [5_000, 5_000],
    [1_000, 2_000],
    [0, 2_000],
    [-5_000, 2_000],
    ["5000", 2_000],
    [null, 2_000],
    [86_400_001, 86_400_000],
  ])("is what the other side asked for, if that is longer: %j", (retryAfterMs, pause) => {
    expect(pauses({ attempts: 2 }, 0.5, { details: { retryAfterMs } })).toEqual([pause]);
  });

  test("needs no details", () => {
    for (const details of [null, undefined, {}])
      expect(pauses({ attempts: 2 }, 0.5, { details })).toEqual([2_000]);
  });
});

describe("another attempt", () => {
  const again = (retry: object, error: object = {}): boolean => {
    const policy = { attempts: 3, ...retry };
    return fails(run([work({ retry: policy as never })]), error)
      .types()
      .includes("step.retry_scheduled");
  };

  test("is for errors that are worth one, or that the policy names", () => {
    expect(again({})).toBe(true);
    expect(again({}, { retryable: false })).toBe(false);
    expect(again({ errors: ["other", "http.*"] }, { retryable: false })).toBe(true);
    expect(again({ errors: ["other"] })).toBe(false);
    expect(again({ attempts: 1 })).toBe(false);
  });

  test.each(["deadline_exceeded", "host_lost", "cleanup_timeout", "compensation_failed"])(
    "never follows %s, whatever the policy names",
    (code) => {
      expect(again({ errors: ["*"] }, { code })).toBe(false);
    },
  );

  test("keeps the deadline that the first had", () => {
    const driver = run([work({ deadline: "1h", retry: { attempts: 3 } })]);
    const { dueAtMs } = [...driver.effects.values()].find(({ kind }) => kind === "timer") as {
      dueAtMs: number;
    };
    expect(fails(driver).fireNext().effects.get("deadline:a")).toMatchObject({ dueAtMs });
    expect(last(driver, "step.retry_scheduled")).not.toHaveProperty("deadlineAtMs");
  });
});

describe("a failure that is handled", () => {
  test("says by what, and what stands for the output", () => {
    const settled = (onError: Step["onError"], more: object = {}) => {
      const driver = fails(run([work({ onError })], { input: { n: 7, long: LONG } }, more));
      return [driver.state.terminal, last(driver, "step.failed")];
    };
    const error = { code: "http.500", message: "no", retryable: true };
    const event = { type: "step.failed", path: "a", attempt: 1, error };
    expect(settled("continue")).toEqual(["succeeded", { ...event, handled: "onError" }]);
    expect(settled({ fallback: "${{ input.n }}" })).toEqual([
      ...["succeeded", { ...event, handled: "onError", output: 7 }],
    ]);
    expect(settled({ fallback: "${{ input.long }}" }, { lazyValues: true })).toEqual([
      ...["succeeded", { ...event, handled: "onError", output: LONG }],
    ]);
    expect(settled(undefined)).toEqual(["failed", event]);
  });

  test("by a fallback that cannot be evaluated is that failure", () => {
    const driver = fails(run([work({ onError: { fallback: "${{ input.none.more.more }}" } })]));
    expect(driver.state.error).toMatchObject({ code: "expression_failed", path: "a" });
    expect(last(driver, "step.failed")).not.toHaveProperty("handled");
    expect(driver.types().filter((type) => type === "step.failed")).toHaveLength(1);
  });

  test("in a fallback draws another id than the configuration", () => {
    const of = "${{ uuid() }}";
    const driver = fails(run([work({ with: { value: of }, onError: { fallback: of } })]));
    const scheduled = last(driver, "step.scheduled") as { input?: { value: string } } | undefined;
    expect(driver.output()).not.toBe(scheduled?.input?.value);
    expect(driver.output()).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("a success", () => {
  const success = (driver: KernelDriver) => last(driver, "step.succeeded");

  test("has its attempt where there was one, an output where there is one, a port where it took one", () => {
    const done = (output: unknown) => {
      const driver = run([work()]).give({ kind: "admit", paths: ["a"] });
      const outcome = { ok: true, output } as const;
      return success(driver.give({ kind: "result", path: "a", attempt: 1, outcome }));
    };
    const event = { type: "step.succeeded", path: "a" };
    expect(done(5)).toStrictEqual({ ...event, attempt: 1, output: 5 });
    expect(done(null)).toStrictEqual({ ...event, attempt: 1 });
    expect(success(run([{ id: "a", uses: "value", with: { value: 5 } }]))).toStrictEqual({
      ...{ ...event, output: 5 },
    });
    expect(success(run([{ id: "a", uses: "value" }]))).toStrictEqual(event);
    const timer = run([{ id: "a", uses: "wait.for", with: { duration: "1s" } }]).fireNext();
    expect(success(timer)).toStrictEqual(event);
  });
});

describe("an `if` of its own", () => {
  const story = (condition: string, more: object = {}, step: Partial<Step> = {}) =>
    run([{ id: "a", uses: "value", if: condition, ...step }], { input: { long: LONG } }, more);

  test("that is false skips the step, and says so", () => {
    expect(last(story("false"), "step.skipped")).toEqual({
      ...{ type: "step.skipped", path: "a", by: "if" },
    });
    expect(story("true").story()).toEqual(["succeeded a"]);
    expect(story("input.long.length > 1", { lazyValues: true }).story()).toEqual(["succeeded a"]);
    expect(story("input.long.length < 1", { lazyValues: true }).story()).toEqual(["skipped a"]);
  });

  test("that cannot be evaluated fails it, for good", () => {
    const retry = { attempts: 3, errors: ["*"] };
    const driver = story("input.none.more.more > 1", {}, { retry });
    expect(driver.story()).toEqual(["failed a"]);
    expect(driver.state.error).toMatchObject({ code: "expression_failed", retryable: false });
  });

  test("is asked once, not before each attempt", () => {
    const retry = { attempts: 2, errors: ["*"] };
    const soon = "run.now < '1970-01-01T00:17:00.000Z'";
    const driver = run([{ id: "a", uses: "boom", if: soon, retry }]);
    driver.nowMs += 100_000;
    expect(driver.fireNext().story()).toEqual(["retry_scheduled a", "failed a"]);
  });
});

describe("expressions that go too far", () => {
  test("end the step with the limit, those that read what is gone with the loss", () => {
    const far = run([work({ with: { value: "${{ range(0, 1e9) }}" } })]);
    expect(far.state.error).toMatchObject({ path: "a", retryable: false });
    expect(["limit_exceeded", "expression_failed"]).toContain(far.state.error?.code);
    const world = { values: { get: () => VALUE_LOST, put: () => {} } };
    const steps = [work({ with: { value: "${{ input.long }}" }, retry: { attempts: 2 } })];
    const lost = run(steps, { input: { long: LONG } }, { world, paranoid: false });
    expect(lost.state.error).toMatchObject({ code: "blob_missing", retryable: false, path: "a" });
  });
});

describe("a wait", () => {
  const signal = (payload: unknown, name = "go") =>
    ({
      kind: "signal",
      id: `s_${String(payload).length}`,
      name,
      key: null,
      payload,
      by: "t",
    }) as const;

  test("that nobody ends fails, and is not begun again unless the policy names it", () => {
    for (const [uses, code, message] of [
      ["wait.signal", "signal_expired", 'No signal "go" came in time for "a".'],
      ["wait.approval", "approval_expired", 'Nobody decided "a" in time.'],
    ] as const) {
      const settings = {
        expires: "1s",
        ...(uses === "wait.signal" ? { name: "go" } : { title: "t" }),
      };
      const retry = { attempts: 3 };
      const driver = run([{ id: "a", uses, with: settings, retry }]).fireNext();
      expect(driver.state.error).toEqual({ code, message, retryable: false, path: "a" });
    }
  });

  test("takes its port where that is needed", () => {
    const steps: Step[] = [
      { id: "a", uses: "wait.signal", with: { name: "go", expires: "1s" } },
      { id: "late", uses: "value", needs: ["a.expired"], with: { value: 1 } },
      { id: "came", uses: "value", needs: ["a.received"], with: { value: 2 } },
    ];
    const late = run(steps).fireNext();
    expect(last(late, "step.succeeded")).toMatchObject({ path: "late" });
    expect(late.journal.map(({ event }) => event)).toContainEqual({
      ...{ type: "step.succeeded", path: "a", port: "expired" },
    });
    expect(run(steps).give(signal(1)).output()).toEqual({ late: null, came: 2 });
  });

  test("refuses a buffered signal that does not fit, and waits on", () => {
    const steps: Step[] = [
      { id: "before", uses: "work" },
      { id: "a", uses: "wait.signal", with: { name: "go", schema: { type: "number" } } },
    ];
    const driver = run(steps).give(signal("five")).settle();
    expect(last(driver, "signal.unconsumed")).toEqual({
      ...{ type: "signal.unconsumed", id: "s_4", reason: "does not fit: is no number" },
    });
    expect(driver.state.terminal).toBeNull();
    driver.give(signal(12));
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", 12]);
  });

  test("loads a long schema and a long payload first", () => {
    const schema = { type: "string", title: LONG };
    const steps: Step[] = [
      { id: "before", uses: "work" },
      { id: "a", uses: "wait.signal", with: { name: "go", schema } },
    ];
    const driver = run(steps, {}, { lazyValues: true }).give(signal(LONG));
    driver.restart().settle();
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", LONG]);
  });

  test.each([
    [
      "payload",
      { type: "signal.unconsumed", reason: expect.stringContaining("missing or corrupt") },
    ],
    ["input", { type: "step.failed", error: expect.objectContaining({ code: "blob_missing" }) }],
  ])("whose %s is gone says so", (field, event) => {
    const get = (ref: object) => ((ref as { f: string }).f === field ? VALUE_LOST : {});
    const world = { values: { get, put: () => {} } };
    const schema = { type: "string", title: LONG };
    const steps: Step[] = [
      { id: "before", uses: "work", retry: { attempts: 3, errors: ["*"] } },
      {
        ...{ id: "a", uses: "wait.signal", with: { name: "go", schema } },
        retry: { attempts: 3, errors: ["*"] },
      },
    ];
    const driver = run(steps, {}, { world, paranoid: false }).give(signal(LONG));
    driver.give({ kind: "admit", paths: ["before"] });
    const outcome = { ok: true, output: 1 } as const;
    driver.give({ kind: "result", path: "before", attempt: 1, outcome });
    expect(last(driver, event.type)).toMatchObject(event);
    expect(driver.types()).not.toContain("step.retry_scheduled");
  });
});

describe("an event of a beginning", () => {
  const begins = (step: Step) => {
    const driver = run([step]);
    return driver.journal
      .map(({ event }) => event)
      .find((event) => "path" in event && event.path === "a");
  };

  test("says no more than what to do, but for what the policies add", () => {
    const event = { type: "step.scheduled", path: "a", attempt: 1, input: {} };
    expect(begins(work())).toStrictEqual(event);
    expect(begins(work({ with: { value: 1 } }))).toStrictEqual({ ...event, input: { value: 1 } });
    expect(begins(work({ cost: "high" }))).toStrictEqual({ ...event, cost: "high" });
    expect(begins(work({ cost: "low" } as never))).toStrictEqual(event);
    expect(begins(work({ priority: 7 }))).toStrictEqual({ ...event, priority: 7 });
    expect(begins(work({ deadline: "1s" }))).toStrictEqual({ ...event, deadlineAtMs: 1_001_000 });
    expect(begins(work({ with: { connection: "shop" } }))).toStrictEqual({
      ...{ ...event, input: { connection: "shop" } },
      connectionSecrets: [{ secret: "SHOP", version: "1" }],
    });
  });

  test.each([
    ["a date", "1970-01-01T01:00:00Z", 3_600_000],
    ["milliseconds", 5_000_000, 5_000_000],
  ])("of a wait until %s", (_name, at, dueAtMs) => {
    expect(begins({ id: "a", uses: "wait.until", with: { at } })).toMatchObject({
      ...{ type: "step.waiting", for: { kind: "timer", dueAtMs } },
    });
  });

  test("of a failure on purpose has its details, if there are some", () => {
    const of = (more: object) =>
      begins({ id: "a", uses: "fail", with: { code: "user.no", message: "no", ...more } });
    const error = { code: "user.no", message: "no", retryable: false };
    expect(of({})).toStrictEqual({ type: "step.failed", path: "a", error, ends: true });
    expect(of({ details: { n: 1 } })).toStrictEqual({
      ...{ type: "step.failed", path: "a", error: { ...error, details: { n: 1 } }, ends: true },
    });
  });

  test("of a second stop is its success and nothing else", () => {
    const stop = (id: string): Step => ({ id, uses: "stop", needs: [], with: { output: id } });
    const driver = run([stop("a"), stop("b")]);
    expect(driver.types().filter((type) => type === "run.stop_requested")).toHaveLength(1);
    expect(driver.output()).toBe("a");
  });
});
