/** `if` and `switch` without and with scopes, and the keys of a step's gates, on the bare kernel. */
import { describe, expect, test } from "vitest";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const value = (id: string, of: unknown, more: Partial<Step> = {}): Step => ({
  ...{ id, uses: "value", with: { value: of } },
  ...more,
});

function run(steps: readonly Step[], input: unknown = {}, options: DriverOptions = {}) {
  return new KernelDriver(planOf({ steps }), { paranoid: true, ...options }).start(input);
}

const eventsOf = (driver: KernelDriver, type: string) =>
  driver.journal.map(({ event }) => event).filter((event) => event.type === type);

describe("a branch without steps of its own", () => {
  test("answers what it chose, and takes its port", () => {
    const bare: Step = { id: "c", uses: "if", with: { condition: "input.n > 3" } };
    const success = (n: number) => eventsOf(run([bare], { n }), "step.succeeded");
    const event = { type: "step.succeeded", path: "c" };
    expect(success(5)).toEqual([{ ...event, output: true, port: "true" }]);
    expect(success(1)).toEqual([{ ...event, output: false, port: "false" }]);
  });

  test("of an `if` with one side answers nothing on the other", () => {
    const half: Step = {
      id: "c",
      uses: "if",
      with: { condition: "input.n" },
      // biome-ignore lint/suspicious/noThenProperty: the language's word
      then: [value("t", 1)],
    };
    const driver = run([half], { n: false });
    expect(eventsOf(driver, "step.succeeded")).toStrictEqual([
      { type: "step.succeeded", path: "c", port: "false" },
    ]);
    const taken = run([half], { n: true });
    expect(eventsOf(taken, "step.started")).toEqual([
      {
        ...{ type: "step.started", path: "c", attempt: 1 },
        control: { kind: "branch", port: "true", slot: "then" },
      },
    ]);
    expect(taken.output()).toBe(1);
  });
});

describe("a switch", () => {
  const chosen = (of: unknown, input: object = {}, options: DriverOptions = {}) => {
    const steps = (id: string) => ({ steps: [value(id, id)] });
    const step: Step = {
      ...{ id: "s", uses: "switch", with: { value: "${{ input.of }}" } },
      cases: {
        plain: steps("p"),
        many: { when: "value == 'm' || value == input.long", ...steps("m") },
        deep: { when: "value.a == 1", ...steps("d") },
      },
      default: steps("none"),
    };
    return run([step], { of, long: LONG, ...input }, options);
  };

  test("takes the first case that fits, by name or by its condition, else the default", () => {
    expect(chosen("plain").output()).toBe("p");
    expect(chosen("m").output()).toBe("m");
    expect(chosen({ a: 1 }).output()).toBe("d");
    expect(chosen({ a: 2 }).output()).toBe("none");
  });

  test("waits for what its conditions read", () => {
    expect(chosen(LONG, {}, { lazyValues: true }).output()).toBe("m");
  });

  test("or an `if` that cannot be evaluated fails, and may be handled", () => {
    const broken = "input.none.more.more";
    const failed = run([{ id: "c", uses: "if", with: { condition: broken } }]);
    expect(failed.state.error).toMatchObject({ code: "expression_failed", path: "c" });
    const cases = { a: { when: broken, steps: [value("a", 1)] } };
    const step: Step = { id: "c", uses: "switch", with: { value: 1 }, cases };
    expect(run([step]).state.error).toMatchObject({ code: "expression_failed", path: "c" });
  });
});

describe("the scope that was chosen", () => {
  const branch = (inner: Step): Step => ({
    ...{ id: "c", uses: "if", with: { condition: "input.long.length > 1" } },
    // biome-ignore lint/suspicious/noThenProperty: the language's word
    then: [inner],
  });

  test("is waited for, also where the condition must be loaded", () => {
    const driver = run([branch({ id: "w", uses: "work" })], { long: LONG }, { lazyValues: true });
    expect(driver.story()).toEqual(["started c", "scheduled c.then.w"]);
    driver.settle();
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("fails the step with its failure, or ends it as cancelled", () => {
    const failed = run([branch({ id: "w", uses: "boom" })], { long: LONG });
    expect(failed.story()).toEqual(["started c", "failed c.then.w", "failed c"]);
    const told = run([branch({ id: "w", uses: "work" })], { long: LONG });
    told.give({ kind: "admit", paths: ["c.then.w"] });
    told.give({ kind: "cancel", by: "t", reason: null }).settle();
    expect(told.story().slice(-2)).toEqual(["cancelled c.then.w", "cancelled c"]);
  });
});

describe("gates", () => {
  const KEYS = {
    concurrency: { key: "input.long + '1'", limit: 2 },
    rateLimit: { key: "input.n", limit: 3, per: "1m" },
    circuitBreaker: { key: "'b'", failureThreshold: 4, resetAfter: "2s" },
  } as const;
  const ASKED = {
    concurrency: { key: expect.stringMatching(/^sha256:/), limit: 2 },
    rateLimit: { key: "7", limit: 3, perMs: 60_000 },
    circuitBreaker: { key: "b", failureThreshold: 4, resetAfterMs: 2_000 },
  };
  type Gate = keyof typeof KEYS;
  const asked = (names: readonly Gate[], options: DriverOptions = {}) => {
    const gates = Object.fromEntries(names.map((name) => [name, KEYS[name]]));
    const driver = run([{ id: "a", uses: "work", ...gates }], { n: 7, long: LONG }, options);
    const admits = [...driver.effects.values()].filter(({ kind }) => kind === "admit");
    const [event] = eventsOf(driver, "step.scheduled");
    return { driver, event, effect: admits[0] };
  };

  test.each<[readonly Gate[]]>([
    [["concurrency"]],
    [["rateLimit"]],
    [["circuitBreaker"]],
    [["concurrency", "rateLimit"]],
    [["rateLimit", "circuitBreaker"]],
    [["concurrency", "rateLimit", "circuitBreaker"]],
  ])("are journaled and asked for with their evaluated keys: %j", (names) => {
    const expected = Object.fromEntries(names.map((name) => [name, ASKED[name]]));
    for (const options of [{}, { lazyValues: true }]) {
      const { driver, event, effect } = asked(names, options);
      expect(event).toEqual({
        ...{ type: "step.scheduled", path: "a", attempt: 1, input: {}, ...expected },
      });
      expect(effect).toMatchObject({ kind: "admit", gates: expected });
      driver.give({ kind: "admit", paths: ["a"] });
      const [attempt] = [...driver.effects.values()];
      expect((attempt as { gates?: unknown }).gates).toEqual(expected);
    }
  });

  test("whose key cannot be evaluated fail the step for good", () => {
    const retry = { attempts: 3, errors: ["*"] };
    const concurrency = { key: "input.none.more.more", limit: 1 };
    const driver = run([{ id: "a", uses: "work", concurrency, retry }]);
    expect(driver.story()).toEqual(["failed a"]);
    expect(driver.state.error).toMatchObject({ code: "expression_failed" });
  });
});
