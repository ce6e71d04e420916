/** What a stream's work keeps when it dies: it is stopped after any save, again and again. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { streamOf } from "#nodes/pure/stream-value.ts";
import { type WriteJob, writeStream } from "#nodes/stream/stream-work.ts";
import { streamFixture, through, type Written } from "./stream-fixture.ts";

const CSV: Written = ["parse", "text", { format: "csv", types: { amount: "number" } }];
const OUT: Written = ["format", "value", { format: "csv" }];
const SUM: Written = [
  "data.group",
  "items",
  { by: "(row) => row.id % 5000", aggregates: { sum: { op: "sum", field: "amount" } } },
];

/** Amounts whose sums depend on the order in which they are added. */
function table(): string {
  const lines = Array.from(
    { length: 30_000 },
    (_, n) =>
      `${n},"name ""${(n * 7_919) % 30_000}""\nof two lines",${((n * 104_729) % 9_973) / 7}`,
  );
  return `id,name,amount\n${lines.join("\n")}\n`;
}

const FLOWS: Readonly<Record<string, readonly Written[]>> = {
  "a filter": [CSV, ["data.filter", "items", { filter: "(row) => row.amount > 700" }], OUT],
  "a sort": [CSV, ["data.sort", "items", { field: "name" }], OUT],
  "a group": [CSV, SUM, OUT],
  "groups that list their items": [
    CSV,
    ["data.group", "items", { by: "(row) => row.id % 900" }],
    ["format", "value", { format: "json" }],
  ],
  "a sort of groups": [CSV, SUM, ["data.sort", "items", { field: "sum" }], OUT],
};

async function prepared(steps: readonly Written[]) {
  const here = await streamFixture();
  const text = table();
  await here.write("in.csv", text);
  const stream = streamOf(through(await here.stream("in.csv"), steps), "content");
  const job: WriteJob = {
    stream,
    real: join(here.root, "in.csv"),
    folder: join(here.scratchRoot, "job"),
    draft: join(here.root, ".draft"),
    target: join(here.root, "out"),
    // Little, so that everything spills and much is saved.
    heldSizeMax: 200_000,
    saveBytes: 300_000,
  };
  return { here, job, expected: through(text, steps) };
}

class Killed extends Error {}

it.each(Object.entries(FLOWS))(
  "%s, stopped after every save, gives the bytes of the list form",
  async (_, steps) => {
    const { here, job, expected } = await prepared(steps);
    await using _here = here;
    let kills = 0;
    for (;;) {
      try {
        writeStream(job, () => {
          throw new Killed();
        });
        break;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      kills += 1;
      expect(kills).toBeLessThan(100);
      // What was written since is not to be trusted.
      await writeFile(job.draft, "not saved", { flag: "a" });
      expect(await readdir(here.root)).not.toContain("out");
    }
    expect(kills).toBeGreaterThan(5);
    expect(await here.read("out")).toBe(expected);
  },
  60_000,
);

it("begins again when what was saved is gone", async () => {
  const { here, job, expected } = await prepared(FLOWS["a sort"] ?? []);
  await using _here = here;
  const stopAt = (save: number) => () => {
    saves += 1;
    if (saves === save) throw new Killed();
  };
  let saves = 0;
  expect(() => writeStream(job, stopAt(3))).toThrow(Killed);
  const runs = (await readdir(job.folder)).filter((name) => name.endsWith(".run"));
  expect(runs.length).toBeGreaterThan(2);
  await rm(join(job.folder, runs[0] ?? ""));
  expect(writeStream(job, () => {})).toEqual({
    bytes: Buffer.byteLength(String(expected)),
    records: 30_000,
  });
  expect(await readFile(job.target, "utf8")).toBe(expected);
});

it("does not take up the work of another stream", async () => {
  const { here, job } = await prepared(FLOWS["a filter"] ?? []);
  await using _here = here;
  expect(() =>
    writeStream(job, () => {
      throw new Killed();
    }),
  ).toThrow(Killed);
  const steps: Written[] = [
    CSV,
    ["data.filter", "items", { filter: "(row) => row.amount < 1" }],
    OUT,
  ];
  const other = streamOf(through(await here.stream("in.csv"), steps), "content");
  writeStream({ ...job, stream: other }, () => {});
  expect(await here.read("out")).toBe(through(table(), steps));
});
