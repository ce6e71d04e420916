/** A definition of 10,000 steps and 2 MB. The limits here are generous, and of CPU time,
 * because other tests run beside; the figures are printed. */
import { expect, it } from "vitest";
import { parseWorkflow } from "#workflow/parse.ts";
import { printYaml } from "#workflow/print.ts";
import { fakeNodes } from "./fake-nodes.ts";

const STEPS = 10_000;
const TEXT = "Some words that make this step as long as steps in real definitions are".padEnd(
  90,
  ".",
);

function largeDefinition(): string {
  const steps = Array.from({ length: STEPS }, (_, at) => ({
    id: `step_${at}`,
    uses: "data.set",
    with: {
      value: {
        order: "${{ input.orderId }}",
        text: `${TEXT} ${at}`,
        before: at === 0 ? null : `\${{ steps.step_${at - 1}.output.order }}`,
      },
    },
  }));
  return JSON.stringify({
    language: 1,
    name: "large",
    input: { type: "object", properties: { orderId: { type: "string" } } },
    steps,
  });
}

it("parses and plans 10,000 steps in time", () => {
  const json = largeDefinition();
  const timed = (text: string, format: "json" | "yaml") => {
    const started = performance.now();
    const cpu = process.cpuUsage();
    const { definition, plan, problems } = parseWorkflow(text, { nodes: fakeNodes, format });
    const ms = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1_000;
    const used = `${Math.round(ms)} ms (${Math.round(cpuMs)} ms of CPU)`;
    expect(problems).toEqual([]);
    expect(plan?.stepCount).toBe(STEPS);
    return { cpuMs, used, definition, hash: plan?.hash };
  };
  const fromJson = timed(json, "json");
  if (fromJson.definition === null) throw new Error("the definition is valid");
  const yaml = printYaml(fromJson.definition);
  const fromYaml = timed(yaml, "yaml");
  expect(fromYaml.hash).toBe(fromJson.hash);
  const size = (text: string) => `${(text.length / 1e6).toFixed(1)} MB`;
  process.stdout.write(
    `parse and plan ${STEPS} steps: JSON ${size(json)} ${fromJson.used}, YAML ${size(yaml)} ${fromYaml.used}\n`,
  );
  expect(json.length).toBeGreaterThan(1.9e6);
  // A third and a fourth of it with coverage; what looks at all steps for each step takes minutes.
  expect(fromJson.cpuMs).toBeLessThan(8_000);
  expect(fromYaml.cpuMs).toBeLessThan(16_000);
});
