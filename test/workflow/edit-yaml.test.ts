import { describe, expect, it } from "vitest";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import { editYaml } from "#workflow/edit-yaml.ts";
import { hashJson } from "#workflow/hash.ts";
import { parseWorkflowOrThrow } from "#workflow/parse.ts";
import { printYaml } from "#workflow/print.ts";
import { TEST_NODES as nodes } from "../kernel/kernel-driver.ts";
import { pick, randomDefinition, seededRandom } from "../kernel/random-definition.ts";

const TEXT = `# What comes in from the shop.
language: 1
name: orders # the public name

steps:
  # First of all.
  - id: first
    uses: value
    with: { value: 1 } # one

  # It takes long.
  - id: second
    uses: work
    with:
      value: "\${{ steps.first.output }}" # from above
    timeout: 10s # not more
  - { id: third, uses: value, with: { value: 3 } }
`;

function read(text: string): WorkflowDefinition {
  return parseWorkflowOrThrow(text, { nodes, format: "yaml" }).definition;
}

function edited(change: (steps: readonly Step[]) => readonly Step[], more: object = {}): string {
  const definition = read(TEXT);
  const next = { ...definition, ...more, steps: change(definition.steps) } as WorkflowDefinition;
  const { text, keptComments } = editYaml(TEXT, next, nodes);
  expect(hashJson(read(text))).toBe(hashJson(next));
  expect(keptComments).toBe(true);
  return text;
}

describe("a changed definition in its YAML", () => {
  it("leaves a text alone in which nothing changed", () => {
    expect(edited((steps) => steps)).toBe(TEXT);
  });

  it("changes one value and no other line", () => {
    const text = edited((steps) =>
      steps.map((step) => (step.id === "second" ? { ...step, timeout: "20s" } : step)),
    );
    expect(text).toBe(TEXT.replace("timeout: 10s # not more", "timeout: 20s # not more"));
  });

  it("keeps the comments of steps that move, and of those around a new one", () => {
    const text = edited(([first, second, third]) => [
      third as Step,
      { id: "new", uses: "value", with: { value: 0 } },
      { ...(second as Step), needs: [] },
      { ...(first as Step), needs: [] },
    ]);
    for (const comment of [
      "First of all.",
      "It takes long.",
      "# one",
      "# from above",
      "# not more",
    ])
      expect(text).toContain(comment);
    expect(text.indexOf("It takes long.")).toBeLessThan(text.indexOf("First of all."));
  });

  it("removes a step with what belongs to it, and adds fields", () => {
    const text = edited((steps) => steps.slice(0, 2), { description: "Orders", priority: 3 });
    expect(text).not.toContain("third");
    expect(text).toContain("# the public name");
    expect(text).toContain("# What comes in from the shop.");
  });

  it("prints anew what it cannot change in place", () => {
    const text = `language: 1
name: twice
steps:
  - { id: a, uses: value, with: &with { value: 1 } } # shared
  - { id: b, uses: value, with: *with }
`;
    const definition = read(text);
    const [a, b] = definition.steps as [Step, Step];
    const next = { ...definition, steps: [{ ...a, with: { value: 2 } }, b] };
    const result = editYaml(text, next, nodes);
    expect(read(result.text)).toEqual(next);
  });

  it("always reads back as the changed definition, and keeps what it can", () => {
    let kept = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = seededRandom(seed);
      const before = randomDefinition(random, "before");
      const text = printYaml(read(printYaml(before)))
        .split("\n")
        .map((line, at) => (/^\s*- id: /.test(line) ? `${line} # note ${at}` : line))
        .join("\n");
      const now = read(text);
      const other = read(printYaml(randomDefinition(random, "after")));
      const next = pick(random, [
        other,
        { ...now, steps: [...now.steps].reverse().map((step) => ({ ...step, needs: [] })) },
        { ...now, steps: now.steps.map((step) => ({ ...step, priority: 1 })) },
      ]) as WorkflowDefinition;
      let readable: string;
      try {
        readable = printYaml(read(printYaml(next)));
      } catch {
        // A step that was read from above may now wait for its reader.
        continue;
      }
      const result = editYaml(text, read(readable), nodes);
      expect(hashJson(read(result.text)), `seed ${seed}`).toBe(hashJson(read(readable)));
      if (result.keptComments) kept += 1;
    }
    expect(kept).toBeGreaterThan(30);
  });
});
