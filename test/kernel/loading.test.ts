/**
 * Values that have to be loaded first: whatever reads them (outputs of scopes, conditions, carried
 * values, saga locals), a run that another process takes over at every turn ends as one that has all at
 * hand. Every value here is too long to stand inline.
 */
import { expect, test } from "vitest";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const work = (id: string, value: unknown = `${LONG}${id}`, more: Record<string, unknown> = {}) => ({
  ...{ id, uses: "work", with: { value } },
  ...more,
});
const of = (id: string) => `\${{ steps.${id}.output.value }}`;

const DEFINITIONS: Readonly<Record<string, Record<string, unknown>>> = {
  "the output of the run": { steps: [work("a"), work("b")], output: { a: of("a"), b: of("b") } },
  "a condition and a configuration": {
    steps: [
      work("a"),
      work("b", of("a"), { if: `steps.a.output.value.length > 3` }),
      work("c", 1, { if: `steps.b.output.value.length > 999` }),
    ],
    output: { b: of("b"), c: "${{ steps.c.status }}" },
  },
  "outputs of items, and of one with several leaves": {
    steps: [
      {
        ...{ id: "each", uses: "for_each", with: { items: [`${LONG}1`, `${LONG}2`] } },
        steps: [work("b", "${{ item }}")],
        output: of("b"),
      },
      {
        ...{ id: "leaves", uses: "for_each", with: { items: [LONG] } },
        steps: [work("c", "${{ item }}", { needs: [] }), work("d", LONG, { needs: [] })],
      },
    ],
    output: ["${{ steps.each.output.results }}", "${{ steps.leaves.output.results }}"],
  },
  "what a loop carries": {
    steps: [
      {
        ...{ id: "loop", uses: "while" },
        with: { condition: "carry.text.length < 1300", maxIterations: 9, carry: { text: LONG } },
        steps: [work("b", "${{ carry.text }}")],
        update: { text: `\${{ steps.b.output.value + '${LONG}' }}` },
        output: of("b"),
      },
    ],
    output: "${{ steps.loop.output }}",
  },
  "branches and choices": {
    steps: [
      work("a"),
      {
        ...{ id: "p", uses: "parallel" },
        branches: {
          l: { steps: [work("l", of("a"))], output: of("l") },
          r: { steps: [work("r")] },
        },
      },
      {
        ...{ id: "i", uses: "if", with: { condition: "${{ steps.a.output.value.length > 3 }}" } },
        // biome-ignore lint/suspicious/noThenProperty: the language's own word
        then: [work("t", of("a"))],
        else: [work("e")],
      },
      {
        ...{ id: "s", uses: "switch", with: { value: of("a") } },
        cases: [
          { when: "value == 'short'", port: "short", steps: [work("n")] },
          { when: "value.length > 3", port: "long", steps: [work("y", of("a"))] },
        ],
      },
    ],
    output: ["${{ steps.p.output }}", "${{ steps.i.output }}", "${{ steps.s.output }}"],
  },
  "a fallback and a failure that is caught": {
    steps: [
      work("a"),
      { id: "f", uses: "boom", onError: { fallback: of("a") } },
      {
        ...{ id: "t", uses: "try", steps: [{ id: "boom", uses: "boom" }] },
        catch: [{ steps: [work("c", of("a"))] }],
        finally: [work("last", of("a"))],
      },
    ],
    output: ["${{ steps.f.output }}", "${{ steps.t.output }}"],
  },
  "what a saga undoes": {
    steps: [
      work("a"),
      {
        ...{ id: "s", uses: "saga", onError: "continue" },
        steps: [
          work("x", LONG, {
            compensate: [work("undo", "${{ output.value + steps.a.output.value }}")],
          }),
          { id: "boom", uses: "boom" },
        ],
      },
    ],
    output: of("a"),
  },
  variables: {
    vars: { v: "${{ input.text }}" },
    steps: [work("a", "${{ vars.v }}"), work("b", "${{ input.text }}")],
    output: ["${{ vars.v }}", of("a"), of("b")],
  },
};

function play(definition: Record<string, unknown>, takeOver: boolean) {
  const inputs: unknown[] = [];
  const driver = new KernelDriver(planOf(definition as never), {
    ...(takeOver ? { lazyValues: true, exhaustAfter: 1 } : {}),
    paranoid: true,
  });
  driver.start({ text: LONG });
  for (let turns = 0; driver.state.terminal === null; turns++) {
    if (turns > 500) throw new Error("does not end");
    if (takeOver) driver.restart();
    if (driver.more) {
      driver.give({ kind: "continue" });
      continue;
    }
    const [effect] = driver.effects.values();
    if (effect === undefined) throw new Error("nothing to do");
    driver.perform(effect, ({ path }, input) => {
      inputs.push([path, input]);
      return { ok: true, output: input };
    });
  }
  const { terminal, error } = driver.state;
  return { terminal, error, output: driver.output(), inputs: inputs.sort() };
}

test.each(Object.keys(DEFINITIONS))("%s", (name) => {
  const definition = DEFINITIONS[name] ?? {};
  const atHand = play(definition, false);
  expect(atHand.terminal).toBe("succeeded");
  expect(JSON.stringify(atHand.output)).toContain(LONG);
  expect(play(definition, true)).toEqual(atHand);
});

test("every kind of step that reads is among them", () => {
  const text = JSON.stringify(DEFINITIONS);
  const kinds = ["for_each", "while", "parallel", "if", "switch", "try", "saga"];
  expect(kinds.filter((kind) => !text.includes(`"uses":"${kind}"`))).toEqual([]);
  const steps = (DEFINITIONS["variables"]?.["steps"] ?? []) as Step[];
  expect(steps.length).toBe(2);
});
