/** A stream's items in chunks: the same ones wherever reading begins again, and bounded. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { streamOf } from "#nodes/pure/stream-value.ts";
import { type ItemsJob, itemChunks, type PackedChunk } from "#nodes/stream/items-work.ts";
import { streamFixture, through, type Written } from "./stream-fixture.ts";

const PARSE: Written = ["parse", "text", { format: "csv", types: { n: "number" } }];
const SORT: Written = ["data.sort", "items", { by: "(row) => -row.n" }];
const ODD: Written = ["data.filter", "items", { filter: "(row) => row.n % 2 == 1" }];

function rows(count: number, widest = 40): string {
  const lines = Array.from({ length: count }, (_, n) => `${n},${"x".repeat(n % widest)}`);
  return `n,text\n${lines.join("\n")}\n`;
}

async function fixture(text: string, steps: readonly Written[]) {
  const files = await streamFixture();
  await files.write("in.csv", text);
  const stream = streamOf(through(await files.stream("in.csv"), [PARSE, ...steps]), "items");
  const job = (more: Partial<ItemsJob> = {}): ItemsJob => ({
    stream,
    real: join(files.root, "in.csv"),
    folder: join(files.scratchRoot, "job"),
    heldSizeMax: 30_000,
    ...{ batch: null, from: 0, position: null },
    ...more,
  });
  return { ...files, job };
}

function read(chunks: Iterable<PackedChunk>): unknown[][] {
  return [...chunks].map(({ content }) => JSON.parse(new TextDecoder().decode(content)));
}

it.each([
  ["as they come", [], null],
  ["in lists", [], 7],
  ["filtered", [ODD], null],
  ["filtered, in lists", [ODD], 30],
  ["sorted on disk", [SORT], null],
  ["sorted on disk, in lists", [SORT, ODD], 9],
] as const)("goes on at each chunk with the same items: %s", async (_, steps, batch) => {
  await using files = await fixture(rows(5_300), steps);
  const whole = [...itemChunks(files.job({ batch }))];
  expect(whole.length).toBeGreaterThan(batch === null ? 2 : 0);
  expect(whole.map(({ isLast }) => isLast)).toEqual(whole.map((__, at) => at === whole.length - 1));
  const all = read(whole);
  let from = 0;
  for (const [at, { count, position }] of whole.entries()) {
    from += count;
    if (at === whole.length - 1) break;
    // As the journal keeps it.
    const kept = JSON.parse(JSON.stringify(position)) as ItemsJob["position"];
    expect(read(itemChunks(files.job({ batch, from, position: kept })))).toEqual(all.slice(at + 1));
    // Nothing but the number is left: what was given is passed over.
    await rm(files.scratchRoot, { recursive: true, force: true });
    expect(read(itemChunks(files.job({ batch, from, position: kept })))).toEqual(all.slice(at + 1));
    expect(read(itemChunks(files.job({ batch, from })))).toEqual(all.slice(at + 1));
  }
  const flat = all.flat(batch === null ? 1 : 2);
  const wanted = Array.from({ length: 5_300 }, (__, n) => ({ n, text: "x".repeat(n % 40) }));
  const left = steps.some(([type]) => type === "data.filter")
    ? wanted.filter(({ n }) => n % 2 === 1)
    : wanted;
  expect(flat).toEqual(steps.some(([type]) => type === "data.sort") ? left.toReversed() : left);
});

it("has at most 1,000 items in a chunk, and about a MiB", async () => {
  await using files = await fixture(rows(3_000, 2_000), []);
  const chunks = [...itemChunks(files.job())];
  for (const { count, content } of chunks) {
    expect(count).toBeLessThanOrEqual(1_000);
    expect(content.byteLength).toBeLessThanOrEqual(1024 * 1024);
  }
  expect(chunks.reduce((sum, { count }) => sum + count, 0)).toBe(3_000);
});

it("gives one empty chunk of an empty stream", async () => {
  await using files = await fixture("n,text\n", []);
  const chunks = [...itemChunks(files.job())];
  expect(chunks.map(({ count, isLast }) => ({ count, isLast }))).toEqual([
    { count: 0, isLast: true },
  ]);
});

it("names the item that is too large, and what to do", async () => {
  const large = `n,text\n1,a\n2,${"y".repeat(900_000)}\n`;
  const copies = `(row) => [${Array.from({ length: 12 }, () => "row.text").join()}]`;
  await using files = await fixture(large, [["data.map", "items", { map: copies }]]);
  expect(() => read(itemChunks(files.job()))).toThrow(
    /^Item 1 of the stream has more than 10485760 characters of JSON; take what is needed of it with data\.map\.$/,
  );
  await using many = await fixture(rows(6_000, 9_000), []);
  expect(() => read(itemChunks(many.job({ batch: 6_000 })))).toThrow(
    /^Item 0 .*make batch smaller/,
  );
});

it("gives no last chunk of a file that has changed meanwhile", async () => {
  await using files = await fixture(rows(2_500), []);
  const chunks = itemChunks(files.job())[Symbol.iterator]();
  expect(chunks.next().value?.count).toBe(1_000);
  await writeFile(join(files.root, "in.csv"), rows(2_500, 41));
  expect(() => {
    while (chunks.next().done !== true);
  }).toThrow(/is not the file any more that the stream was made of/);
});
