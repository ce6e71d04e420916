/** Names that every object has something under are names like any other. */
import { describe, expect, test } from "vitest";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const NAMES = ["toString", "valueOf", "hasOwnProperty"];

function played(definition: Parameters<typeof planOf>[0], prepare = (_: KernelDriver) => {}) {
  const driver = new KernelDriver(planOf(definition), { paranoid: true, lazyValues: true }).start();
  prepare(driver);
  return driver.settle().restart().settle();
}

const value = (id: string, text: string) => ({ id, uses: "value", with: { value: text } });

describe.each(NAMES)("%s", (name) => {
  test("is a step, whatever an operator has decided about another one", () => {
    const driver = played(
      { steps: [{ id: "a", uses: "work" }, value(name, "1"), { id: "z", uses: "work" }] },
      (run) =>
        run.give({
          ...({ kind: "resolve", path: "z", action: "complete", by: "t", reason: null } as const),
          ...{ id: null, output: "by hand", port: null, message: null },
        }),
    );
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.story()).toContain(`succeeded ${name}`);
    expect(driver.output()).toBe("by hand");
  });

  test("is an item, seen from the scopes inside of its own", () => {
    const driver = played({
      steps: [
        {
          ...{ id: "each", uses: "for_each", with: { items: [1, 2], as: name } },
          steps: [
            {
              ...{ id: "i", uses: "if", with: { condition: "true" } },
              // biome-ignore lint/suspicious/noThenProperty: the language's word
              then: [value("y", `\${{ ${name} }}`)],
            },
          ],
        },
      ],
      output: "${{ steps.each.output.results }}",
    });
    expect(driver.output()).toEqual([1, 2]);
  });

  test("is read by a compensation, an item as well as a step", () => {
    const undo = [value("undo", `\${{ [${name}, steps.${name}_step.output] }}`)];
    const driver = played({
      steps: [
        value(`${name}_step`, "s"),
        {
          ...{ id: "each", uses: "for_each", onError: "continue", with: { items: [7], as: name } },
          steps: [
            {
              ...{ id: "s", uses: "saga" },
              steps: [
                { id: "one", uses: "work", compensate: undo },
                { id: "bad", uses: "boom" },
              ],
            },
          ],
        },
      ],
    });
    expect(driver.state.terminal).toBe("succeeded");
    const undone = driver.journal.find(
      ({ event }) => event.type === "step.succeeded" && event.path.endsWith(".undo"),
    );
    expect(undone?.event).toMatchObject({ output: [7, "s"] });
  });
});
