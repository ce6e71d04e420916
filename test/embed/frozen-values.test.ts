/** What a user's code does to the values it is handed never reaches another step, or the journal. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { defineNode, openLockstitch, type WorkflowDefinition } from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LONG = Array.from({ length: 200 }, (_, n) => ({ n }));
const FIX =
  /: what a step is handed, and what it has answered, is shared with other steps and cannot be changed; work on a copy, structuredClone\(value\)\.$/;

type Rows = { n: number }[];

const mutations: readonly [string, (rows: Rows) => unknown][] = [
  ["adds", (rows) => rows.push({ n: -1 })],
  ["sorts", (rows) => rows.sort((a, b) => b.n - a.n)],
  ["assigns inside", (rows) => Object.assign(rows[7] as object, { n: -1 })],
  ["removes", (rows) => delete rows[3]],
  ["defines", (rows) => Object.defineProperty(rows, "x", { value: 1 })],
];

/** `change` changes the rows that `read` reads after it, before and after a restart. */
function sharing(uses: string): WorkflowDefinition {
  const rows = "${{ input.rows }}";
  return {
    language: 1,
    name: "sharing",
    steps: [
      { id: "rows", uses: "data.set", with: { value: rows } },
      { id: "change", uses, with: { rows: "${{ steps.rows.output }}" }, onError: "continue" },
      {
        id: "before",
        uses: "data.set",
        needs: ["change"],
        with: { value: "${{ steps.rows.output }}" },
      },
      { id: "wait", uses: "wait.signal", needs: ["before"], with: { name: "go" } },
      {
        id: "after",
        uses: "data.set",
        needs: ["wait"],
        with: { value: "${{ steps.rows.output }}" },
      },
    ],
    output: {
      error: "${{ steps.change.error?.message }}",
      before: "${{ steps.before.output }}",
      after: "${{ steps.after.output }}",
    },
  } as unknown as WorkflowDefinition;
}

function nodes(change: (rows: Rows) => unknown) {
  const pure = defineNode({
    ...{ type: "my.pure", title: "Pure", description: "Changes.", category: "user", icon: "dot" },
    pure: true,
    config: z.strictObject({ rows: z.unknown() }),
    output: z.unknown(),
    run: ({ rows }) => {
      change(rows as Rows);
      return null;
    },
  });
  const effect = async ({ rows }: { rows: Rows }) => {
    change(rows);
    return null;
  };
  return { "my.effect": effect, "my.pure": pure };
}

it.each(
  mutations.flatMap(
    ([name, change]) =>
      [
        ["my.effect", name, change],
        ["my.pure", name, change],
      ] as const,
  ),
)("a node %s that %s fails, and the others see what was there", async (uses, _, change) => {
  await using directory = await temporaryDirectory();
  const options = {
    data: join(directory.path, "data"),
    log: "error",
    nodes: nodes(change),
  } as const;
  const first = await openLockstitch(options);
  await first.save(sharing(uses));
  const { id } = await first.start("sharing", { rows: LONG });
  await first.close();
  const second = await openLockstitch(options);
  try {
    const run = await second.attach(id);
    await second.signal(id, "go");
    const { output } = await run.result();
    expect(output).toEqual({ error: expect.stringMatching(FIX), before: LONG, after: LONG });
  } finally {
    await second.close();
  }
});

it("a middleware that changes the configuration fails its step", async () => {
  await using directory = await temporaryDirectory();
  const l = await openLockstitch({
    ...{ data: join(directory.path, "data"), log: "error", nodes: { "my.read": () => null } },
    middleware: [
      {
        name: "pushy",
        run: (_, config, next) => {
          (config as { rows: Rows }).rows.push({ n: -1 });
          return next();
        },
      },
    ],
  });
  try {
    await l.save(sharing("my.read"));
    const run = await l.start("sharing", { rows: LONG });
    await l.signal(run.id, "go");
    const { output } = await run.result();
    expect(output).toMatchObject({ before: LONG, after: LONG });
    expect((output as { error: string }).error).toMatch(
      /^middleware pushy: Cannot add property 200/,
    );
  } finally {
    await l.close();
  }
});
