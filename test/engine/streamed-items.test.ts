/** for_each over a stream, with real files and threads: what comes out, bounds, failures, kill -9. */
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import {
  openLockstitch,
  type RunFailed,
  type RunView,
  type WorkflowDefinition,
} from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PROGRAM = fileURLToPath(new URL("./streamed-items-program.ts", import.meta.url));

interface Ended {
  readonly status: string;
  readonly output: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly opened: readonly { readonly from: number; readonly isPlaced: boolean }[];
  readonly asked: number;
  readonly peakMib: number;
}

async function place(text: string) {
  const directory = await temporaryDirectory();
  const files = join(directory.path, "files");
  const data = join(directory.path, "data");
  await mkdir(files);
  await writeFile(join(files, "in.csv"), text);
  return {
    data,
    /** In a process of its own. */
    async process(workflow: object, killAt = 0): Promise<Ended> {
      const args = [PROGRAM, data, files, JSON.stringify(workflow), String(killAt)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return JSON.parse(stdout) as Ended;
    },
    async run(definition: object): Promise<Pick<RunView, "status" | "output" | "error">> {
      const l = await openLockstitch({ data, fileRoot: files, log: "error" });
      try {
        await l.save(definition as WorkflowDefinition);
        const run = await l.start("rows", {});
        return await run.result().catch(({ run: failed }: RunFailed) => failed);
      } finally {
        await l.close({ graceMs: 0 });
      }
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

function csv(count: number, cell: (n: number) => string = (n) => String(n)): string {
  return `n\n${Array.from({ length: count }, (_, n) => cell(n)).join("\n")}${count > 0 ? "\n" : ""}`;
}

/** `each` goes through the rows; `more` steps are done to them before. */
function overRows(
  config: Record<string, unknown> = {},
  { more = [], ...rest }: { more?: object[]; [key: string]: unknown } = {},
): object {
  const rows = more.length === 0 ? "rows" : "more";
  return {
    language: 1,
    name: "rows",
    steps: [
      { id: "read", uses: "file.read", with: { path: "in.csv", encoding: "stream" } },
      {
        id: "rows",
        uses: "parse",
        with: {
          ...{ text: "${{ steps.read.output.content }}", format: "csv" },
          types: { n: "number" },
        },
      },
      ...more,
      {
        id: "each",
        uses: "for_each",
        with: { items: `\${{ steps.${rows}.output }}`, as: "row", concurrency: 20, ...config },
        steps: [{ id: "twice", uses: "data.set", with: { value: "${{ row.n * 2 }}" } }],
        output: "${{ steps.twice.output }}",
        ...rest,
      },
    ],
    output: "${{ steps.each.output }}",
  };
}

const SORTED = {
  id: "more",
  uses: "data.sort",
  with: { items: "${{ steps.rows.output }}", by: "(row) => -row.n" },
};

it.each([
  ["as they come", [], (n: number) => n * 2],
  ["sorted", [SORTED], (n: number) => (3_499 - n) * 2],
] as const)("gives every item once after kill -9 while it is read: %s", async (_, more, wanted) => {
  await using at = await place(csv(3_500));
  const workflow = overRows({}, { more: [...more] });
  await expect(at.process(workflow, 3)).rejects.toMatchObject({ signal: "SIGKILL" });
  const { status, output, opened, asked } = await at.process(workflow);
  expect(status).toBe("succeeded");
  expect(output).toEqual({
    results: Array.from({ length: 3_500 }, (__, n) => wanted(n)),
    ...{ succeeded: 3_500, failed: [] },
  });
  // Two chunks were durable: it goes on behind them.
  expect({ opened, asked }).toEqual({ opened: [{ from: 2_000, isPlaced: true }], asked: 2 });
  expect(await readdir(join(at.data, "scratch"))).toEqual([]);
});

it("goes through 100,000 items within bounds", async () => {
  await using at = await place(csv(100_000));
  const { status, output, peakMib, asked } = await at.process(overRows({ collect: false }));
  expect({ status, output }).toEqual({
    status: "succeeded",
    output: { results: [], succeeded: 100_000, failed: [] },
  });
  expect(asked).toBe(100);
  expect(peakMib).toBeLessThan(600);
});

it("hands lists to a pass with batch, and the rest at the end", async () => {
  await using at = await place(csv(7));
  const lists = overRows({ batch: 3 }, { steps: [], output: "${{ row.map((one) => one.n) }}" });
  expect((await at.run(lists)).output).toEqual({
    ...{ results: [[0, 1, 2], [3, 4, 5], [6]], succeeded: 3, failed: [] },
  });
});

it("has nothing to do for an empty stream", async () => {
  await using at = await place(csv(0));
  const { status, output } = await at.run(overRows());
  expect({ status, output }).toEqual({
    ...{ status: "succeeded", output: { results: [], succeeded: 0, failed: [] } },
  });
});

it("goes on past failed items with onItemError: continue", async () => {
  await using at = await place(csv(4));
  const steps = [{ id: "odd", uses: "fail", if: "row.n % 2 == 1", with: { message: "odd" } }];
  const picky = overRows({ onItemError: "continue" }, { steps, output: "${{ row.n }}" });
  const { output } = await at.run(picky);
  expect(output).toMatchObject({ results: [0, null, 2, null], succeeded: 2 });
  expect((output as { failed: { index: number }[] }).failed.map(({ index }) => index)).toEqual([
    1, 3,
  ]);
});

it("fails before any item when a record in the middle cannot be read, and is tried again", async () => {
  await using at = await place(csv(1_500, (n) => (n === 1_400 ? "no number" : String(n))));
  const retry = { attempts: 2, initial: "1ms", errors: ["*"] };
  const { status, error, opened } = await at.process(overRows({}, { retry }));
  expect({ status, code: error?.code }).toEqual({ status: "failed", code: "parse_failed" });
  expect(error?.message).toMatch(/no number/);
  // Another attempt evaluates the stream anew.
  expect(opened).toEqual([
    { from: 0, isPlaced: false },
    { from: 0, isPlaced: false },
  ]);
});

it("refuses a stream of text, and what only looks like a stream", async () => {
  await using at = await place(csv(1));
  const text = overRows({ items: "${{ steps.read.output.content }}" });
  expect((await at.run(text)).error).toMatchObject({
    code: "config_invalid",
    message: "items: is a stream of text; read it with `parse` first.",
  });
  const fake = overRows({ items: { $stream: { file: "/etc/passwd" } } });
  expect((await at.run(fake)).error).toMatchObject({
    code: "config_invalid",
    message: "items: is no stream: hand on the whole value that a step gave.",
  });
});
