/**
 * far-config.ts through the engine: a pure step that reads a large value is evaluated in the thread,
 * from bytes, and gives what it gives when it is evaluated in the turn.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import type { PureComputer } from "#engine/embedded/options.ts";
import { pureComputer } from "#engine/embedded/pure-computer.ts";
import { FarConfig } from "#kernel/far-config.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { context, workflow } from "./engine-fixture.ts";
import { ended, openSqliteBench } from "./sqlite-fixture.ts";

const mine = defineNode({
  ...({ type: "my.count", title: "", description: "", category: "user", icon: "x" } as const),
  pure: true,
  config: z.strictObject({ rows: z.array(z.unknown()) }),
  output: z.number(),
  run: ({ rows }) => rows.length,
});

const table = (rows: number) =>
  [
    "id,name,amount",
    ...Array.from({ length: rows }, (_, at) => `${at},customer number ${at},${at % 97}`),
  ].join("\n");
/** More than 2 MiB once it is parsed: it is never made objects for steps. */
const ROWS = 45_000;

const rows = "${{ steps.rows.output }}";
const definition = workflow("far", {
  vars: { kept: null },
  steps: [
    { id: "rows", uses: "parse", with: { text: "${{ input.text }}", format: "csv" } },
    { id: "count", uses: "data.set", with: { value: "${{ steps.rows.output.length }}" } },
    {
      id: "ids",
      uses: "data.set",
      with: { value: ["${{ uuid() }}", "${{ steps.rows.output[3].id }}", "${{ run.id }}"] },
    },
    {
      id: "mapped",
      uses: "data.map",
      with: { items: rows, map: "(row) => Number(row.amount) + steps.count.output" },
    },
    {
      id: "found",
      uses: "data.filter",
      with: {
        items: ["7", "9", "8"],
        filter: "(id) => steps.rows.output[Number(id)].id != '9' && uuid() != ''",
      },
    },
    {
      id: "faulty",
      uses: "data.set",
      retry: { attempts: 3, errors: ["expression_failed"] },
      onError: "continue",
      with: { value: "${{ steps.rows.output[0].name.first.letter }}" },
    },
    { id: "mine", uses: "my.count", with: { rows } },
    {
      id: "loop",
      uses: "while",
      with: { condition: "carry.n < 12", check: "before", maxIterations: 100, carry: { n: 0 } },
      steps: [
        {
          id: "next",
          uses: "data.set",
          with: { value: "${{ carry.n + (steps.rows.output[carry.n].id == '' ? 0 : 1) }}" },
        },
      ],
      update: { n: "${{ steps.next.output }}" },
    },
  ],
  output: {
    count: "${{ steps.count.output }}",
    ids: "${{ steps.ids.output }}",
    last: "${{ steps.mapped.output[44999] }}",
    mapped: "${{ steps.mapped.output.length }}",
    found: "${{ steps.found.output }}",
    faulty: "${{ steps.faulty.error }}",
    mine: "${{ steps.mine.output }}",
  },
});

test("steps computed from bytes give what they give in the turn, failures and ids included", async () => {
  const nodes = createRegistry([mine]);
  const outcomes: unknown[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  for (const isFar of [true, false]) {
    await using bench = await openSqliteBench();
    const real = pureComputer(nodes, logger, systemClock);
    const far: string[] = [];
    const computer: PureComputer = {
      compute(uses, config) {
        if (config instanceof FarConfig) far.push(uses);
        return real.compute(uses, config);
      },
      ...(isFar ? { computesFar: (uses) => real.computesFar?.(uses) ?? false } : {}),
      close: () => real.close(),
    };
    const { engine } = await bench.open({ nodes, computer });
    const { run } = await engine.start(context, {
      workflow: definition,
      input: { text: table(ROWS) },
      id: "r1",
    });
    const { status, output, error } = await ended(engine, run.id);
    expect(error).toBeNull();
    const events = await engine.events(context, run.id, 0, 1_000);
    const steps = events
      .filter(({ type }) => type.startsWith("step."))
      .map(({ type, path, event }) => [path, type, event["outputBlob"] ?? event["error"]]);
    steps.sort((a, b) => String(a[0]).localeCompare(String(b[0])));
    outcomes.push({ status, output, steps });
    expect(output).toMatchObject({
      ...{ count: ROWS, mapped: ROWS, mine: ROWS },
      last: (44_999 % 97) + ROWS,
      found: ["7", "8"],
      faulty: { code: "expression_failed" },
    });
    expect(steps.filter(([path]) => path === "faulty")).toHaveLength(1);
    // The type that only this thread has is not among them.
    const builtIn = ["data.filter", "data.map", "data.set"];
    expect([...new Set(far)].sort()).toEqual(isFar ? builtIn : []);
  }
  expect(outcomes[0]).toEqual(outcomes[1]);
});

test("a value that steps read again and again is made objects once, if it is not too large", async () => {
  await using bench = await openSqliteBench();
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const real = pureComputer(createRegistry(), logger, systemClock);
  let far = 0;
  const computer: PureComputer = {
    ...real,
    compute(uses, config) {
      if (config instanceof FarConfig) far += 1;
      return real.compute(uses, config);
    },
  };
  const { engine } = await bench.open({ computer });
  const passes = { id: "rows", uses: "parse", with: { text: "${{ input.text }}", format: "csv" } };
  const loop = {
    id: "loop",
    uses: "while",
    with: { condition: "carry.n < 500", check: "before", maxIterations: 500, carry: { n: 0 } },
    steps: [
      {
        id: "next",
        uses: "data.set",
        with: { value: "${{ carry.n + Math.sign(steps.rows.output.length) }}" },
      },
    ],
    update: { n: "${{ steps.next.output }}" },
  };
  const again = workflow("again", { steps: [passes, loop] });
  const { run } = await engine.start(context, { workflow: again, input: { text: table(10_000) } });
  expect((await ended(engine, run.id)).status).toBe("succeeded");
  expect(far).toBeGreaterThan(0);
  expect(far).toBeLessThan(10);
});
