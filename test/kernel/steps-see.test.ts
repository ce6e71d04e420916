/** What the expressions of a step see, and what configuration comes of them (read-scope, step-config). */
import { describe, expect, test } from "vitest";
import type { World } from "#kernel/decision.ts";
import { FarConfig } from "#kernel/far-config.ts";
import { VALUE_LOST } from "#kernel/value-ref.ts";
import type { Step } from "#workflow/definition.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const work = (id: string, of: unknown, more: Partial<Step> = {}): Step => ({
  ...{ id, uses: "work", with: { value: of } },
  ...more,
});

function run(steps: readonly Step[], more: object = {}, options: DriverOptions = {}) {
  const plan = planOf({ steps, ...more } as never);
  return new KernelDriver(plan, { paranoid: true, ...options });
}

/** What steps of type `work` were given, by path. */
function inputs(driver: KernelDriver): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    driver.journal.flatMap(({ event }) =>
      event.type === "step.scheduled"
        ? [[event.path, (event.input as { value: unknown }).value]]
        : [],
    ),
  );
}

describe("names of the run", () => {
  test("are what they say", () => {
    const seen = "${{ [input.a, vars.v, labels, workflow, run.id, run.status, run.startedAt] }}";
    const driver = run([work("a", seen)], { vars: { v: "of ${{ run.startedAt }}" } }).start({
      a: 1,
    });
    const at = "1970-01-01T00:16:40.000Z";
    expect(inputs(driver)["a"]).toEqual([
      ...[1, "of null", {}, { name: "test", version: 1 }],
      ...["run_test", "running", at],
    ]);
  });

  test("have a time that never goes back", () => {
    const driver = run([work("a", 1), work("b", "${{ run.now }}")]).start();
    driver.nowMs += 60_000;
    driver.give({ kind: "admit", paths: ["a"] });
    driver.nowMs -= 30_000;
    driver.settle();
    expect(inputs(driver)["b"]).toBe("1970-01-01T00:17:40.000Z");
    const late = run([work("a", 1), work("b", "${{ run.now }}")]).start();
    late.nowMs += 60_000;
    late.settle();
    expect(inputs(late)["b"]).toBe("1970-01-01T00:17:40.000Z");
  });

  const last = { finally: [work("last", "${{ run.status }}")] };
  test.each<[string, readonly Step[], (driver: KernelDriver) => void, object]>([
    ["succeeded", [work("a", 1)], () => {}, {}],
    ["failed", [{ id: "a", uses: "boom" }], () => {}, {}],
    [
      "cancelled",
      [work("a", 1)],
      (driver) => void driver.give({ kind: "cancel", by: "t", reason: null }),
      {},
    ],
    [
      "succeeded",
      [work("a", 1, { needs: [] }), { id: "s", uses: "stop", needs: [] }],
      () => {},
      {},
    ],
    [
      "succeeded",
      [work("a", 1, { needs: [] }), { id: "s", uses: "workflow.continue", needs: [] }],
      () => {},
      {},
    ],
    ["failed", [work("a", 1)], (driver) => void driver.fireNext(), { deadline: "5s" }],
    [
      "failed",
      [work("a", 1)],
      (driver) => {
        driver.give({ kind: "admit", paths: ["a"] }).fireNext();
      },
      { deadline: "5s" },
    ],
  ])("end as %s (%#)", (status, steps, act, more) => {
    const driver = run(steps, { ...last, ...more }).start();
    act(driver);
    driver.settle();
    expect(inputs(driver)["finally.last"]).toBe(status);
  });

  test("give way to what stands nearer", () => {
    const each = {
      ...{ id: "e", uses: "for_each", with: { items: [7] } },
      steps: [work("w", "${{ [item, index, input.a] }}")],
    };
    const driver = run([each as Step]).start({ a: 1 });
    expect(inputs(driver)["e[0].w"]).toEqual([7, 0, 1]);
  });
});

describe("other steps", () => {
  test("are seen whole, or by the fields that are read", () => {
    const whole = "${{ steps.a }}";
    const some = "${{ [steps.a.status, steps.a.attempts, steps.a.error, steps.a.output.value] }}";
    const driver = run([work("a", 5), work("b", whole), work("c", some)])
      .start()
      .settle();
    expect(inputs(driver)).toMatchObject({
      b: { status: "succeeded", attempts: 1, error: null, output: { value: 5 } },
      c: ["succeeded", 1, null, 5],
    });
  });

  test("have an error with its details, or with null", () => {
    const fail = (id: string, details: object) => ({
      ...{ id, uses: "fail", onError: "continue" },
      with: { code: "user.no", message: "not so", ...details },
    });
    const steps = [
      fail("a", { details: { n: 1 } }),
      fail("b", {}),
      work("c", "${{ [steps.a.error, steps.b.error, steps.a.output] }}"),
    ];
    expect(inputs(run(steps as Step[]).start())["c"]).toEqual([
      { code: "user.no", message: "not so", details: { n: 1 } },
      { code: "user.no", message: "not so", details: null },
      null,
    ]);
  });

  test("have an output that nobody loads unless it is read", () => {
    const reads = (of: string) => {
      const read: string[] = [];
      const get = (ref: object) => {
        read.push((ref as { f: string }).f);
        return { value: LONG };
      };
      const options = { paranoid: false, world: { values: { get, put: () => {} } } };
      const driver = run([work("a", LONG), work("b", of)], {}, options).start();
      driver.give({ kind: "admit", paths: ["a"] });
      const outcome = { ok: true, output: { value: LONG } } as const;
      driver.give({ kind: "result", path: "a", attempt: 1, outcome });
      return [read, inputs(driver)["b"]];
    };
    expect(reads("${{ steps.a.status }}")).toEqual([[], "succeeded"]);
    expect(reads("${{ steps.a.output.value.length }}")).toEqual([["output"], 400]);
  });
});

describe("a step that has not settled, for one that need not wait for it", () => {
  const seen = (other: Partial<Step>, act: (driver: KernelDriver) => void = () => {}) => {
    const driver = run([
      { id: "a", uses: "work", needs: [], ...other },
      work("b", 1, { needs: [] }),
      work("c", "${{ steps.a.status }}", { needs: ["a", "b"], triggerRule: "any_success" }),
    ]).start();
    act(driver);
    driver.give({ kind: "admit", paths: ["b"] });
    const outcome = { ok: true, output: 1 } as const;
    driver.give({ kind: "result", path: "b", attempt: 1, outcome });
    return inputs(driver)["c"];
  };
  const running = (driver: KernelDriver) => void driver.give({ kind: "admit", paths: ["a"] });

  test("runs, or waits", () => {
    expect(seen({})).toBe("waiting");
    expect(seen({}, running)).toBe("running");
    expect(seen({ uses: "wait.signal", with: { name: "go" } })).toBe("waiting");
    expect(seen({ uses: "try", steps: [work("in", 1)] })).toBe("running");
    const retry = { attempts: 2, errors: ["*"] };
    expect(seen({ uses: "boom", retry })).toBe("retrying");
  });
});

describe("a value that is gone", () => {
  const lost = (get: World["values"]["getPacked"], packed = false): DriverOptions => ({
    paranoid: false,
    world: {
      values: {
        get: packed ? () => "whole" : (get ?? (() => null)),
        put: () => {},
        ...(packed && get !== undefined ? { getPacked: get } : {}),
      },
    },
  });

  test("fails the step that reads it, and says where it stood", () => {
    for (const packed of [false, true]) {
      const steps: Step[] = [{ id: "a", uses: "value", with: { value: "${{ input.text }}" } }];
      const driver = run(
        steps,
        {},
        lost(() => VALUE_LOST, packed),
      ).start({ text: LONG });
      expect(driver.state.error).toEqual({
        ...{ code: "blob_missing", retryable: false, path: "a" },
        message: "The value in field input of event 1 is missing or corrupt.",
      });
    }
  });

  test("of a loop is named by no field", () => {
    const each = {
      ...{ id: "e", uses: "for_each", with: { items: [1] }, output: "${{ steps.v.output }}" },
      steps: [{ id: "v", uses: "value", with: { value: 1 } }],
    };
    const after = work("b", "${{ steps.e.output.results }}");
    const values = { get: (ref: object) => ("each" in ref ? VALUE_LOST : [1]), put: () => {} };
    const options = { paranoid: false, world: { values } };
    const driver = run([each as Step, after], {}, options).start();
    expect(driver.state.error?.message).toBe("A stored payload is missing or corrupt.");
  });
});

describe("a pure step that reads a packed value", () => {
  const steps: Step[] = [
    { id: "m", uses: "map", with: { value: "${{ input }}", n: 3, map: "(x) => x + input.text" } },
  ];
  const packed = new PackedJson(new TextEncoder().encode(JSON.stringify({ text: LONG })), "");
  const world = (given: unknown[], more: Partial<World> = {}): Partial<World> => ({
    values: {
      get: () => ({ text: LONG }),
      getPacked: () => packed,
      put: () => {},
    },
    pure: (_uses, config) => {
      given.push(config);
      return { ok: true, output: 1 };
    },
    ...more,
  });

  test("is computed elsewhere where its type can be, from what is written", () => {
    const options = { paranoid: false, world: world([], { computesFar: () => true }) };
    const driver = run(steps, {}, options).start({ text: LONG });
    expect(driver.computing).toHaveLength(1);
    const [{ config, uses, path } = {}] = driver.computing;
    expect([uses, path]).toEqual(["map", "m"]);
    expect(config).toBeInstanceOf(FarConfig);
    const names = { input: packed };
    expect((config as FarConfig).parts).toEqual({
      ...{ template: { value: "${{ input }}", n: 3 }, seed: "run_test/m/with", names },
      functions: [
        { field: "map", source: "(x) => x + input.text", names, seed: "run_test/m/with.map" },
      ],
    });
  });

  test("without functions keeps its `with` as it is", () => {
    const options = { paranoid: false, world: world([], { computesFar: () => true }) };
    const of = { value: "${{ input }}" };
    const driver = run([{ id: "v", uses: "value", with: of }], {}, options).start({ text: LONG });
    const { config } = driver.computing[0] ?? {};
    expect((config as FarConfig).parts).toMatchObject({ template: of, functions: [] });
  });

  test.each([
    ["cannot", { computesFar: () => false }],
    ["are not known to be able to", {}],
  ])("is evaluated in the turn where steps of its type %s", (_name, more) => {
    const given: unknown[] = [];
    const options = { paranoid: false, world: world(given, more) };
    const driver = run(steps, {}, options).start({ text: LONG });
    expect(driver.computing).toEqual([]);
    const [config] = given as [{ value: unknown; n: number; map: (x: string) => string }];
    expect([config.value, config.n]).toEqual([{ text: LONG }, 3]);
    expect(config.map("!")).toBe(`!${LONG}`);
  });

  test("waits for values that are not there yet", () => {
    const options = { paranoid: true, lazyValues: true, packedFrom: 280 };
    const step: Step = { id: "v", uses: "value", with: { value: "${{ input.text }}" } };
    const driver = run([step], {}, options).start({ text: LONG });
    expect(driver.computing).toMatchObject([{ path: "v", uses: "value" }]);
    driver.compute();
    expect([driver.output(), driver.computed.far]).toEqual([LONG, 1]);
  });
});

describe("functions", () => {
  const call = (given: unknown[]): Partial<World> => ({
    pure: (_uses, config) => {
      const { map, ...rest } = config as { map: (x: number) => unknown };
      given.push(rest, map(2));
      return { ok: true, output: map(2) };
    },
  });

  test("see what the step sees, and stand beside the other fields", () => {
    const given: unknown[] = [];
    const steps: Step[] = [
      { id: "m", uses: "map", with: { of: "${{ input.n }}", map: "(x) => x * input.n" } },
    ];
    const driver = run(steps, {}, { world: call(given) }).start({ n: 4 });
    expect(given.slice(0, 2)).toEqual([{ of: 4 }, 8]);
    expect(driver.output()).toBe(8);
  });

  test("wait for values that only they read", () => {
    const steps: Step[] = [{ id: "m", uses: "map", with: { map: "(x) => x + input.text" } }];
    const driver = run(steps, {}, { world: call([]), lazyValues: true }).start({ text: LONG });
    expect(driver.output()).toBe(`2${LONG}`);
  });

  test("draw other ids than the configuration around them", () => {
    const given: unknown[] = [];
    const steps: Step[] = [
      { id: "m", uses: "map", with: { of: "${{ uuid() }}", map: "(x) => uuid()" } },
    ];
    run(steps, {}, { world: call(given), paranoid: false }).start();
    const [rest, made] = given as [{ of: string }, string];
    expect([rest.of.length, made.length]).toEqual([36, 36]);
    expect(rest.of).not.toBe(made);
  });
});

describe("the configuration of a step of the language", () => {
  test.each([
    [
      { id: "w", uses: "wait.for", with: { duration: "${{ input.none }}" } },
      /^"w" \(wait\.for\): with\.duration: ./,
    ],
    [
      { id: "w", uses: "workflow.run", with: { workflow: "${{ input.n }}" } },
      /^"w" \(workflow\.run\): with\.workflow: ./,
    ],
  ] as const)("that does not fit fails the step, by field: %j", (step, message) => {
    const retry = { attempts: 3, errors: ["*"] };
    const driver = run([{ ...step, retry }]).start({ none: null, n: 5 });
    expect(driver.state.error).toMatchObject({
      ...{ code: "config_invalid", retryable: false, path: "w" },
      message: expect.stringMatching(message),
    });
  });

  test("that cannot be evaluated fails the step", () => {
    const driver = run([work("a", "${{ input.none.more.more }}")]).start({ none: null });
    expect(driver.state.error).toMatchObject({ code: "expression_failed", path: "a" });
    const pure: Step = { id: "v", uses: "value", with: { value: "${{ input.none.more.more }}" } };
    expect(run([pure]).start({ none: null }).state.error).toMatchObject({
      ...{ code: "expression_failed", path: "v" },
    });
  });
});

describe("secrets", () => {
  const scheduled = (driver: KernelDriver) =>
    driver.journal.flatMap(({ event }) => (event.type === "step.scheduled" ? [event] : []))[0];

  test("go with their names and versions, never with a value", () => {
    const secretVersion = (name: string) => (name === "KEY" ? "3" : null);
    const step = work("a", "Bearer ${{ secrets.KEY }} ${{ secrets.OTHER }}");
    const event = scheduled(run([step], {}, { world: { secretVersion } }).start());
    expect(event?.secrets).toHaveLength(1);
    expect(JSON.stringify(event?.secrets)).toContain('{"secret":"KEY","version":"3"}');
    expect(JSON.stringify(event?.secrets)).toContain('{"secret":"OTHER","version":null}');
    const unknown = scheduled(run([work("a", "${{ secrets.KEY }}")]).start());
    expect(JSON.stringify(unknown?.secrets)).toContain('{"secret":"KEY","version":null}');
    expect(scheduled(run([work("a", 1)]).start())).not.toHaveProperty("secrets");
  });

  test("that have changed by the time an attempt starts are named by its start", () => {
    const versions: Record<string, string> = { KEY: "1", SHOP: "1" };
    const secretVersion = (name: string) => versions[name] ?? null;
    const step: Step = {
      ...{ id: "a", uses: "work", timeout: "1h" },
      retry: { attempts: 4, initial: "1s", backoff: "constant", errors: ["*"] },
      with: {
        text: "${{ secrets.KEY }} ${{ secrets.KEY }} ${{ secrets.NONE }}",
        connection: "shop",
      },
    };
    const driver = run([step], {}, { world: { secretVersion }, paranoid: true }).start();
    const attempt = (change: Record<string, string> = {}) => {
      Object.assign(versions, change);
      driver.settle(() => ({ ok: false, error: { code: "x", message: "x", retryable: true } }));
      if (driver.state.terminal === null) driver.fireNext();
    };
    attempt();
    attempt({ KEY: "2" });
    attempt({ SHOP: "5" });
    attempt({ KEY: "1", SHOP: "1" });
    const started = driver.journal.flatMap(({ event }) =>
      event.type === "step.started" ? [event] : [],
    );
    expect(started.map(({ secrets }) => secrets)).toEqual([
      undefined,
      [{ secret: "KEY", version: "2" }],
      [
        { secret: "KEY", version: "2" },
        { secret: "SHOP", version: "5" },
      ],
      undefined,
    ]);
    expect(started.every(({ timeoutAtMs }) => timeoutAtMs !== undefined)).toBe(true);
  });

  test("are named by the start only where one of them has changed", () => {
    const starts = (config: object, versions: Record<string, string>, more: object = {}) => {
      const known: Record<string, string> = { KEY: "1", SHOP: "1", OTHER: "1" };
      const secretVersion = (name: string) => known[name] ?? null;
      const step = { id: "a", uses: "work", with: config, ...more } as Step;
      const driver = run([step], {}, { world: { secretVersion }, paranoid: true }).start();
      Object.assign(known, versions);
      driver.give({ kind: "admit", paths: ["a"] });
      return driver.journal.at(-1)?.event;
    };
    const plain = { type: "step.started", path: "a", attempt: 1 };
    const text = { text: "${{ secrets.KEY }}", again: "${{ secrets.KEY + secrets.OTHER }}" };
    const key = { secret: "KEY", version: "2" };
    const shop = { secret: "SHOP", version: "2" };
    expect(starts(text, {})).toEqual(plain);
    expect(starts(text, { SHOP: "2" })).toEqual(plain);
    expect(starts({ value: 1 }, { KEY: "2", SHOP: "2" })).toEqual(plain);
    expect(starts(text, { KEY: "2" })).toEqual({ ...plain, secrets: [key] });
    expect(starts({ connection: "shop" }, {})).toEqual(plain);
    expect(starts({ connection: "shop" }, { KEY: "2", SHOP: "2" })).toEqual({
      ...{ ...plain, secrets: [shop] },
    });
    expect(starts({ ...text, connection: "shop" }, { KEY: "2", SHOP: "2" })).toEqual({
      ...{ ...plain, secrets: [key, shop] },
    });
    const both = { text: "${{ secrets.SHOP }}", connection: "shop" };
    expect(starts(both, { SHOP: "2" })).toEqual({ ...plain, secrets: [shop] });
    expect(starts(text, { KEY: "2" }, { timeout: "1s" })).toEqual({
      ...{ ...plain, timeoutAtMs: expect.any(Number), secrets: [key] },
    });
    expect(starts(text, {}, { timeout: "1s" })).toEqual({
      ...{ ...plain, timeoutAtMs: expect.any(Number) },
    });
    // Versions that nobody knows any more tell nothing.
    expect(starts(text, { KEY: undefined as never })).toEqual(plain);
  });

  test("of a connection are those that the host names", () => {
    const of = (config: unknown, world: Partial<World> = {}) =>
      scheduled(
        run([{ id: "a", uses: "work", with: config as never }], {}, { world }).start({
          name: "shop",
        }),
      )?.connectionSecrets;
    expect(of({ connection: "shop" })).toEqual([{ secret: "SHOP", version: "1" }]);
    expect(of({ connection: "${{ input.name }}" })).toHaveLength(1);
    expect(of({ connection: "none" })).toBeUndefined();
    expect(
      of({ connection: 5 }, { connectionSecrets: () => [{ secret: "X", version: null }] }),
    ).toBe(undefined);
    expect(of({ other: "shop" })).toBeUndefined();
    expect(of(undefined)).toBeUndefined();
    expect(of({ connection: "shop" }, { connectionSecrets: undefined as never })).toBeUndefined();
  });
});
