/** `if` and `switch`: which port is chosen, what is asked for first, and how the step ends. */
import { describe, expect, test } from "vitest";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const give = (value: unknown): Step => ({ id: "v", uses: "value", with: { value } });
const LONG = "z".repeat(400);

function run(steps: readonly object[], options: DriverOptions = {}, input: unknown = {}) {
  const plan = planOf({ steps: [...steps] as Step[] });
  return new KernelDriver(plan, { paranoid: true, ...options }).start(input);
}

const branch = (condition: string, step: Step) => ({
  ...{ id: "s", uses: "if", with: { condition } },
  // biome-ignore lint/suspicious/noThenProperty: the language's word
  then: [step],
});

const choose = (value: unknown, cases: object, more: object = {}) => ({
  ...{ id: "s", uses: "switch", with: { value }, cases },
  ...more,
});

describe("switch", () => {
  const cases = {
    one: {},
    list: { equals: [1, { a: 2 }] },
    nothing: { equals: null },
    computed: { equals: "${{ input.wanted }}" },
    long: { when: "value.length > 3" },
  };

  test.each<[unknown, string]>([
    ["one", "one"],
    [[1, { a: 2 }], "list"],
    [[1], "default"],
    [null, "nothing"],
    ["w", "computed"],
    ["longer", "long"],
    ["?", "default"],
  ])("of %j takes `%s`", (value, port) => {
    const driver = run([choose(value, cases)], {}, { wanted: "w" });
    expect([driver.output(), driver.state.steps.size]).toEqual([port, 0]);
    expect(driver.journal.map(({ event }) => event)).toContainEqual({
      ...{ type: "step.succeeded", path: "s", output: port, port },
    });
  });

  test("with scopes has the output of the one that it runs, a bare port beside them none", () => {
    const both = { a: { steps: [give("A")] }, b: {} };
    expect(run([choose("a", both)]).output()).toBe("A");
    expect(run([choose("b", both)]).output()).toBe(null);
    expect(run([choose("c", both)]).output()).toBe(null);
  });

  test("fails where a case cannot be evaluated", () => {
    const driver = run([choose("x", { a: { when: "input.none.more" } })]);
    expect(driver.state.error).toMatchObject({ code: "expression_failed", path: "s" });
  });

  test("draws other ids in each of its cases", () => {
    const drawn = run([
      choose("x", {
        a: { when: "uuid() == uuid()" },
        b: { equals: "${{ uuid() }}" },
        c: { when: "uuid().length == 36" },
      }),
    ]);
    expect(drawn.output()).toBe("c");
  });
});

describe("what must be loaded first is asked for, once, whoever goes on", () => {
  const before = { id: "before", uses: "work", with: { value: LONG } };
  const hold = { id: "hold", uses: "wait.for", with: { duration: "1h" } };

  test.each<[string, object]>([
    ["the condition of an if", branch("steps.before.output.value.length == 400", give("yes"))],
    [
      "the value of a switch",
      choose("${{ steps.before.output.value }}", {
        a: { when: "value.length == 400", steps: [give("yes")] },
      }),
    ],
    [
      "a case of a switch",
      choose(400, {
        a: { when: "value == steps.before.output.value.length", steps: [give("yes")] },
      }),
    ],
    [
      "what a case equals",
      choose(400, {
        a: { equals: "${{ steps.before.output.value.length }}", steps: [give("yes")] },
      }),
    ],
  ])("%s", (_name, step) => {
    const driver = run([before, hold, step], { lazyValues: true });
    driver.settle().restart().fireNext().settle();
    expect(driver.story().slice(-3)).toEqual([
      "started s",
      expect.stringMatching(/^succeeded s\..*v$/),
      "succeeded s",
    ]);
    expect(driver.output()).toBe("yes");
  });
});

describe("the scope that was chosen", () => {
  const failing = branch("true", { id: "b", uses: "boom" });

  test("fails the step with its failure, which may be handled or tried again", () => {
    expect(run([failing]).state.error).toMatchObject({ code: "failed", path: "s" });
    const handled = run([{ ...failing, onError: { fallback: "instead" } }]);
    expect(handled.output()).toBe("instead");
    const retry = { attempts: 2, initial: "1s", errors: ["*"] };
    const again = run([{ ...failing, retry }]).fireNext();
    expect(again.story()).toEqual([
      ...["started s", "failed s.then.b", "retry_scheduled s"],
      ...["started s", "failed s#2.then.b", "failed s"],
    ]);
  });
});
