/** Remembered results on the bare kernel: what is asked for, and when an answer is taken (memo.ts). */
import { describe, expect, test } from "vitest";
import type { Input } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const FROM = { runId: "run_before", path: "a", attempt: 1 } as never;
const hit = (more: object = {}): Input =>
  ({
    ...{ kind: "memo_hit", path: "a", attempt: 1, key: "the key", from: FROM, output: 7 },
    ...more,
  }) as Input;

function start(memo: object, options: DriverOptions = {}, more: Partial<Step> = {}): KernelDriver {
  const step = { ...{ id: "a", uses: "work", with: { value: 1 }, memo }, ...more } as Step;
  const input = { none: null, text: LONG, list: [2, { b: 1, a: 2 }] };
  return new KernelDriver(planOf({ steps: [step] }), { paranoid: true, ...options }).start(input);
}

const asked = (driver: KernelDriver) =>
  [...driver.effects.values()].flatMap((effect) => (effect.kind === "admit" ? [effect.memo] : []));

describe("what is asked for", () => {
  test("is the input where no key is given, else the key", () => {
    expect(asked(start({}))).toEqual([{ scope: "run" }]);
    expect(asked(start({ scope: "tenant", ttl: "2m" }))).toEqual([
      { scope: "tenant", ttlMs: 120_000 },
    ]);
    const form = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(asked(start({ key: "input.list[0]", ttl: "1s" }))).toEqual([
      { scope: "run", ttlMs: 1_000, key: "2", form },
    ]);
    expect(asked(start({ key: "input.list[1]" }))).toEqual([
      { scope: "run", key: '{"a":2,"b":1}', form },
    ]);
    // Another configuration is another form.
    const [one] = asked(start({ key: "1" }));
    const [other] = asked(start({ key: "1" }, {}, { with: { value: 2 } }));
    expect(one?.form).not.toBe(other?.form);
  });

  test("is nothing where the key is null, and for a step without a policy", () => {
    expect(asked(start({ key: "input.none" }))).toEqual([null]);
    const plain = planOf({ steps: [{ id: "a", uses: "work" }] });
    expect(asked(new KernelDriver(plain).start())).toEqual([null]);
  });

  test("waits for values that are not at hand", () => {
    const driver = start({ key: "input.text + '!'" }, { lazyValues: true });
    expect(asked(driver)).toMatchObject([{ key: expect.stringMatching(/^sha256:/) }]);
    expect(driver.story()).toEqual(["scheduled a"]);
    expect(asked(start({ key: "input.text.slice(0, 2)" }, { lazyValues: true }))).toMatchObject([
      { key: "xx" },
    ]);
  });

  test("waits for what other steps gave, which is no longer at hand", () => {
    const steps = [
      { id: "before", uses: "work", with: { value: 1 } },
      { id: "pause", uses: "wait.for", with: { duration: "1h" } },
      { id: "a", uses: "work", memo: { key: "steps.before.output.value + 1" } },
    ] as readonly Step[];
    const driver = new KernelDriver(planOf({ steps: [...steps] }), {
      paranoid: true,
      lazyValues: true,
    });
    driver.start().settle().restart().fireNext();
    expect(asked(driver)).toMatchObject([{ key: "2" }]);
    expect(driver.story().filter((line) => line === "scheduled a")).toHaveLength(1);
  });

  test("asks for another id than the configuration of the same step does", () => {
    const shown = start({ key: "uuid()" }, {}, { with: { value: "${{ uuid() }}" } });
    const [event] = shown.journal.flatMap(({ event }) =>
      event.type === "step.scheduled" ? [event] : [],
    );
    expect([event?.memo?.key]).not.toEqual(Object.values(event?.input ?? {}));
  });

  test("fails the step where the key cannot be evaluated", () => {
    const driver = start(
      { key: "input.none.more.more" },
      {},
      { retry: { attempts: 3, errors: ["*"] } },
    );
    expect(driver.state.error).toMatchObject({ code: "expression_failed", path: "a" });
    expect(driver.story()).toEqual(["failed a"]);
  });
});

describe("an answer", () => {
  test("settles the step that asks, without an attempt", () => {
    const driver = start({}).give(hit());
    expect(driver.lastDecision?.applied).toBe(true);
    expect(driver.journal.map(({ event }) => event)).toContainEqual({
      ...{ type: "step.memo_hit", path: "a", key: "the key", from: FROM },
    });
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", 7]);
    expect(driver.effects.size).toBe(0);
  });

  test.each<[string, (driver: KernelDriver) => KernelDriver, object]>([
    ["of another attempt", (driver) => driver, { attempt: 2 }],
    ["for a step that never was", (driver) => driver, { path: "nowhere" }],
    ["for one that runs", (driver) => driver.give({ kind: "admit", paths: ["a"] }), {}],
    [
      "while the run is paused",
      (driver) => driver.give({ kind: "pause", by: "t", reason: null }),
      {},
    ],
    ["after the end", (driver) => driver.settle(), {}],
  ])("%s changes nothing", (_name, prepare, more) => {
    const driver = prepare(start({}));
    const before = driver.journal.length;
    driver.give(hit(more));
    expect([driver.journal.length, driver.lastDecision?.applied]).toEqual([before, false]);
  });
});
