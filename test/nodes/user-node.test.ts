/** The example of a user's own node types: it is accepted, typed, checked in workflows, and runs. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { z } from "zod";
import { runAttempt, runPure } from "#nodes/attempt.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import config from "../../examples/user-node/lockstitch.config.ts";
import { exchangeRate } from "../../examples/user-node/nodes/exchange-rate.ts";
import { invoiceNumber } from "../../examples/user-node/nodes/invoice-number.ts";
import { nodeContext } from "./node-context.ts";

const file = new URL("../../examples/user-node/invoice.workflow.yaml", import.meta.url);

it("is accepted by the registry, and its workflow by the parser", async () => {
  const nodes = createRegistry(config.nodes);
  const text = await readFile(file, "utf8");
  expect(parseWorkflow(text, { nodes }).problems).toEqual([]);
  expect(parseWorkflow(text, { nodes: createRegistry() }).problems).toMatchObject([
    { message: expect.stringContaining("shop.invoice_number") },
    { message: expect.stringContaining("shop.exchange_rate") },
  ]);
});

it("runs as its example says", () => {
  expect(invoiceNumber.examples).not.toHaveLength(0);
  for (const example of invoiceNumber.examples)
    expect(runPure(invoiceNumber, example.with)).toEqual({ ok: true, output: example.output });
});

it("fails with codes of its own", async () => {
  const attempt = (currency: string, number: number) =>
    runAttempt(exchangeRate, { currency }, nodeContext({ attempt: number }));
  expect(await attempt("USD", 1)).toMatchObject({
    error: { code: "user.bank_busy", retryable: true },
  });
  expect(await attempt("USD", 2)).toEqual({ ok: true, output: { currency: "USD", rate: 1.08 } });
  expect(await attempt("XXX", 2)).toMatchObject({
    error: { code: "user.unknown_currency", retryable: false },
  });
});

it("is typed from its schemas: the compiler refuses what does not fit", () => {
  const common = {
    type: "my.node",
    title: "Mine",
    description: "",
    category: "user",
    icon: "x",
    config: z.strictObject({ n: z.number() }),
    output: z.strictObject({ twice: z.number() }),
  } as const;
  const node = defineNode({ ...common, pure: true, run: ({ n }) => ({ twice: 2 * n }) });
  // @ts-expect-error: the output's field has another name
  defineNode({ ...common, pure: true, run: ({ n }) => ({ double: 2 * n }) });
  // @ts-expect-error: the config has no such field
  defineNode({ ...common, pure: true, run: ({ m }) => ({ twice: m }) });
  // @ts-expect-error: a pure node returns its output, not a promise
  defineNode({ ...common, pure: true, run: async () => ({ twice: 1 }) });
  expect(runPure(node, { n: 2 })).toEqual({ ok: true, output: { twice: 4 } });
});
