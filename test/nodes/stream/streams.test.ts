import { mkdir, open, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { streamOf } from "#nodes/pure/stream-value.ts";
import { pull } from "#nodes/stream/pipeline.ts";
import type { Json } from "#workflow/json.ts";
import { StepFailed, streamFixture, through, type Written } from "./stream-fixture.ts";

const CSV: Written = ["parse", "text", { format: "csv", types: "auto" }];

function table(rows: number): string {
  const cities = ["Oslo", "Bern", "Roma, Città", 'say "Riga"', "two\nlines"];
  const lines = Array.from({ length: rows }, (_, n) => {
    const city = JSON.stringify(cities[(n * 7) % 5])
      .replaceAll('\\"', '""')
      .replaceAll("\\n", "\n");
    return `${n},${city},${((n * 7919) % 100_000) / 100},${n % 3 === 0 ? "open" : "paid"}`;
  });
  return `id,city,amount,status\n${lines.join("\n")}\n`;
}

const FLOWS: Readonly<Record<string, readonly Written[]>> = {
  "reads rows": [CSV],
  filters: [CSV, ["data.filter", "items", { filter: "(row) => row.amount > 500" }]],
  "filters by index": [
    CSV,
    ["data.filter", "items", { filter: "(row, index) => index % 1000 == 7" }],
  ],
  maps: [
    CSV,
    ["data.map", "items", { map: "(row, index) => ({ n: index, twice: row.amount * 2 })" }],
  ],
  "skips what fails": [
    CSV,
    [
      "data.map",
      "items",
      { map: "(row) => row.id % 2 == 0 ? row.id : row.nothing.at.all", onItemError: "skip" },
    ],
  ],
  sorts: [
    CSV,
    ["data.sort", "items", { keys: [{ field: "city" }, { field: "amount", order: "desc" }] }],
  ],
  "sorts by a function, stable": [
    CSV,
    ["data.sort", "items", { by: "(row) => row.status", order: "desc" }],
  ],
  groups: [
    CSV,
    [
      "data.group",
      "items",
      {
        field: "city",
        aggregates: {
          revenue: { op: "sum", field: "amount" },
          mean: { op: "avg", field: "amount" },
          least: { op: "min", field: "amount" },
          most: { op: "max", field: "amount" },
          first: { op: "first", field: "id" },
          last: { op: "last", field: "id" },
          n: { op: "count", field: "amount" },
        },
      },
    ],
  ],
  "groups into many": [
    CSV,
    [
      "data.group",
      "items",
      { by: "(row) => row.id % 1500", aggregates: { sum: { op: "sum", field: "amount" } } },
    ],
  ],
  "groups with items": [CSV, ["data.group", "items", { by: "(row) => row.id % 700" }]],
  "groups with medians": [
    CSV,
    [
      "data.group",
      "items",
      { field: "status", aggregates: { middle: { op: "median", field: "amount" } } },
    ],
  ],
  "groups by keys of any kind": [
    CSV,
    [
      "data.group",
      "items",
      {
        by: `(row) => [null, 1, '1', true, 'true', 'null', 0, -0, 0.5, '', '{"a":1}', { a: 1 }, [1], '[1]', { b: 1, a: 1 }, { a: 1, b: 1 }][row.id % 16]`,
        aggregates: {
          sum: { op: "sum", field: "amount" },
          first: { op: "first", field: "city" },
          most: { op: "max", field: "city" },
        },
      },
    ],
  ],
  "groups what may be missing": [
    CSV,
    ["data.map", "items", { map: "(row) => row.id % 3 == 0 ? { n: row.id } : { k: row.status }" }],
    [
      "data.group",
      "items",
      {
        field: "k",
        aggregates: {
          n: { op: "sum", field: "n" },
          mean: { op: "avg", field: "n" },
          least: { op: "min", field: "n" },
          last: { op: "last", field: "n" },
          seen: { op: "count", field: "n" },
        },
      },
    ],
  ],
  "filters, groups, sorts and filters": [
    CSV,
    ["data.filter", "items", { filter: "(row) => row.status == 'paid'" }],
    [
      "data.group",
      "items",
      { by: "(row) => row.id % 300", aggregates: { sum: { op: "sum", field: "amount" } } },
    ],
    ["data.sort", "items", { field: "sum", order: "desc" }],
    ["data.filter", "items", { filter: "(group, index) => index < 50" }],
  ],
};

describe("a step on a stream gives what it gives on the list", () => {
  it.each(Object.entries(FLOWS))("%s", async (_, steps) => {
    await using here = await streamFixture();
    const text = table(6_000);
    await here.write("in.csv", text);
    const stream = through(await here.stream("in.csv"), steps);
    expect(here.collect(stream, "in.csv")).toEqual(through(text, steps));
  });

  it("in a thread as here", async () => {
    await using here = await streamFixture();
    const text = table(6_000);
    await here.write("in.csv", text);
    const steps = FLOWS["groups into many"] ?? [];
    const stream = through(await here.stream("in.csv"), steps);
    expect(await here.run("stream.collect", { items: stream })).toEqual(through(text, steps));
    expect(await readdir(here.scratchRoot)).toEqual([]);
  });

  it("for any table, in the text that is written too", async () => {
    await using here = await streamFixture();
    const cell = fc.oneof(
      fc.constantFrom("", "a", "-1", "0.1", "=1+1", 'a"b', "a,b", "x\ny", "é€😀"),
      fc.string({ maxLength: 5 }).map((text) => text.replaceAll("\r", "")),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ k: cell, v: cell, n: fc.integer() }), { minLength: 1, maxLength: 30 }),
        fc.constantFrom("csv", "tsv", "json"),
        fc.boolean(),
        async (rows, kind, isGrouped) => {
          const text = through(rows as Json, [
            ["format", "value", { format: "csv", formulas: "keep" }],
          ]) as string;
          await here.write("any.csv", text);
          const steps: Written[] = [
            ["parse", "text", { format: "csv" }],
            ...(isGrouped ? [["data.group", "items", { field: "k" }] as const] : []),
            ["data.sort", "items", { field: isGrouped ? "count" : "v", order: "desc" }],
            ["format", "value", { format: kind }],
          ];
          const stream = through(await here.stream("any.csv"), steps);
          here.save(stream, "any.csv");
          expect(await here.read("out")).toBe(through(text, steps));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("in batches that stay small also where groups list their records", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", table(20_000));
    const steps: Written[] = [CSV, ["data.group", "items", { by: "(row) => row.id % 200" }]];
    const stream = streamOf(through(await here.stream("in.csv"), steps), "stream");
    const folder = join(here.scratchRoot, "job");
    await mkdir(folder, { recursive: true });
    await using file = await open(join(here.root, "in.csv"));
    const sizes = [...pull(stream, { file: file.fd, folder }, null)]
      .map(({ records }) => JSON.stringify(records).length)
      .filter((size) => size > 2);
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThan(150_000);
  });

  it("copies text as it is", async () => {
    await using here = await streamFixture();
    const text = "é€😀\0".repeat(100_000);
    await here.write("in", text);
    await here.run("file.write", { path: "deep/out", content: await here.stream("in") });
    expect(await here.read("deep/out")).toBe(text);
    expect(await readdir(join(here.root, "deep"))).toEqual(["out"]);
    expect(await readdir(here.scratchRoot)).toEqual([]);
  });
});

describe("a file that must be new", () => {
  it("is written once, and not over another", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", "a\n1\n");
    const content = await here.stream("in.csv");
    const config = { path: "out.csv", content, mustBeNew: true };
    await here.run("file.write", config);
    await expect(here.run("file.write", config)).rejects.toThrow("exists already");
    // The attempt before this one may have written it and died.
    await here.run("file.write", config, { attempt: 2 });
    await here.write("out.csv", "a\n2\n");
    await expect(here.run("file.write", config, { attempt: 2 })).rejects.toThrow("exists already");
    expect(await here.read("out.csv")).toBe("a\n2\n");
    expect((await readdir(here.root)).sort()).toEqual(["in.csv", "out.csv"]);
  });
});

describe("a stream is refused", () => {
  const failed = async (work: () => unknown): Promise<{ code: string; message: string }> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof StepFailed) return error.error;
      throw error;
    }
    throw new Error("nothing failed");
  };

  it("where records are wanted and text comes, and the other way round", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", table(3));
    const text = await here.stream("in.csv");
    const filter: Written = ["data.filter", "items", { filter: "(row) => true" }];
    expect(await failed(() => through(text, [filter]))).toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("read it with `parse` first"),
    });
    const records = through(text, [CSV]);
    expect(
      await failed(() => here.run("file.write", { path: "x", content: records })),
    ).toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("write it with `format` first"),
    });
    const formatted = through(records, [["format", "value", { format: "csv" }]]);
    expect(await failed(() => through(formatted, [CSV]))).toMatchObject({ code: "config_invalid" });
  });

  it("by types and settings that need a list, with the fix named", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", table(3));
    const records = through(await here.stream("in.csv"), [CSV]);
    expect(await failed(() => through(records, [["data.reverse", "items", {}]]))).toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("stream.collect"),
    });
    for (const step of [
      ["data.filter", "items", { filter: "(row) => true", onItemError: "report" }],
      ["data.group", "items", { field: "city", result: "object" }],
      ["format", "value", { format: "yaml" }],
    ] satisfies Written[])
      expect(await failed(() => through(records, [step]))).toMatchObject({
        code: "config_invalid",
      });
  });

  it("when its file is another one", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", table(3));
    const stream = await here.stream("in.csv");
    await writeFile(join(here.root, "in.csv"), table(3));
    await utimes(join(here.root, "in.csv"), 1, 1);
    const write = () => here.run("file.write", { path: "out", content: stream });
    expect(await failed(write)).toMatchObject({ code: "stream_changed", retryable: false });
    expect(await readdir(here.root)).toEqual(["in.csv"]);
  });

  it("when somebody has made it up", async () => {
    await using here = await streamFixture();
    await here.write("secret", "s");
    const made = {
      $stream: { source: { path: "secret", bytes: 1, tag: "0".repeat(32) }, steps: [] },
    };
    const write = (content: unknown) => () => here.run("file.write", { path: "out", content });
    expect(await failed(write(made))).toMatchObject({ code: "stream_changed" });
    const outside = { $stream: { source: { path: "../x", bytes: 1, tag: "" }, steps: [] } };
    expect(await failed(write(outside))).toMatchObject({ code: "file_denied" });
    expect(await failed(write({ $stream: 7 }))).toMatchObject({ code: "config_invalid" });
  });

  it("when a row is broken, with the line of the file", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", `${table(20_000)}1,2\n`);
    const records = through(await here.stream("in.csv"), [CSV]);
    const line = table(20_000).split("\n").length;
    expect(await failed(() => here.run("stream.collect", { items: records }))).toMatchObject({
      code: "parse_failed",
      message: expect.stringContaining(`line ${line}`),
    });
  });

  it("when more is collected than may be", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", table(100));
    const records = through(await here.stream("in.csv"), [CSV]);
    expect(
      await failed(() => here.run("stream.collect", { items: records, max: 99 })),
    ).toMatchObject({
      code: "limit_exceeded",
      details: { limit: "streamItems", max: 99 },
    });
  });

  it("when it is written over its own source", async () => {
    await using here = await streamFixture();
    await here.write("in.csv", table(3));
    const content = await here.stream("in.csv");
    expect(await failed(() => here.run("file.write", { path: "in.csv", content }))).toMatchObject({
      code: "config_invalid",
    });
  });
});
